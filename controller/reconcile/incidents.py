"""Incidents: what the guard or a scan left for a person, reported once while it is open, decided once.

`drift.py` and `apply.py` open them; the CLI and the pages list and decide them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller import audit
from controller.clock import real_now
from controller.domain.errors import Refused, WrongUse
from controller.store.reconcile import IncidentRow


class IncidentKind(StrEnum):
    """guard: a repair needs a person. orphan: something runs without a request (GY-22a). leftover: it bears data."""

    GUARD = "guard"
    ORPHAN = "orphan"
    LEFTOVER = "leftover"


class IncidentState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    DISMISSED = "dismissed"


def report(
    session: Session,
    *,
    kind: IncidentKind,
    subject: str,
    cloud: str,
    summary: str,
    details: Mapping[str, Any],
    stack_id: int | None = None,
    plan_id: int | None = None,
    rule: str = "",
) -> None:
    """Opens an incident; one of this kind that is open for `subject` gets the newer facts. The caller commits.

    What a person has dismissed (the same subject, and the same plan where it is about one) is not brought up again.
    """
    dismissed = select(IncidentRow.id).where(
        IncidentRow.kind == kind,
        IncidentRow.subject == subject,
        IncidentRow.plan_id.is_not_distinct_from(plan_id),
        IncidentRow.state == IncidentState.DISMISSED,
    )
    if session.scalar(dismissed.limit(1)) is not None:
        return
    row = insert(IncidentRow).values(
        kind=kind,
        subject=subject,
        cloud=cloud,
        summary=summary,
        details=dict(details),
        stack_id=stack_id,
        plan_id=plan_id,
        rule=rule,
        state=IncidentState.OPEN,
        opened_at=real_now(),
        decided_by="",
        reason="",
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=[IncidentRow.kind, IncidentRow.subject],
            index_where=IncidentRow.state == IncidentState.OPEN,
            set_={"summary": row.excluded.summary, "details": row.excluded.details, "plan_id": row.excluded.plan_id},
        )
    )


def open_incidents(session: Session) -> Sequence[IncidentRow]:
    """All that wait for a person, the oldest first."""
    return session.scalars(
        select(IncidentRow).where(IncidentRow.state == IncidentState.OPEN).order_by(IncidentRow.id)
    ).all()


def incident(session: Session, incident_id: int) -> IncidentRow:
    """The incident of that id. Raises WrongUse where there is none."""
    return _one(session.get(IncidentRow, incident_id), incident_id)


def open_incident(session: Session, incident_id: int) -> IncidentRow:
    """The incident, locked until the caller commits. Raises Refused where somebody decided it, WrongUse for none."""
    row = _one(session.get(IncidentRow, incident_id, with_for_update=True), incident_id)
    if row.state != IncidentState.OPEN:
        raise Refused(f"incident {incident_id} was {row.state} by {row.decided_by} before", where=f"{row.decided_at}")
    return row


def decide(session: Session, incident_id: int, decision: IncidentState, *, user: str, reason: str) -> IncidentRow:
    """Records a person's decision. Raises Refused where somebody was first, WrongUse where there is no such one."""
    row = open_incident(session, incident_id)
    row.state, row.decided_by, row.decided_at, row.reason = decision, user, real_now(), reason
    audit.record(
        session, actor=user, action=f"incident.{decision}", target=f"incident {row.id}", details={"reason": reason}
    )
    return row


def _one(row: IncidentRow | None, incident_id: int) -> IncidentRow:
    if row is None:
        raise WrongUse(f"there is no incident {incident_id}", remedy="yunguan incident list shows the open ones")
    return row
