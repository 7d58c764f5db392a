"""`--evidence FILE` or `CODE=FILE`: which document of the present step a file is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import catalogue
from controller.casework.evidence import HandedIn
from controller.domain.errors import WrongUse
from controller.store.casework import CaseRow


def handed_in(session: Session, number: str, action: str, values: Sequence[str]) -> tuple[HandedIn, ...]:
    """The files that `values` name. A bare FILE is the one document that the step asks for.

    Raises WrongUse where the step asks for none or several, naming their codes.
    """
    return tuple(_handed_in(session, number, action, values))


def _handed_in(session: Session, number: str, action: str, values: Sequence[str]) -> Iterator[HandedIn]:
    for value in values:
        code, separator, path = value.partition("=")
        if separator and not Path(value).exists():
            yield HandedIn(code, Path(path))
        else:
            yield HandedIn(_only_document(session, number, action), Path(value))


def _only_document(session: Session, number: str, action: str) -> str:
    case = session.scalar(select(CaseRow).where(CaseRow.number == number))
    if case is None:
        raise WrongUse(f"没有案件 {number}", remedy="用 yunguan request list 查看所有案件")
    stage = catalogue.city(case.city).procedure(case.procedure).stage(case.stage)
    asked = [
        document
        for one in stage.actions
        if one.name == action
        for document in one.documents
        if document.is_asked(case.facts)
    ]
    if len(asked) != 1:
        wanted = "、".join(document.wanted for document in asked) or "无"
        raise WrongUse("请用 --evidence CODE=FILE 指明是哪份材料", where=number, remedy=f"本步骤所需材料：{wanted}")
    return asked[0].code
