"""Ledger events are entered in the audit chain, each by its digest; a bill rests only on events that stand there.

`ledger.py` enters what it writes, `bill.py` asks before it rates. A row put into the ledger by hand, or changed in it,
has no entry in the chain, whoever owns the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import audit
from controller.domain.errors import Refused
from controller.domain.money import plain
from controller.store.audit import AuditRow
from controller.store.metering import LedgerEventRow

ENTERED = "ledger.entered"
_ROWS_AT_ONCE = 2000


def enter(session: Session, system: str, events: Sequence[LedgerEventRow]) -> None:
    """Has the events of one confirmation stand in the chain when the caller commits."""
    if events:
        audit.record(
            session,
            actor="controller",
            action=ENTERED,
            target=system,
            details={"confirmation": events[0].confirmation, "events": [digest_of(one) for one in events]},
        )


def refuse_forged(session: Session, city: str, *, position: int) -> None:
    """Raises Refused where an event of the city's ledger up to `position` is not in the chain as it stands."""
    trail = audit.verify(session)
    if trail.broken_at is not None:
        raise Refused(
            "the audit trail was changed, and the ledger rests on it",
            where=f"audit row {trail.broken_at}",
            remedy="yunguan audit verify; restore the database from before the change",
        )
    entered = set(_entered(session, city))
    events = select(LedgerEventRow).where(LedgerEventRow.city == city, LedgerEventRow.id <= position)
    for one in session.scalars(events.order_by(LedgerEventRow.id).execution_options(yield_per=_ROWS_AT_ONCE)):
        if digest_of(one) not in entered:
            raise Refused(
                f"no confirmation entered it as it stands: {one.resource} {one.item} {one.kind} on {one.day}",
                where=f"ledger event {one.id}",
                remedy="find out who wrote it into the database; until it is gone, nothing of this city is billed",
            )


def digest_of(event: LedgerEventRow) -> str:
    """SHA-256, hexadecimal, over all that a bill could depend on."""
    content = [
        event.city,
        event.stack,
        event.resource,
        event.item,
        event.sequence,
        event.kind,
        event.day.isoformat(),
        plain(event.quantity),
        event.payer,
        event.confirmation,
        event.recorded_at.astimezone(UTC).isoformat(),
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _entered(session: Session, city: str) -> Iterable[str]:
    rows = select(AuditRow.details).where(
        AuditRow.action == ENTERED, AuditRow.target.startswith(f"{city}/", autoescape=True)
    )
    for details in session.scalars(rows.execution_options(yield_per=_ROWS_AT_ONCE)):
        yield from details["events"]
    for row in audit.pending(session):
        if row.action == ENTERED:
            yield from row.details["events"]
