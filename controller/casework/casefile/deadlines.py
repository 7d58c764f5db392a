"""`yunguan deadline RULE --from DATE`: a rule and a day become a deadline, counted as the clocks of cases are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from controller import catalogue
from controller.domain.deadline import Deadline, within_working_days
from controller.domain.errors import WrongUse


@dataclass(frozen=True)
class Answer:
    """One period of a rule, counted from a day: its title in the procedure, its length, and where it ends."""

    rule: str
    title: str
    working_days: int
    deadline: Deadline


def deadlines(rule: str, start: date, city: str | None = None) -> list[Answer]:
    """Where the periods of `rule` end, in the order of the text; without `city`, by the prefix of the rule's id.

    Raises WrongUse for an unknown city or a rule that names no period in working days.
    """
    code = city or _city_of(rule)
    calendar = catalogue.work_calendar(code)
    found: list[Answer] = []
    for period in catalogue.city(code).periods_of(rule):
        deadline = within_working_days(calendar, start, period.working_days)
        if deadline is not None:
            found.append(Answer(rule, period.title, period.working_days, deadline))
    return found


def deadline_json(answers: list[Answer]) -> dict[str, object]:
    """The document of `-o json`: the rule's first period, and all of them under `periods`."""
    first = answers[0]
    return {"rule": first.rule, "from": first.deadline.start.isoformat(), **_json(first)} | {
        "periods": [{"title": answer.title, "working_days": answer.working_days, **_json(answer)} for answer in answers]
    }


def _json(answer: Answer) -> dict[str, object]:
    return {
        "deadline": answer.deadline.day.isoformat(),
        "provisional": answer.deadline.provisional,
        "counted": [day.isoformat() for day in answer.deadline.counted],
    }


def _city_of(rule: str) -> str:
    prefix = rule.partition("-")[0]
    for code in catalogue.cities():
        if catalogue.city(code).regulation == prefix:
            return code
    raise WrongUse(f"没有城市的规则以 {prefix} 开头", remedy="用 --city 指明城市，用 yunguan rules 查看规则")
