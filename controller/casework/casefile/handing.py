"""Files named on a command line become documents of a case: `document=FILE`, or a bare FILE where one lacks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import catalogue
from controller.casework.casefile.evidence import OTHER, HandedIn
from controller.casework.casefile.steps import exceptions_of
from controller.domain.errors import WrongUse
from controller.domain.lifecycle import Document, lacking
from controller.store.casework import CaseRow, EvidenceRow


def handed_in(session: Session, number: str, action: str, arguments: Sequence[str]) -> tuple[HandedIn, ...]:
    """What the files are for `action` in the case. Raises WrongUse where a bare file is ambiguous."""
    case = session.scalar(select(CaseRow).where(CaseRow.number == number))
    if case is None:
        raise WrongUse(f"没有案件 {number}", remedy="用 yunguan request list 查看所有案件")
    wanted = _lacking(session, case, action)
    return tuple(_document(argument, wanted) for argument in arguments)


def _document(argument: str, wanted: list[str]) -> HandedIn:
    code, named, file = argument.partition("=")
    if named and not Path(argument).exists():
        if code in wanted:
            wanted.remove(code)
        return HandedIn(code, Path(file))
    if len(wanted) > 1:
        raise WrongUse(f"无法判断 {argument} 是哪一份材料", remedy=f"请写成 材料=文件，材料为：{'、'.join(wanted)}")
    return HandedIn(wanted.pop() if wanted else OTHER, Path(argument))


def _lacking(session: Session, case: CaseRow, name: str) -> list[str]:
    action = catalogue.city(case.city).procedure(case.procedure).stage(case.stage).action(name)
    if action is None:
        return []
    kept = frozenset(session.scalars(select(EvidenceRow.document).where(EvidenceRow.case_id == case.id)))
    missing = lacking(action, case.facts, kept, exceptions_of(session, case))
    return [one.code for one in missing if isinstance(one, Document)]
