"""Days are counted as the Civil Code (articles 200 to 204) and the State Council's notices have them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.calendar import WorkCalendar, day_of, end_of_day
from controller.domain.errors import WrongUse

FIRST, LAST = date(2025, 1, 1), date(2027, 12, 31)

NATIONAL_DAY = WorkCalendar(
    FIRST,
    LAST,
    days_off=frozenset(date(2026, 10, day) for day in range(1, 8)),
    make_up_days=frozenset({date(2026, 9, 20), date(2026, 10, 10)}),
    provisional=frozenset({date(2027, 1, 4)}),
)

days = st.dates(min_value=date(2025, 2, 1), max_value=date(2026, 12, 31))


@pytest.mark.parametrize(
    ("day", "worked", "why"),
    [
        (date(2026, 9, 28), True, "a Monday"),
        (date(2026, 9, 26), False, "a Saturday"),
        (date(2026, 9, 20), True, "a make-up Sunday"),
        (date(2026, 10, 10), True, "a make-up Saturday"),
        (date(2026, 10, 7), False, "a Wednesday that the notice gives off"),
        (date(2026, 10, 8), True, "the Thursday after the holiday"),
    ],
)
def test_working_day(day: date, worked: bool, why: str) -> None:
    assert NATIONAL_DAY.is_working_day(day) is worked, why


@pytest.mark.parametrize(
    ("start", "days", "end", "why"),
    [
        (date(2026, 9, 11), 3, date(2026, 9, 16), "three working days of Friday end on Wednesday"),
        (date(2026, 9, 28), 5, date(2026, 10, 10), "over the holiday to the make-up Saturday"),
        (date(2026, 9, 28), 0, date(2026, 9, 28), "no days: the day itself"),
        (date(2026, 10, 3), 1, date(2026, 10, 8), "from a day off"),
    ],
)
def test_add_working_days(start: date, days: int, end: date, why: str) -> None:
    assert NATIONAL_DAY.add_working_days(start, days) == end, why


def test_a_local_holiday_stands_above_a_make_up_day() -> None:
    sunday = date(2026, 9, 20)
    calendar = WorkCalendar(FIRST, LAST, days_off=frozenset({sunday}), make_up_days=frozenset({sunday}))
    assert not calendar.is_working_day(sunday)


@given(start=days, number=st.integers(1, 60))
def test_the_end_is_the_nth_working_day_and_no_earlier(start: date, number: int) -> None:
    end = NATIONAL_DAY.add_working_days(start, number)
    between = [start + timedelta(days=step) for step in range(1, (end - start).days + 1)]
    assert NATIONAL_DAY.is_working_day(end)
    assert sum(NATIONAL_DAY.is_working_day(day) for day in between) == number


@given(start=days, first=st.integers(0, 30), second=st.integers(0, 30))
def test_periods_add_up(start: date, first: int, second: int) -> None:
    in_two = NATIONAL_DAY.add_working_days(NATIONAL_DAY.add_working_days(start, first), second)
    assert in_two == NATIONAL_DAY.add_working_days(start, first + second)


def test_a_day_outside_the_calendar_is_refused() -> None:
    with pytest.raises(WrongUse, match="2028-01-01"):
        NATIONAL_DAY.add_working_days(LAST, 1)


def test_a_period_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        NATIONAL_DAY.add_working_days(FIRST, -1)


@pytest.mark.parametrize(
    ("start", "end", "provisional"),
    [
        (date(2026, 12, 28), date(2027, 1, 3), False),
        (date(2026, 12, 28), date(2027, 1, 4), True),
        (date(2027, 1, 4), date(2027, 1, 8), False),
    ],
)
def test_a_count_is_provisional_where_it_meets_a_day_without_notice(start: date, end: date, provisional: bool) -> None:
    assert NATIONAL_DAY.is_provisional(start, end) is provisional


def test_the_end_of_a_day_is_midnight_in_shanghai() -> None:
    assert end_of_day(date(2026, 10, 10)) == datetime(2026, 10, 10, 16, tzinfo=UTC)


@given(day=days)
def test_a_day_holds_its_instants(day: date) -> None:
    assert day_of(end_of_day(day) - timedelta(microseconds=1)) == day
    assert day_of(end_of_day(day)) == day + timedelta(days=1)
