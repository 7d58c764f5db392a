"""When a period ends: a start, a length and the pauses in it become a `Deadline` with its warnings.

`casework.clocks` keeps one for each running clock of a case; `yunguan deadline` shows one for a rule and a day. How
days are counted stands in the Civil Code, articles 200 to 204.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from controller.domain.calendar import WorkCalendar, end_of_day


@dataclass(frozen=True)
class Pause:
    """From the day on which a clock was stopped to the day on which it went on, both not counted; None: still stopped.

    The day of stopping does not count because it was not wholly at hand; the day of going on is day 0 of the rest.
    """

    since: date
    until: date | None = None

    def covers(self, day: date) -> bool:
        """Whether `day` does not count because of this pause."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Deadline:
    """The last day of a period, with the days that were counted to it (none for periods in natural days).

    It is met until `instant`: 24:00 Asia/Shanghai of the last day. `provisional` where a counted day has no notice yet.
    """

    start: date
    day: date
    provisional: bool
    counted: tuple[date, ...] = ()

    @property
    def instant(self) -> datetime:
        """24:00 Asia/Shanghai of the last day, in UTC."""
        return end_of_day(self.day)

    @property
    def half_warning(self) -> datetime:
        """When half of the period has gone, rounded to the earlier end of a day."""
        if self.counted:
            return self._end_of_counted(len(self.counted) // 2)
        return end_of_day(self.start + timedelta(days=(self.day - self.start).days // 2))

    @property
    def last_warning(self) -> datetime:
        """When one working day is left (for natural days: one day)."""
        if self.counted:
            return self._end_of_counted(len(self.counted) - 1)
        return end_of_day(self.day - timedelta(days=1))

    def _end_of_counted(self, number: int) -> datetime:
        return end_of_day(self.counted[number - 1] if number else self.start)


def within_working_days(
    calendar: WorkCalendar, start: date, days: int, pauses: Sequence[Pause] = ()
) -> Deadline | None:
    """The end of `days` (1 or more) working days after the event on `start`; None while a pause is open.

    Raises ValueError for fewer than one day, WrongUse where the calendar ends.
    """
    if days < 1:
        raise ValueError("a period has at least one working day")
    if any(pause.until is None for pause in pauses):
        return None
    counted: list[date] = []
    for day in calendar.working_days_after(start):
        if not any(pause.covers(day) for pause in pauses):
            counted.append(day)
        if len(counted) == days:
            break
    return Deadline(start, counted[-1], calendar.is_provisional(start, counted[-1]), tuple(counted))


def cap_of_natural_days(start: date, days: int) -> Deadline:
    """The end of a favour at public cost, such as a trial: `days` natural days after `start`, on a day off or not."""
    return Deadline(start, start + timedelta(days=days), provisional=False)
