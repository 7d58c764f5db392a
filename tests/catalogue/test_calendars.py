"""catalog/calendars/ against the library `holidays`, and the calendar that the two make."""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest

from controller import catalogue

NOTICED = (2023, 2024, 2025, 2026)
CALENDAR = catalogue.work_calendar("liuzhou")
LOCAL = {date(2023, 4, 21), date(2023, 4, 23), date(2024, 4, 11), date(2024, 4, 12)} | {
    date(2025, 3, 31),
    date(2025, 4, 1),
    date(2026, 4, 20),
    date(2026, 4, 21),
}
"""Working days of the nation that Guangxi has off for 三月三."""


@pytest.mark.parametrize("year", NOTICED)
def test_a_noticed_year_agrees_with_the_library(year: int) -> None:
    library = holidays.country_holidays("CN", years=[year, year + 1])
    first = date(year, 1, 1)
    for day in (first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)):
        expected = False if day in LOCAL else library.is_working_day(day)
        assert CALENDAR.is_working_day(day) is expected, day


@pytest.mark.parametrize("year", NOTICED)
def test_make_up_days_are_weekend_days_and_as_many_as_weekdays_shifted(year: int) -> None:
    made_up = [day for day in CALENDAR.make_up_days if day.year == year]
    assert made_up
    assert all(day.weekday() >= 5 for day in made_up)


def test_the_last_noticed_year_is_settled_but_for_the_undecreed_local_holiday() -> None:
    open_days = sorted(day for day in CALENDAR.provisional if day.year == 2026)
    assert open_days[0] == date(2026, 4, 15)
    assert open_days[-1] == date(2026, 4, 24)


def test_a_year_without_notice_is_provisional_and_rests_on_the_statutory_days() -> None:
    assert CALENDAR.is_provisional(date(2026, 12, 30), date(2027, 1, 1))
    assert not CALENDAR.is_working_day(date(2027, 1, 1))
    assert CALENDAR.is_working_day(date(2027, 1, 4))


def test_the_calendar_reaches_years_ahead() -> None:
    assert date(2037, 1, 1) <= CALENDAR.last
