"""Ledger intervals and prices in, lines of a bill out, by counting.md: pure, one interval at a time.

A part month costs price × quantity × days used / days of that month, rounded to fen half up once a line. A line lies
in one month, on one interval, at one price.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from heapq import merge
from itertools import groupby
from operator import itemgetter

from controller.domain.billing import Basis, Days, Interval, Line, PriceList
from controller.domain.errors import Refused
from controller.domain.money import to_fen


def rate(intervals: Iterable[Interval], prices: PriceList, period: Days) -> Iterator[Line]:
    """The lines of `period`, in the order of `intervals`, which is that of resource, item, start.

    Raises Refused where intervals of one resource and item overlap (no day is paid twice), or a day has no price.
    """
    for interval in _apart(intervals):
        used = _days(interval, period)
        if used is None:
            continue
        for whole in _wholes(prices.basis, used, period):
            days = used.within(whole)
            for piece, price in prices.pieces(interval.item, days) if days else ():
                exact = Fraction(price) * Fraction(interval.quantity) * Fraction(piece.count, whole.count)
                yield Line(
                    resource=interval.resource,
                    item=interval.item,
                    quantity=interval.quantity,
                    start=piece.start,
                    end=piece.end,
                    price=price,
                    amount=to_fen(exact),
                    source=interval.source,
                )


@dataclass(frozen=True, slots=True)
class Correction:
    """A line that a closed period lacks, or (`reversal`, its amount negative) one that it should not have."""

    line: Line
    reversal: bool


def difference(billed: Iterable[Line], due: Iterable[Line]) -> Iterator[Correction]:
    """What must be added to `billed` to make it `due`; all three stand in the order of `line_key`."""
    merged = merge(((line_key(line), 0, line) for line in billed), ((line_key(line), 1, line) for line in due))
    for _, entries in groupby(merged, key=itemgetter(0)):
        sides = [(side, line) for _, side, line in entries]
        if len(sides) == 1:
            side, line = sides[0]
            reversal = side == 0
            yield Correction(replace(line, amount=-line.amount) if reversal else line, reversal)


def line_key(line: Line) -> tuple[str, str, date, date, Decimal, Decimal, int]:
    """Which days of what a line charges at which price, without the amount that follows from it."""
    return line.resource, line.item, line.start, line.end, line.quantity, line.price, line.source or 0


def _days(interval: Interval, period: Days) -> Days | None:
    """The days of `interval` in `period`; one that opened and ended on the same day has none."""
    end = interval.end or max(period.end, interval.start)
    return Days(interval.start, end).within(period) if interval.start < end else None


def _wholes(basis: Basis, used: Days, period: Days) -> Iterable[Days]:
    """The spans that a price pays for whole."""
    return used.months() if basis is Basis.MONTH else (period,)


def _apart(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """The intervals as they come, made sure that they stand in order and share no day."""
    before: Interval | None = None
    for interval in intervals:
        if interval.end is not None and interval.end < interval.start:
            raise Refused(f"{interval.resource}: {interval.item} ends on {interval.end}, before {interval.start}")
        if before is not None and (before.resource, before.item) == (interval.resource, interval.item):
            if before.end is None or before.end > interval.start:
                raise Refused(
                    f"{interval.resource}: intervals of {interval.item} overlap on {interval.start}",
                    remedy="end the earlier one on that day: a day is paid once",
                )
        elif before is not None and (before.resource, before.item) > (interval.resource, interval.item):
            raise Refused(f"{interval.resource}: intervals are not in the order of resource and item")
        yield interval
        before = interval
