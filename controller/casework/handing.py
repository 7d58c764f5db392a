"""Files named on a command line become documents of a case: `document=FILE`, or a bare FILE where one lacks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import catalogue
from controller.casework.evidence import HandedIn
from controller.casework.steps import exceptions_of
from controller.domain.errors import WrongUse
from controller.domain.lifecycle import Document, Procedure, lacking
from controller.store.casework import CaseRow, EvidenceRow

OTHER = "other"
"""The document that a file is kept as when nothing lacks that it could be."""


def handed_in(session: Session, number: str, action: str, arguments: Sequence[str]) -> tuple[HandedIn, ...]:
    """What the files are for `action` in the case. Raises WrongUse for a document that is unknown or ambiguous."""
    case = session.scalar(select(CaseRow).where(CaseRow.number == number))
    if case is None:
        raise WrongUse(f"没有案件 {number}", remedy="用 yunguan request list 查看所有案件")
    procedure = catalogue.city(case.city).procedure(case.procedure)
    wanted = _lacking(session, case, procedure, action)
    return tuple(_document(argument, procedure, wanted) for argument in arguments)


def _document(argument: str, procedure: Procedure, wanted: list[str]) -> HandedIn:
    code, named, file = argument.partition("=")
    known = [*sorted(_documents(procedure)), OTHER]
    if named and code in known:
        if code in wanted:
            wanted.remove(code)
        return HandedIn(code, Path(file))
    if named and not Path(argument).exists():
        raise WrongUse(f"没有材料 {code}", remedy=f"可用：{'、'.join(known)}")
    if len(wanted) > 1:
        raise WrongUse(f"无法判断 {argument} 是哪一份材料", remedy=f"请写成 材料=文件，材料为：{'、'.join(wanted)}")
    return HandedIn(wanted.pop() if wanted else OTHER, Path(argument))


def _documents(procedure: Procedure) -> set[str]:
    return {one.code for stage in procedure.stages for action in stage.actions for one in action.documents}


def _lacking(session: Session, case: CaseRow, procedure: Procedure, name: str) -> list[str]:
    action = procedure.stage(case.stage).action(name)
    if action is None:
        return []
    kept = frozenset(session.scalars(select(EvidenceRow.document).where(EvidenceRow.case_id == case.id)))
    missing = lacking(action, case.facts, kept, exceptions_of(session, case))
    return [one.code for one in missing if isinstance(one, Document)]
