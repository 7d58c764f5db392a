"""Working days and natural days in China, as the regulations count them: days and instants in, days and instants out.

`controller.catalogue` builds a `WorkCalendar` from the notices in catalog/calendars/; `deadline` and `casework` ask it.
The day of the event is day 0 and does not count (Civil Code, article 201).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from controller.domain.errors import WrongUse

SHANGHAI = ZoneInfo("Asia/Shanghai")
SATURDAY = 5
DAY = timedelta(days=1)


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked, between the first and the last day it knows.

    `days_off` are holidays on what would be working days, `make_up_days` are weekend days that are worked in exchange;
    a day in both is off, since a local holiday stands above a national make-up day. `provisional` days rest on no
    notice yet: the answer for them may change once one is loaded.
    """

    first: date
    last: date
    days_off: frozenset[date]
    make_up_days: frozenset[date]
    provisional: frozenset[date] = field(default=frozenset())

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on `day`. Raises WrongUse for a day outside the calendar."""
        if not self.first <= day <= self.last:
            raise WrongUse(
                f"no working days are known for {day.isoformat()}",
                where=f"the calendar runs from {self.first.isoformat()} to {self.last.isoformat()}",
            )
        if day in self.days_off:
            return False
        return day in self.make_up_days or day.weekday() < SATURDAY

    def working_days_after(self, start: date) -> Iterator[date]:
        """The working days after `start`, in order; `start` itself is day 0 and not among them."""
        day = start
        while True:
            day += DAY
            if self.is_working_day(day):
                yield day

    def add_working_days(self, start: date, days: int) -> date:
        """The `days`-th working day after `start`; `start` itself for 0. Raises ValueError for a negative number."""
        if days < 0:
            raise ValueError("a period does not run backwards")
        return next(islice(self.working_days_after(start), days - 1, None)) if days else start

    def is_provisional(self, start: date, end: date) -> bool:
        """Whether a count over the days after `start` up to and with `end` meets one that no notice has settled."""
        return any(start < day <= end for day in self.provisional)


def day_of(instant: datetime) -> date:
    """The day in Asia/Shanghai on which the aware `instant` lies."""
    return instant.astimezone(SHANGHAI).date()


def minute_of(instant: datetime) -> str:
    """The aware `instant` in Asia/Shanghai, to the minute, as people read it."""
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def end_of_day(day: date) -> datetime:
    """24:00 Asia/Shanghai of `day`, as an instant in UTC: from it on, a deadline on `day` has passed."""
    return datetime.combine(day + DAY, time(), SHANGHAI).astimezone(UTC)
