"""What a bill is made of: days, prices, intervals of the ledger, lines. Every range is half-open. Pure.

`rating.py` makes lines of them; `metering` reads them from the ledger, or from a file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from controller.domain.errors import Refused, WrongUse


@dataclass(frozen=True, slots=True, order=True)
class Days:
    """The days from `start` to before `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise WrongUse(f"a period ends after it begins: {self.start} to {self.end}")

    @classmethod
    def month(cls, text: str) -> Days:
        """The calendar month written as YYYY-MM. Raises WrongUse for anything else."""
        try:
            start = date.fromisoformat(f"{text}-01")
        except ValueError as error:
            raise WrongUse(f"{text!r} is no month", remedy="write it as 2026-09") from error
        return cls(start, _next_month(start))

    @property
    def count(self) -> int:
        return (self.end - self.start).days

    def within(self, other: Days) -> Days | None:
        """What both have in common."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Days(start, end) if start < end else None

    def months(self) -> Iterator[Days]:
        """The calendar months that hold any of these days, whole."""
        start = self.start.replace(day=1)
        while start < self.end:
            yield Days(start, _next_month(start))
            start = _next_month(start)


class Basis(StrEnum):
    """What a price pays for, which is also what days are counted against."""

    MONTH = "month"
    """A calendar month (LP-20; counting.md for Liuzhou)."""

    PERIOD = "period"
    """The billing period as a whole, a year by contract (GY-15a)."""


@dataclass(frozen=True, slots=True)
class Price:
    """Yuan for one unit of measure of `item`, in force from `start` to before `end` (None: until further notice)."""

    item: str
    price: Decimal
    start: date
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """The ledger says: `resource` had this quantity of `item` from `start` to before `end` (None: until now).

    `source` is the ledger's own reference to the event that opened it, where it has one.
    """

    resource: str
    item: str
    quantity: Decimal
    start: date
    end: date | None = None
    source: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill: days of one interval within one month (or period) at one price."""

    resource: str
    item: str
    quantity: Decimal
    start: date
    end: date
    price: Decimal
    amount: Decimal
    source: int | None = None

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True)
class PriceList:
    """The prices of one city, by item and day."""

    basis: Basis
    by_item: Mapping[str, tuple[Price, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, basis: Basis, prices: Iterable[Price]) -> PriceList:
        """Raises Refused where two prices of an item are in force on one day."""
        by_item: dict[str, list[Price]] = {}
        for price in sorted(prices, key=lambda one: (one.item, one.start)):
            before = by_item.setdefault(price.item, [])
            if before and (before[-1].end is None or before[-1].end > price.start):
                raise Refused(f"two prices of {price.item} are in force on {price.start}", remedy="end the older one")
            if price.end is not None and price.end <= price.start:
                raise Refused(
                    f"the price of {price.item} from {price.start} ends on {price.end}, before it is in force"
                )
            before.append(price)
        return cls(basis, {item: tuple(found) for item, found in by_item.items()})

    def pieces(self, item: str, days: Days) -> Iterator[tuple[Days, Decimal]]:
        """`days` cut where the price changes, each piece with the price in force on its first day.

        Raises Refused for a day without a price: nothing is billed at a price that nobody set.
        """
        prices = self.by_item.get(item, ())
        start = days.start
        while start < days.end:
            number = bisect_right(prices, start, key=lambda price: price.start) - 1
            end = prices[number].end if number >= 0 else None
            if number < 0 or (end is not None and end <= start):
                raise Refused(f"there is no price of {item} on {start}", remedy="add it to the city's price list")
            piece = Days(start, min(days.end, end or days.end))
            yield piece, prices[number].price
            start = piece.end


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
