"""What the database has approved is brought to the estate's main branch: booked in the step's transaction, then merged.

The composition roots publish right after a step's commit, and the worker's sweep again until nothing is due. So main
never shows what was not approved, and lags behind for a moment at most (docs/decisions/0007).
"""

from __future__ import annotations

import logging

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from controller.domain.errors import YunguanError
from controller.domain.spec import SystemSpec
from controller.estate.forge import Approval, Forge, Proposal
from controller.store.casework import CaseRow, PublicationRow
from controller.store.database import Sessions

_PROPOSAL = TypeAdapter(Proposal)

log = logging.getLogger(__name__)


def book(session: Session, case_id: int, proposal: Proposal, *, approver: str, commit: str) -> None:
    """Books an approved proposal for publication, in the transaction of the approval. `commit` is the proposal's."""
    document = _PROPOSAL.dump_python(proposal, mode="json", by_alias=True)
    session.add(PublicationRow(case_id=case_id, proposal=document, approver=approver, commit=commit))
    session.flush()


def has_approved(session: Session, case: CaseRow) -> bool:
    """Whether anything was approved in `case` that its system's stacks shall be."""
    booked = select(PublicationRow.id).where(PublicationRow.case_id == case.id).limit(1)
    return session.scalar(booked) is not None


def flavors_of(session: Session, case: CaseRow) -> dict[str, str]:
    """The name of the flavor that each machine was given at the last approval in `case`; none before it."""
    put = select(PublicationRow.proposal).where(PublicationRow.case_id == case.id).order_by(PublicationRow.id)
    specs = [spec for proposal in session.scalars(put) for spec in _PROPOSAL.validate_python(proposal).put]
    return {machine.name: machine.flavor.name for spec in specs for machine in spec.machines}


def specs_before(session: Session, case: CaseRow) -> dict[str, SystemSpec]:
    """What the earlier cases of the system have left approved, by the stack's name: what held before `case`."""
    earlier = (
        select(PublicationRow.proposal)
        .join(CaseRow, CaseRow.id == PublicationRow.case_id)
        .where(CaseRow.system_id == case.system_id, CaseRow.id < case.id)
        .order_by(PublicationRow.id)
    )
    specs: dict[str, SystemSpec] = {}
    for proposal in map(_PROPOSAL.validate_python, session.scalars(earlier)):
        specs |= {spec.stack_name: spec for spec in proposal.put}
        for name in proposal.remove:
            specs.pop(name, None)
    return specs


def publish_due(sessions: Sessions, forge: Forge) -> None:
    """Publishes what is booked, in the order of each system.

    What cannot be published is logged, and is tried again at the next call; until then it holds up what was approved
    for its system later, and nothing else. Repeating it is safe: what was merged before a crash is merged only once.
    """
    due = (
        select(PublicationRow.id, CaseRow.number, CaseRow.system_id)
        .join(CaseRow, CaseRow.id == PublicationRow.case_id)
        .where(PublicationRow.published == "")
        .order_by(PublicationRow.id)
    )
    with sessions() as session:
        booked = session.execute(due).all()
    held_up = set()
    for publication_id, number, system_id in booked:
        if system_id not in held_up and not _is_published(sessions, forge, publication_id, number):
            held_up.add(system_id)


def _is_published(sessions: Sessions, forge: Forge, publication_id: int, number: str) -> bool:
    try:
        _publish(sessions, forge, publication_id)
    except YunguanError as error:
        log.error("the estate does not show yet what was approved in %s: %s", number, error)  # noqa: TRY400 for people
        return False
    except DBAPIError:
        raise
    except Exception:
        log.exception("the estate does not show yet what was approved in %s: a defect", number)
        return False
    return True


def _publish(sessions: Sessions, forge: Forge, publication_id: int) -> None:
    due = select(PublicationRow).where(PublicationRow.id == publication_id, PublicationRow.published == "")
    with sessions.begin() as session:
        row = session.scalar(due.with_for_update())
        if row is None:
            return  # another process was first
        proposal = _PROPOSAL.validate_python(row.proposal)
        # proposed once more: where main has moved since (by hand), the approved files are put on what it is now
        row.published = forge.merge(
            forge.propose(proposal), Approval(approver=row.approver, rule=proposal.rule, at=proposal.at)
        )
