"""The ledger read as intervals: the span from one event of a meter to its next, streamed in the order of bills."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from controller.domain.billing import Days, Interval
from controller.store.metering import LedgerEventRow, MeterEvent

CHARGED = (MeterEvent.OPENED.value, MeterEvent.RESIZED.value, MeterEvent.RESUMED.value)
"""Events that begin days which are charged; suspended and ended begin days which are not."""

_ROWS_AT_ONCE = 2000


def intervals(
    session: Session, city: str, period: Days, *, position: int, among: ColumnElement[bool] | None = None
) -> Iterator[Interval]:
    """The charged intervals that reach into `period`, as the ledger stood at `position`.

    `among` narrows it to some resources (a condition on the events). One batch is in memory at a time.
    """
    event = LedgerEventRow
    ends = func.lead(event.day).over(partition_by=(event.resource, event.item), order_by=event.sequence)
    known = [event.city == city, event.id <= position] + ([among] if among is not None else [])
    spans = (
        select(event.id, event.resource, event.item, event.sequence, event.kind, event.quantity, event.day)
        .add_columns(ends.label("ends"))
        .where(and_(*known))
        .subquery()
    )
    reaching = (
        select(spans)
        .where(spans.c.kind.in_(CHARGED), spans.c.day < period.end)
        .where(or_(spans.c.ends.is_(None), spans.c.ends > func.greatest(spans.c.day, period.start)))
        .order_by(spans.c.resource, spans.c.item, spans.c.sequence)
    )
    for row in session.execute(reaching.execution_options(yield_per=_ROWS_AT_ONCE)):
        yield Interval(row.resource, row.item, row.quantity, row.day, row.ends, source=row.id)
