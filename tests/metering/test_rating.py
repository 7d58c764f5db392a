"""How days, months and money are counted: counting.md line by line, and what holds for any ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.billing import Basis, Days, Interval, Line, Price, PriceList
from controller.domain.errors import Refused, WrongUse
from controller.domain.money import plain, to_fen, total
from controller.domain.rating import difference, line_key, rate

SEPTEMBER = Days.month("2026-09")


def day(text: str) -> date:
    return date.fromisoformat(text)


def used(start: str, end: str | None = None, *, quantity: str = "1", resource: str = "a") -> Interval:
    return Interval(resource, "vcpu", Decimal(quantity), day(start), day(end) if end else None)


def prices(*steps: tuple[str, str], basis: Basis = Basis.MONTH) -> PriceList:
    """Prices of vcpu, each in force from its day until the next."""
    ends = [day(start) for start, _ in steps[1:]] + [None]
    found = [Price("vcpu", Decimal(price), day(start), end) for (start, price), end in zip(steps, ends, strict=True)]
    return PriceList.of(basis, found)


FORTY_FIVE = prices(("2026-01-01", "45.00"))


def billed(intervals: Sequence[Interval], by: PriceList = FORTY_FIVE, period: Days = SEPTEMBER) -> list[str]:
    """Each line as `from..to days×price amount`."""
    return [
        f"{x.start:%m-%d}..{x.end:%m-%d} {x.days}×{plain(x.price)} {plain(x.amount)}"
        for x in rate(intervals, by, period)
    ]


@pytest.mark.rule("LP-20")
@pytest.mark.parametrize(
    ("interval", "line", "why"),
    [
        (used("2026-08-01"), "09-01..10-01 30×45.00 45.00", "a whole month is the price"),
        (used("2026-09-10"), "09-10..10-01 21×45.00 31.50", "the confirmed completion day counts"),
        (used("2026-08-01", "2026-09-10"), "09-01..09-10 9×45.00 13.50", "the confirmed end day does not count"),
        (used("2026-09-10", "2026-09-11"), "09-10..09-11 1×45.00 1.50", "one day"),
        (used("2026-09-30"), "09-30..10-01 1×45.00 1.50", "the month's last day"),
        (used("2026-09-10", quantity="8"), "09-10..10-01 21×45.00 252.00", "by quantity"),
        (used("2026-09-01", "2026-09-08", quantity="0.05"), "09-01..09-08 7×45.00 0.53", "half a fen goes up: 0.525"),
    ],
)
def test_a_month_is_paid_by_its_days(interval: Interval, line: str, why: str) -> None:
    assert billed([interval]) == [line], why


@pytest.mark.parametrize(
    "interval",
    [
        used("2026-08-01", "2026-09-01"),
        used("2026-10-01"),
        used("2026-09-10", "2026-09-10"),
        used("2026-11-05"),
    ],
)
def test_what_has_no_day_in_the_period_has_no_line(interval: Interval) -> None:
    assert billed([interval]) == []


def test_days_are_those_of_the_month_leap_years_included() -> None:
    assert billed([used("2028-02-15")], period=Days.month("2028-02")) == ["02-15..03-01 15×45.00 23.28"]
    assert billed([used("2026-02-15")], period=Days.month("2026-02")) == ["02-15..03-01 14×45.00 22.50"]


def test_a_resize_pays_the_old_size_through_the_day_before_and_the_new_from_that_day() -> None:
    assert billed([used("2026-09-01", "2026-09-16", quantity="8"), used("2026-09-16", quantity="16")]) == [
        "09-01..09-16 15×45.00 180.00",
        "09-16..10-01 15×45.00 360.00",
    ]


def test_a_price_change_splits_the_interval() -> None:
    by = prices(("2026-01-01", "45.00"), ("2026-09-16", "50.00"), ("2026-10-01", "99.00"))
    assert billed([used("2026-09-10")], by) == ["09-10..09-16 6×45.00 9.00", "09-16..10-01 15×50.00 25.00"]


def test_a_period_of_several_months_has_a_line_a_month() -> None:
    assert billed([used("2026-08-30")], period=Days(day("2026-08-01"), day("2026-10-11"))) == [
        "08-30..09-01 2×45.00 2.90",
        "09-01..10-01 30×45.00 45.00",
        "10-01..10-11 10×45.00 14.52",
    ]


@pytest.mark.rule("GY-15a")
@pytest.mark.parametrize(("year", "amount"), [(2026, "60.00"), (2028, "60.83")])
def test_yearly_prices_are_paid_by_days_of_the_period(year: int, amount: str) -> None:
    by = prices(("2026-01-01", "365.00"), basis=Basis.PERIOD)
    period = Days(date(year, 1, 1), date(year + 1, 1, 1))
    line = next(rate([used(f"{year}-01-01", f"{year}-03-02")], by, period))
    assert plain(line.amount) == amount


@pytest.mark.parametrize("start", ["2025-12-31", "2026-09-20"])
def test_a_day_without_a_price_is_refused_and_named(start: str) -> None:
    by = PriceList.of(Basis.MONTH, [Price("vcpu", Decimal(1), day("2026-01-01"), day("2026-09-25"))])
    period = Days.month(start[:7])
    with pytest.raises(Refused, match="no price of vcpu on") as refusal:
        list(rate([used(start)], by, period))
    assert (start if start < "2026" else "2026-09-25") in str(refusal.value)


def test_two_prices_on_one_day_are_refused() -> None:
    twice = [Price("vcpu", Decimal(1), day("2026-01-01")), Price("vcpu", Decimal(2), day("2026-05-01"))]
    with pytest.raises(Refused, match="two prices of vcpu"):
        PriceList.of(Basis.MONTH, twice)


def test_a_price_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Refused, match="before it is in force"):
        PriceList.of(Basis.MONTH, [Price("vcpu", Decimal(1), day("2026-05-01"), day("2026-05-01"))])


@pytest.mark.parametrize(
    ("intervals", "says"),
    [
        ([used("2026-09-01", "2026-09-10"), used("2026-09-09")], "overlap on 2026-09-09"),
        ([used("2026-09-01"), used("2026-09-09")], "overlap on 2026-09-09"),
        ([used("2026-09-01"), used("2026-09-01")], "overlap on 2026-09-01"),
        ([used("2026-09-05", "2026-09-01")], "before 2026-09-05"),
        ([used("2026-09-01", resource="b"), used("2026-09-01", resource="a")], "not in the order"),
    ],
)
def test_no_day_is_paid_twice(intervals: list[Interval], says: str) -> None:
    with pytest.raises(Refused, match=says):
        billed(intervals)


@pytest.mark.parametrize("text", ["2026-13", "2026", "2026-9", "September", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="no month"):
        Days.month(text)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(WrongUse, match="ends after it begins"):
        Days(day("2026-09-02"), day("2026-09-02"))


@pytest.mark.parametrize(
    ("value", "fen"),
    [
        ("0.005", "0.01"),
        ("0.0049999999999999999999999999999999999", "0.00"),
        ("-0.005", "-0.01"),
        ("1.015", "1.02"),
        ("2", "2.00"),
    ],
)
def test_half_a_fen_goes_up_and_not_a_hair_less(value: str, fen: str) -> None:
    assert plain(to_fen(Fraction(value))) == fen


days = st.dates(date(2026, 6, 1), date(2027, 1, 31))


@st.composite
def histories(draw: st.DrawFn) -> list[Interval]:
    """Intervals of a few resources, apart from each other, in order."""
    found = []
    for resource in ("a", "b", "c")[: draw(st.integers(1, 3))]:
        cuts = sorted(draw(st.lists(days, min_size=2, max_size=8, unique=True)))
        ends: list[date | None] = [*cuts[1:], None if draw(st.booleans()) else cuts[-1]]
        for start, end in zip(cuts, ends, strict=True):
            if draw(st.booleans()):
                quantity = draw(st.decimals("0.01", "64", places=2))
                found.append(Interval(resource, "vcpu", quantity, start, end))
    return found


@st.composite
def price_lists(draw: st.DrawFn) -> PriceList:
    changes = sorted(draw(st.lists(days, max_size=4, unique=True)))
    amounts = draw(st.lists(st.decimals("0", "999", places=2), min_size=len(changes) + 1, max_size=len(changes) + 1))
    starts = [date(2020, 1, 1), *changes]
    return PriceList.of(
        Basis.MONTH,
        [
            Price("vcpu", amount, start, end)
            for amount, start, end in zip(amounts, starts, [*changes, None], strict=True)
        ],
    )


def lines_by_day(lines: Sequence[Line]) -> dict[tuple[str, date], list[Line]]:
    found = defaultdict(list)
    for line in lines:
        for number in range(line.days):
            found[line.resource, line.start + timedelta(days=number)].append(line)
    return found


@given(histories(), price_lists())
def test_every_used_day_is_on_exactly_one_line_and_no_other_day_on_any(history: list[Interval], by: PriceList) -> None:
    period = Days(date(2026, 7, 1), date(2027, 1, 1))
    found = lines_by_day(list(rate(history, by, period)))
    expected = {
        (one.resource, period.start + timedelta(days=number))
        for one in history
        for number in range(period.count)
        if one.start <= period.start + timedelta(days=number) < (one.end or period.end)
    }
    assert found.keys() == expected
    assert all(len(lines) == 1 for lines in found.values())


@given(histories(), price_lists())
def test_months_apart_and_months_together_are_the_same_lines(history: list[Interval], by: PriceList) -> None:
    half_year = Days(date(2026, 7, 1), date(2027, 1, 1))
    together = sorted(rate(history, by, half_year), key=line_key)
    apart = sorted((line for month in half_year.months() for line in rate(history, by, month)), key=line_key)
    assert together == apart
    assert total(line.amount for line in together) == total(line.amount for line in apart)


@given(histories(), price_lists(), st.dates(date(2026, 9, 2), date(2026, 9, 29)))
def test_the_parts_of_a_split_interval_are_worth_the_whole(history: list[Interval], by: PriceList, cut: date) -> None:
    def exact(line: Line) -> Fraction:
        return Fraction(line.price) * Fraction(line.quantity) * Fraction(line.days, 30)

    halves = [
        part
        for one in history
        for part in (
            Interval(one.resource, one.item, one.quantity, one.start, min(one.end or cut, cut)),
            Interval(one.resource, one.item, one.quantity, max(one.start, cut), one.end),
        )
        if part.end is None or part.start < part.end
    ]
    whole, split = list(rate(history, by, SEPTEMBER)), list(rate(halves, by, SEPTEMBER))
    assert sum(map(exact, whole)) == sum(map(exact, split))
    assert sum(line.days for line in whole) == sum(line.days for line in split)
    assert abs(total(x.amount for x in whole) - total(x.amount for x in split)) <= Decimal("0.005") * (
        len(whole) + len(split)
    )


@given(histories(), price_lists())
def test_each_line_is_within_half_a_fen_of_its_exact_worth(history: list[Interval], by: PriceList) -> None:
    for line in rate(history, by, SEPTEMBER):
        exact = Fraction(line.price) * Fraction(line.quantity) * Fraction(line.days, 30)
        assert Fraction(-1, 200) < Fraction(line.amount) - exact <= Fraction(1, 200)


@given(histories(), histories(), price_lists())
def test_what_was_billed_plus_the_difference_is_what_is_due(
    before: list[Interval], now: list[Interval], by: PriceList
) -> None:
    was, due = list(rate(before, by, SEPTEMBER)), list(rate(now, by, SEPTEMBER))
    corrections = list(difference(was, due))
    sums = total(line.amount for line in was) + total(one.line.amount for one in corrections)
    assert sums == total(line.amount for line in due)
    kept = [line for line in was if line_key(line) not in {line_key(one.line) for one in corrections if one.reversal}]
    added = [one.line for one in corrections if not one.reversal]
    assert sorted(kept + added, key=line_key) == due


@given(histories(), price_lists())
def test_nothing_differs_from_itself(history: list[Interval], by: PriceList) -> None:
    lines = list(rate(history, by, SEPTEMBER))
    assert list(difference(lines, lines)) == []


def test_lines_come_one_at_a_time_however_long_the_ledger() -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        for number in range(10**9):
            taken += 1
            yield used("2026-09-01", resource=f"{number:010}")

    lines = rate(endless(), FORTY_FIVE, SEPTEMBER)  # type: ignore[arg-type]
    assert [next(lines).resource for _ in range(3)] == ["0000000000", "0000000001", "0000000002"]
    assert taken == 3
