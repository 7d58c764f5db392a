"""Incidents: what the guard or a scan left for a person, reported once while it is open, decided once.

`apply.py`, `drift.py`, `gone.py`, `standing.py` and `credentials.py` open them; the CLI and the pages list and decide
them. An incident is about one set of things, named by its digest, as long as it lives: another set is another incident.
The digest is over all that an approval would act on, under the home's key, so that nobody who can write to the database
has a person approve another thing than was reported.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller import audit
from controller.clock import real_now
from controller.domain.digests import keyed_digest
from controller.domain.errors import Refused, WrongUse
from controller.store.engine import PlanRow
from controller.store.place import lies_on
from controller.store.reconcile import IncidentRow
from controller.store.vault import Vault

CONTROLLER = "controller"


class IncidentKind(StrEnum):
    """guard: a repair needs a person. orphan: something runs without a request (GY-22a). leftover: it bears data.

    gone: nearly all of a cloud is missing at once. credentials: a cloud is not the one that was known.
    """

    GUARD = "guard"
    ORPHAN = "orphan"
    LEFTOVER = "leftover"
    GONE = "gone"
    CREDENTIALS = "credentials"


class IncidentState(StrEnum):
    """closed: nobody had to decide, since what it was about is no more; another one may have taken its place."""

    OPEN = "open"
    APPROVED = "approved"
    DISMISSED = "dismissed"
    CLOSED = "closed"


def one_thing(cloud: str, type: str, id: str) -> str:
    """The subject of an incident about one thing: an id may be that of another kind, or of another place's, too."""
    return f"{cloud} {type} {id}"


def report(
    session: Session,
    *,
    kind: IncidentKind,
    subject: str,
    cloud: str,
    summary: str,
    details: Mapping[str, Any],
    vault: Vault,
    stack_id: int | None = None,
    plan_id: int | None = None,
    rule: str = "",
) -> None:
    """Opens an incident about the set that its facts name. The caller commits.

    One of this kind that is open for `subject` gets the newer facts where it is about the same set, and is closed where
    it is about another: what a person approves is what that person saw. A set that was dismissed is not brought up
    again.
    """
    values = {
        "kind": kind,
        "subject": subject,
        "cloud": cloud,
        "summary": summary,
        "details": dict(details),
        "stack_id": stack_id,
        "plan_id": plan_id,
        "rule": rule,
    }
    digest = _digest(session, IncidentRow(**values), vault)
    current = session.scalar(_open_of(kind, subject).with_for_update())
    if current is not None and current.digest == digest:
        for name, value in values.items():
            setattr(current, name, value)
        return
    if current is not None:
        close(session, current, "another set took its place")
        session.flush()
    if _decided(session, kind, digest, IncidentState.DISMISSED):
        return
    row = insert(IncidentRow).values(
        **values, digest=digest, state=IncidentState.OPEN, opened_at=real_now(), decided_by="", reason=""
    )
    session.execute(row.on_conflict_do_nothing())  # another worker reported it in this very moment


def open_incidents(session: Session) -> Sequence[IncidentRow]:
    """All that wait for a person, the oldest first."""
    return session.scalars(
        select(IncidentRow).where(IncidentRow.state == IncidentState.OPEN).order_by(IncidentRow.id)
    ).all()


def incident(session: Session, incident_id: int) -> IncidentRow:
    """The incident of that id. Raises WrongUse where there is none."""
    return _one(session.get(IncidentRow, incident_id), incident_id)


def open_incident(session: Session, incident_id: int) -> IncidentRow:
    """The incident, locked until the caller commits. Raises Refused where it is not open, WrongUse for none."""
    row = _one(session.get(IncidentRow, incident_id, with_for_update=True), incident_id)
    if row.state != IncidentState.OPEN:
        why = f": {row.reason}" if row.state == IncidentState.CLOSED else ""
        raise Refused(
            f"incident {incident_id} was {row.state} by {row.decided_by} before{why}",
            where=f"{row.decided_at:%Y-%m-%d %H:%M %Z}" if row.decided_at else "",
            remedy="yunguan incident list shows the open ones",
        )
    return row


def decide(session: Session, incident_id: int, decision: IncidentState, *, user: str, reason: str) -> IncidentRow:
    """Records a person's decision. Raises Refused where somebody was first, WrongUse where there is no such one."""
    row = open_incident(session, incident_id)
    _end(session, row, decision, by=user, reason=reason)
    return row


def close(session: Session, row: IncidentRow, reason: str) -> None:
    """Ends an incident about which nobody has to decide any more. The caller commits."""
    _end(session, row, IncidentState.CLOSED, by=CONTROLLER, reason=reason)


def close_all(session: Session, kind: IncidentKind, subject: str, reason: str) -> None:
    """Closes what is open of that kind for `subject`. The caller commits."""
    for row in session.scalars(_open_of(kind, subject).with_for_update()):
        close(session, row, reason)


def close_vanished(session: Session, cloud: str, there: Collection[str]) -> None:
    """Closes those about orphans of a cloud but `there` (subjects), which a whole scan saw. The caller commits."""
    for row in open_on(session, IncidentKind.ORPHAN, cloud):
        if row.subject not in there:
            close(session, row, "it is not there any more")


def open_on(session: Session, kind: IncidentKind, cloud: str) -> Sequence[IncidentRow]:
    """Those of that kind that are open at any place of a cloud, locked until the caller commits."""
    return session.scalars(_on(kind, cloud).where(IncidentRow.state == IncidentState.OPEN)).all()


def in_force_on(session: Session, kind: IncidentKind, cloud: str) -> Sequence[IncidentRow]:
    """The same, and those whose approval still counts."""
    return session.scalars(
        _on(kind, cloud).where(IncidentRow.state.in_([IncidentState.OPEN, IncidentState.APPROVED]))
    ).all()


def refuse_changed(session: Session, row: IncidentRow, vault: Vault) -> None:
    """Raises Refused where what its approval would act on is not what it was opened for."""
    if not hmac.compare_digest(row.digest.encode(), _digest(session, row, vault).encode()):
        raise Refused(
            "it is not what it was opened for: it was changed since, or an earlier version opened it",
            where=f"incident {row.id}",
            remedy="find out who changed it in the database; what is still so is reported anew by a look or scan",
        )


def is_gone(session: Session, place: str, missing: Sequence[str], vault: Vault) -> bool:
    """Whether a person has said of exactly those on that place (each by its `Finding.line`) that they are gone."""
    asked = IncidentRow(kind=IncidentKind.GONE, cloud=place, details={"missing": sorted(missing)})
    return _decided(session, IncidentKind.GONE, _digest(session, asked, vault), IncidentState.APPROVED)


def _digest(session: Session, row: IncidentRow, vault: Vault) -> str:
    """HMAC-SHA256, hexadecimal, over all that an approval of the incident acts on."""
    said = json.dumps([row.kind, row.cloud, *_acted_on(session, row)], sort_keys=True)
    return keyed_digest(said, vault.hmac_key)


def _acted_on(session: Session, row: IncidentRow) -> Sequence[object]:
    """What an approval acts on beside the cloud."""
    details = row.details
    match IncidentKind(row.kind):
        case IncidentKind.ORPHAN:
            return [details.get(name) for name in ("type", "id", "identity", "owner_urn")]
        case IncidentKind.LEFTOVER:
            return [row.stack_id, details.get("urn"), details.get("id")]
        case IncidentKind.GUARD:
            plan = session.get(PlanRow, row.plan_id) if row.plan_id is not None else None
            return [plan.digest if plan is not None else "", details.get("gives_up")]
        case IncidentKind.GONE:
            return [details.get("missing")]
        case IncidentKind.CREDENTIALS:
            return [details.get("seen")]


def _decided(session: Session, kind: IncidentKind, digest: str, decision: IncidentState) -> bool:
    of_that_set = select(IncidentRow.id).where(
        IncidentRow.kind == kind, IncidentRow.digest == digest, IncidentRow.state == decision
    )
    return session.scalar(of_that_set.limit(1)) is not None


def _on(kind: IncidentKind, cloud: str) -> Select[IncidentRow]:
    there = select(IncidentRow).where(IncidentRow.kind == kind, lies_on(IncidentRow.cloud, cloud))
    return there.order_by(IncidentRow.id).with_for_update()


def _open_of(kind: IncidentKind, subject: str) -> Select[IncidentRow]:
    return select(IncidentRow).where(
        IncidentRow.kind == kind, IncidentRow.subject == subject, IncidentRow.state == IncidentState.OPEN
    )


def _end(session: Session, row: IncidentRow, state: IncidentState, *, by: str, reason: str) -> None:
    row.state, row.decided_by, row.decided_at, row.reason = state, by, real_now(), reason
    audit.record(
        session,
        actor=by,
        action=f"incident.{state}",
        target=f"incident {row.id}",
        details={"reason": reason, "digest": row.digest},
    )


def _one(row: IncidentRow | None, incident_id: int) -> IncidentRow:
    if row is None:
        raise WrongUse(f"there is no incident {incident_id}", remedy="yunguan incident list shows the open ones")
    return row
