"""What follows from a step of a case, in the step's own transaction: stacks to be, stacks to end, ledger events,
certificates.

Called by the composition roots right after `conduct.perform` or `timers.tend`; after the commit they wake what it
returns.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.casework.casefile.outcome import CaseOutcome, Confirmed
from controller.casework.certificate.issue import issue_due
from controller.casework.ports import Ports
from controller.domain.roles import Role
from controller.metering import ledger
from controller.reconcile.desire import desire, end
from controller.reconcile.work import Subject
from controller.store import clock
from controller.store.casework import CaseEventRow, CaseRow


def follow(session: Session, outcome: CaseOutcome, ports: Ports) -> Sequence[Subject]:
    """Makes the outcome count; returns the stacks to look at once the caller has committed."""
    subjects = []
    if outcome.merged is not None:
        case_id, ground = _origin(session, outcome.case)
        for spec in outcome.merged.put:
            row = desire(session, spec, commit=outcome.merged.commit, case_id=case_id, ground=ground)
            subjects.append(Subject.stack(row.id))
        subjects += [
            Subject.stack(end(session, name, commit=outcome.merged.commit).id) for name in outcome.merged.removed
        ]
    if outcome.confirmed is not None:
        _enter(session, outcome.confirmed)
    issue_due(session, outcome.case, ports.signer)
    return subjects


def _origin(session: Session, number: str) -> tuple[int, str]:
    """The case's row id, and the rule id where the controller itself took its last step ("" where people did)."""
    case_id, role, rule = session.execute(
        select(CaseRow.id, CaseEventRow.role, CaseEventRow.rule)
        .join(CaseEventRow, CaseEventRow.case_id == CaseRow.id)
        .where(CaseRow.number == number, CaseEventRow.action != "")
        .order_by(CaseEventRow.id.desc())
        .limit(1)
    ).one()
    return case_id, rule if role == Role.CONTROLLER.value else ""


def _enter(session: Session, confirmed: Confirmed) -> None:
    ground = ledger.Ground(
        confirmation=f"{confirmed.case}: {confirmed.what} by {', '.join(confirmed.by)}",
        on=confirmed.on,
        at=clock.now(session),
        payer=confirmed.payer,
    )
    ledger.settle(session, confirmed.system, confirmed.specs, ground)
