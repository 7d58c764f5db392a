"""`yunguan deadline`: a rule and a day."""

from __future__ import annotations

from datetime import date

import pytest

from controller.casework.casefile.deadlines import deadline_json, deadlines
from controller.domain.errors import WrongUse


def test_an_approval_over_the_national_day() -> None:
    document = deadline_json(deadlines("LZ-21-3", date(2026, 9, 28)))
    assert document["rule"] == "LZ-21-3"
    assert document["from"] == "2026-09-28"
    assert document["deadline"] == "2026-10-10"
    assert document["provisional"] is False
    assert document["counted"] == ["2026-09-29", "2026-09-30", "2026-10-08", "2026-10-09", "2026-10-10"]


def test_a_rule_with_two_periods_gives_both() -> None:
    first, second = deadlines("LZ-21-7", date(2026, 9, 28), "liuzhou")
    assert (first.working_days, second.working_days) == (5, 3)
    assert deadline_json([first, second])["deadline"] == first.deadline.day.isoformat()


@pytest.mark.parametrize(
    ("start", "end", "provisional"),
    [
        (date(2026, 4, 10), date(2026, 4, 17), True),
        (date(2026, 4, 3), date(2026, 4, 13), False),
        (date(2025, 3, 28), date(2025, 4, 9), False),
        (date(2026, 12, 28), date(2027, 1, 5), True),
    ],
)
def test_local_holidays_and_years_without_notice(start: date, end: date, provisional: bool) -> None:
    (answer,) = deadlines("LZ-21-3", start)
    assert (answer.deadline.day, answer.deadline.provisional) == (end, provisional)


@pytest.mark.parametrize(("rule", "city"), [("LZ-5", None), ("XX-1", None), ("LZ-21-3", "atlantis")])
def test_a_rule_without_a_period_or_an_unknown_city_is_wrong_use(rule: str, city: str | None) -> None:
    with pytest.raises(WrongUse):
        deadlines(rule, date(2026, 9, 28), city)
