"""Deadlines: their last instant, their warnings, and what pauses do to them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.calendar import WorkCalendar, end_of_day
from controller.domain.deadline import Pause, cap_of_natural_days, within_working_days

PLAIN = WorkCalendar(date(2025, 1, 1), date(2028, 12, 31), days_off=frozenset(), make_up_days=frozenset())
HOLIDAY = WorkCalendar(
    date(2026, 1, 1),
    date(2026, 12, 31),
    days_off=frozenset(date(2026, 10, day) for day in range(1, 8)),
    make_up_days=frozenset({date(2026, 10, 10)}),
)
MONDAY = date(2026, 9, 7)
days = st.dates(min_value=date(2025, 2, 1), max_value=date(2026, 12, 31))


def test_the_approval_over_the_national_day() -> None:
    deadline = within_working_days(HOLIDAY, date(2026, 9, 28), 5)
    assert deadline is not None
    assert deadline.day == date(2026, 10, 10)
    assert deadline.instant == datetime(2026, 10, 10, 16, tzinfo=UTC)
    assert [day.day for day in deadline.counted] == [29, 30, 8, 9, 10]


def test_a_deadline_is_met_until_its_last_instant() -> None:
    deadline = within_working_days(PLAIN, MONDAY, 2)
    assert deadline is not None
    assert deadline.instant == end_of_day(deadline.day)


@pytest.mark.parametrize(
    ("days", "half", "last", "why"),
    [
        (7, 10, 15, "Monday + 7: half after three days (Thursday), the last warning after six (Tuesday)"),
        (5, 9, 11, "Monday + 5: half after two, last after four"),
        (2, 8, 8, "two days: both after the first"),
        (1, 7, 7, "one day: both at the end of day 0"),
    ],
)
def test_warnings(days: int, half: int, last: int, why: str) -> None:
    deadline = within_working_days(PLAIN, MONDAY, days)
    assert deadline is not None
    assert deadline.half_warning == end_of_day(date(2026, 9, half)), why
    assert deadline.last_warning == end_of_day(date(2026, 9, last)), why


@pytest.mark.parametrize(
    ("pauses", "end", "why"),
    [
        ([], date(2026, 9, 14), "five working days of Monday"),
        ([Pause(date(2026, 9, 9), date(2026, 9, 10))], date(2026, 9, 16), "Wednesday and Thursday do not count"),
        ([Pause(date(2026, 9, 9), date(2026, 9, 9))], date(2026, 9, 15), "returned and resubmitted on one day"),
        ([Pause(date(2026, 9, 12), date(2026, 9, 13))], date(2026, 9, 14), "a pause over a weekend costs nothing"),
        ([Pause(date(2026, 9, 14), date(2026, 9, 18))], date(2026, 9, 21), "returned on the last day: one is left"),
        (
            [Pause(date(2026, 9, 8), date(2026, 9, 8)), Pause(date(2026, 9, 10), date(2026, 9, 10))],
            date(2026, 9, 16),
            "two pauses of a day each",
        ),
    ],
)
def test_pauses(pauses: list[Pause], end: date, why: str) -> None:
    deadline = within_working_days(PLAIN, MONDAY, 5, pauses)
    assert deadline is not None
    assert deadline.day == end, why


def test_while_a_pause_is_open_there_is_no_deadline() -> None:
    assert within_working_days(PLAIN, MONDAY, 5, [Pause(date(2026, 9, 9))]) is None


@given(start=days, number=st.integers(1, 20), since=st.integers(0, 30), length=st.integers(0, 30))
def test_a_pause_never_brings_the_deadline_nearer(start: date, number: int, since: int, length: int) -> None:
    pause = Pause(start + timedelta(days=since), start + timedelta(days=since + length))
    plain, paused = within_working_days(PLAIN, start, number), within_working_days(PLAIN, start, number, [pause])
    assert plain is not None
    assert paused is not None
    assert paused.day >= plain.day
    assert len(paused.counted) == number
    assert not any(pause.covers(day) for day in paused.counted)


@given(start=days, number=st.integers(1, 40))
def test_warnings_come_in_order(start: date, number: int) -> None:
    deadline = within_working_days(PLAIN, start, number)
    assert deadline is not None
    assert end_of_day(start) <= deadline.half_warning <= deadline.last_warning < deadline.instant


def test_a_cap_does_not_move_off_a_day_off() -> None:
    assert cap_of_natural_days(date(2026, 9, 4), 15).day == date(2026, 9, 19)


def test_a_cap_warns_at_half_and_a_day_before() -> None:
    trial = cap_of_natural_days(MONDAY, 30)
    assert trial.half_warning == end_of_day(MONDAY + timedelta(days=15))
    assert trial.last_warning == end_of_day(MONDAY + timedelta(days=29))


def test_a_period_has_a_day() -> None:
    with pytest.raises(ValueError, match="at least one"):
        within_working_days(PLAIN, MONDAY, 0)
