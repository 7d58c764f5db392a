"""Confirmations become events of the usage ledger: opened, resized, suspended, resumed, ended, each with what it rests
on.

Called by the composition root inside the transaction of the confirmation itself. Nothing is ever changed or removed: a
day that was confirmed late stands with its true day, and bills of closed months are corrected by lines of the open one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from controller.domain.calendar import day_of
from controller.domain.errors import Refused
from controller.domain.spec import Phase, SystemSpec
from controller.metering import proof
from controller.metering.items import Meter, metered
from controller.store.locks import Lock, stand_in_line_of
from controller.store.metering import LedgerEventRow, MeterEvent


@dataclass(frozen=True)
class Ground:
    """What events rest on: a confirmation's reference, the day it names, when it came (domain clock), who pays."""

    confirmation: str
    on: date
    at: datetime
    payer: str


def settle(session: Session, system: str, specs: Sequence[SystemSpec], ground: Ground) -> list[LedgerEventRow]:
    """Makes the meters of `system` (city/unit/system) those of `specs`, one a zone, from the day of `ground`.

    What differs is opened, resized or ended; no specs end all. Repeated, it finds nothing that differs. Raises Refused
    for a trial (not metered), a day that lies ahead or before an event that stands, and a suspended meter.
    """
    _check(specs, ground)
    due = {meter: quantity for spec in specs for meter, quantity in metered(spec).items()}
    stack_of = {meter: spec.stack_name for spec in specs for meter in metered(spec)}
    last = _last_events(session, system)
    rows = []
    for meter in sorted(due.keys() | last.keys()):
        before, quantity = last.get(meter), due.get(meter)
        kind = _what_happened(before, quantity)
        if kind is not None:
            stack = stack_of.get(meter) or (before.stack if before else "")
            rows.append(_event(kind, meter, stack, quantity or Decimal(0), before=before, ground=ground))
    return _entered(session, system, rows)


def suspend(session: Session, system: str, ground: Ground) -> list[LedgerEventRow]:
    """Stops charging for a system that stands still, until it is resumed; its quantities are kept."""
    return _switch(session, system, ground, MeterEvent.SUSPENDED)


def resume(session: Session, system: str, ground: Ground) -> list[LedgerEventRow]:
    """Charges again for a suspended system, by the quantities it had."""
    return _switch(session, system, ground, MeterEvent.RESUMED)


def lock(session: Session, city: str) -> None:
    """Holds the city's ledger until the transaction ends: events are numbered in the order in which bills know them."""
    stand_in_line_of(session, Lock.LEDGER, city)


def position(session: Session, city: str) -> int:
    """The newest event of a city's ledger, 0 where it is empty."""
    return session.scalar(select(func.max(LedgerEventRow.id)).where(LedgerEventRow.city == city)) or 0


def _switch(session: Session, system: str, ground: Ground, to: MeterEvent) -> list[LedgerEventRow]:
    _check((), ground)
    charged = {MeterEvent.OPENED.value, MeterEvent.RESIZED.value, MeterEvent.RESUMED.value}
    left = charged if to is MeterEvent.SUSPENDED else {MeterEvent.SUSPENDED.value}
    rows = [
        _event(to, meter, before.stack, before.quantity, before=before, ground=ground)
        for meter, before in sorted(_last_events(session, system).items())
        if before.kind in left
    ]
    return _entered(session, system, rows)


def _entered(session: Session, system: str, rows: list[LedgerEventRow]) -> list[LedgerEventRow]:
    """Writes the events, and that they were written."""
    session.add_all(rows)
    session.flush()
    proof.enter(session, system, rows)
    return rows


def _check(specs: Iterable[SystemSpec], ground: Ground) -> None:
    today = day_of(ground.at)
    if ground.on > today:
        raise Refused(f"nothing is confirmed ahead of its day: {ground.on} is after {today}", where=ground.confirmation)
    trial = [spec.stack_name for spec in specs if spec.phase is Phase.TRIAL]
    if trial:
        raise Refused(f"a trial is not metered: {', '.join(trial)}", where=ground.confirmation, rule="LZ-21-4")


def _last_events(session: Session, system: str) -> dict[Meter, LedgerEventRow]:
    """The newest event of each meter of all stacks the system has or had; nobody else can add to them meanwhile."""
    lock(session, system.partition("/")[0])
    rows = session.scalars(
        select(LedgerEventRow)
        .ext(distinct_on(LedgerEventRow.resource, LedgerEventRow.item))
        .where(LedgerEventRow.stack.startswith(f"{system}.", autoescape=True))
        .order_by(LedgerEventRow.resource, LedgerEventRow.item, LedgerEventRow.sequence.desc())
    )
    return {Meter(row.resource, row.item): row for row in rows}


def _what_happened(before: LedgerEventRow | None, quantity: Decimal | None) -> MeterEvent | None:
    """From a meter's last event and the quantity that it shall have: None where nothing has changed."""
    ended = before is None or before.kind == MeterEvent.ENDED
    if quantity is None:
        return None if ended else MeterEvent.ENDED
    if before is None or ended:
        return MeterEvent.OPENED
    if before.kind == MeterEvent.SUSPENDED:
        raise Refused(f"{before.resource} is suspended", remedy="resume it first", where=before.item)
    return MeterEvent.RESIZED if before.quantity != quantity else None


def _event(
    kind: MeterEvent, meter: Meter, stack: str, quantity: Decimal, *, before: LedgerEventRow | None, ground: Ground
) -> LedgerEventRow:
    """The next link of the meter's chain. Raises Refused for a day before the last event's."""
    if before is not None and ground.on < before.day:
        raise Refused(
            f"{meter.resource}: {meter.item} was {before.kind} on {before.day}, after {ground.on}",
            where=ground.confirmation,
            remedy=f"confirm a day from {before.day} on",
        )
    return LedgerEventRow(
        city=stack.partition("/")[0],
        stack=stack,
        resource=meter.resource,
        item=meter.item,
        sequence=before.sequence + 1 if before else 1,
        kind=kind.value,
        day=ground.on,
        quantity=quantity,
        payer=ground.payer,
        confirmation=ground.confirmation,
        recorded_at=ground.at,
        previous_sequence=before.sequence if before else None,
        previous_day=before.day if before else None,
        previous_kind=before.kind if before else None,
    )
