"""The bill of a city and month: run once from the ledger and the price list, then closed and only read.

Run again, it is the same bill, byte for byte. What is confirmed late for a closed month comes into the next bill that
is run, as lines of that month: those it lacks, and those it should not have, taken back. A closed bill never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Select, case, func, insert, select
from sqlalchemy.orm import Session

from controller import audit, catalogue
from controller.domain.billing import Basis, Days, Line, PriceList
from controller.domain.calendar import day_of
from controller.domain.errors import Refused, WrongUse
from controller.domain.rating import Correction, difference, rate
from controller.metering import ledger, proof
from controller.metering.usage import intervals
from controller.store.metering import BillLineRow, BillRow, LedgerEventRow

_ROWS_AT_ONCE = 2000


def run_bill(session: Session, city: str, month: str, *, at: datetime) -> BillRow:
    """The bill of `city` for `month` (YYYY-MM): the one that stands, or a new one, in the caller's transaction.

    `at` is the domain clock's time. Raises WrongUse for an unknown city or no month, Refused for a month that is not
    over, a day without a price, and a ledger that somebody has changed by hand.
    """
    period, prices = Days.month(month), _prices(city)
    ledger.lock(session, city)
    standing = _find(session, city, month)
    if standing is not None:
        return standing
    if day_of(at) < period.end:
        raise Refused(f"{month} is not over: a bill is run when all its days are known", remedy=f"from {period.end} on")
    position = ledger.position(session, city)
    proof.refuse_forged(session, city, position=position)
    known_before = session.scalar(select(func.max(BillRow.position)).where(BillRow.city == city)) or 0
    bill = BillRow(city=city, month=month, position=position, audit_head=audit.head(session), made_at=at)
    session.add(bill)
    session.flush()
    regular = rate(intervals(session, city, period, position=bill.position), prices, period)
    _store(session, bill, month, (Correction(line, reversal=False) for line in regular))
    for closed in _closed_months(session, bill):
        _store(session, bill, closed, _corrections(session, bill, closed, prices, known_before))
    return bill


def find_bill(session: Session, city: str, month: str) -> BillRow:
    """The bill that stands. Raises WrongUse where none was run."""
    Days.month(month)
    bill = _find(session, city, month)
    if bill is None:
        raise WrongUse(
            f"no bill of {city} for {month} was run", remedy=f"yunguan bill run --city {city} --period {month}"
        )
    return bill


def bill_lines(session: Session, bill: BillRow) -> Iterator[tuple[BillLineRow, str]]:
    """The lines in their order (own month, then corrected ones; resource, item, first day), each with its payer."""
    row = BillLineRow
    ordered = (
        select(row, LedgerEventRow.payer)
        .join(LedgerEventRow, LedgerEventRow.id == row.event_id)
        .where(row.bill_id == bill.id)
        .order_by(row.month != bill.month, row.month, row.resource, row.item, row.starts, row.reversal.desc(), row.id)
    )
    for found in session.execute(ordered.execution_options(yield_per=_ROWS_AT_ONCE)):
        yield found.BillLineRow, found.payer


def _prices(city: str) -> PriceList:
    prices = catalogue.prices(catalogue.city(city).prices)
    if prices.basis is not Basis.MONTH:
        raise Refused(f"{city} is not billed by the month")
    return prices


def _find(session: Session, city: str, month: str) -> BillRow | None:
    return session.scalar(select(BillRow).where(BillRow.city == city, BillRow.month == month))


def _closed_months(session: Session, bill: BillRow) -> list[str]:
    closed = select(BillRow.month).where(BillRow.city == bill.city, BillRow.id != bill.id).order_by(BillRow.month)
    return list(session.scalars(closed))


def _corrections(
    session: Session, bill: BillRow, month: str, prices: PriceList, known_before: int
) -> Iterator[Correction]:
    """What a closed month lacks or should not have, of resources to which something happened since then."""
    period = Days.month(month)
    late = select(LedgerEventRow.resource).where(
        LedgerEventRow.city == bill.city, LedgerEventRow.id > known_before, LedgerEventRow.day < period.end
    )
    usage = intervals(session, bill.city, period, position=bill.position, among=LedgerEventRow.resource.in_(late))
    return difference(_billed(session, month, late), rate(usage, prices, period))


def _billed(session: Session, month: str, resources: Select[str]) -> Iterator[Line]:
    """What was charged for days of `month` so far, corrections counted, in the order of `rating.line_key`."""
    row = BillLineRow
    key = (row.resource, row.item, row.starts, row.ends, row.quantity, row.price, row.event_id)
    standing = (
        select(*key, func.max(row.amount).label("amount"))
        .where(row.month == month, row.resource.in_(resources))
        .group_by(*key)
        .having(func.sum(case((row.reversal, -1), else_=1)) > 0)
        .order_by(*key)
    )
    for one in session.execute(standing.execution_options(yield_per=_ROWS_AT_ONCE)):
        yield Line(
            resource=one.resource,
            item=one.item,
            quantity=one.quantity,
            start=one.starts,
            end=one.ends,
            price=one.price,
            amount=one.amount,
            source=one.event_id,
        )


def _store(session: Session, bill: BillRow, month: str, corrections: Iterable[Correction]) -> None:
    """Inserts the lines of one month, a batch at a time: memory does not grow with the bill."""
    lines = iter(corrections)
    while batch := list(islice(lines, _ROWS_AT_ONCE)):
        session.execute(insert(BillLineRow), [_values(bill, month, one) for one in batch])


def _values(bill: BillRow, month: str, correction: Correction) -> dict[str, Any]:
    line = correction.line
    return {
        "bill_id": bill.id,
        "event_id": line.source,
        "month": month,
        "reversal": correction.reversal,
        "resource": line.resource,
        "item": line.item,
        "quantity": line.quantity,
        "starts": line.start,
        "ends": line.end,
        "price": line.price,
        "amount": line.amount,
    }
