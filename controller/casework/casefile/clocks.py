"""A case's clock: started with a stage, paused and resumed with the case, warning and escalating as its days go by.

`steps` starts, pauses and stops it inside the transaction of the step. `timers` looks at it when `look_at` has come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.calendar import WorkCalendar, day_of
from controller.domain.deadline import Deadline, Pause, cap_of_natural_days, within_working_days
from controller.domain.lifecycle import Stage
from controller.domain.roles import Role
from controller.store.casework import CaseEventRow, CaseRow, ClockRow, EventKind

HALF, LAST_DAY, OVERDUE = 1, 2, 3


@dataclass(frozen=True)
class CaseClock:
    """The clock of one case, moved at the instant `now` by the days of `calendar`."""

    session: Session
    case: CaseRow
    calendar: WorkCalendar
    now: datetime

    def start(self, stage: Stage, days: int | None) -> None:
        """Starts for the stage that the case has just entered; `days` is how long a stage with an own end lasts."""
        if stage.clock is not None:
            clock = ClockRow(role=stage.clock.role.value, rule=stage.clock.rule, days=stage.clock.working_days, then="")
        elif stage.lasts is not None and days is not None:
            clock = ClockRow(role=Role.CONTROLLER.value, rule=stage.lasts.rule, days=days, then=stage.lasts.then)
        else:
            return
        clock.case_id, clock.stage, clock.started_on = self.case.id, stage.name, day_of(self.now)
        clock.pauses, clock.warned = [], 0
        _reckon(clock, self.calendar)
        self.session.add(clock)

    def stop(self) -> None:
        """Ends the running clock, if there is one."""
        if clock := running(self.session, self.case):
            clock.ended_at, clock.look_at = self.now, None
            self.session.flush()

    def pause(self) -> None:
        """Stops the days of the running clock from counting."""
        if clock := running(self.session, self.case):
            clock.pauses = [*clock.pauses, {"since": day_of(self.now).isoformat(), "until": None}]
            _reckon(clock, self.calendar)

    def resume(self) -> None:
        """Lets the days count again from tomorrow on."""
        clock = running(self.session, self.case)
        if clock is not None and clock.pauses:
            clock.pauses = [*clock.pauses[:-1], {**clock.pauses[-1], "until": day_of(self.now).isoformat()}]
            _reckon(clock, self.calendar)


def running(session: Session, case: CaseRow) -> ClockRow | None:
    """The clock that runs in this case, if any."""
    return session.scalar(select(ClockRow).where(ClockRow.case_id == case.id, ClockRow.ended_at.is_(None)))


def look(session: Session, clock: ClockRow, calendar: WorkCalendar, now: datetime) -> None:
    """Counts anew where the calendar was provisional, and writes the warnings whose time has come into the timeline."""
    before = clock.due_on
    deadline = _reckon(clock, calendar)
    if deadline is None:
        return
    if clock.due_on != before:
        _note(session, clock, EventKind.RECOMPUTED, now, {"from": _iso(before), "to": _iso(clock.due_on)})
    for number, kind, at in _alarms(clock, deadline):
        if clock.warned < number and at <= now:
            clock.warned = number
            _note(session, clock, kind, now, {"due": _iso(clock.due_on), "for": clock.role, "warning": number})
    clock.look_at = _next_look(clock, deadline)


def deadline_of(clock: ClockRow, calendar: WorkCalendar) -> Deadline | None:
    """When the clock ends; None while it is paused."""
    if clock.then:
        return cap_of_natural_days(clock.started_on, clock.days)
    pauses = [Pause(_day(one["since"]), _day(one["until"]) if one["until"] else None) for one in clock.pauses]
    return within_working_days(calendar, clock.started_on, clock.days, pauses)


def _reckon(clock: ClockRow, calendar: WorkCalendar) -> Deadline | None:
    deadline = deadline_of(clock, calendar)
    clock.due_on = deadline.day if deadline else None
    clock.due_at = deadline.instant if deadline else None
    clock.provisional = deadline.provisional if deadline else False
    clock.look_at = _next_look(clock, deadline) if deadline else None
    return deadline


def _next_look(clock: ClockRow, deadline: Deadline) -> datetime | None:
    ahead = [at for number, _, at in _alarms(clock, deadline) if clock.warned < number]
    if clock.then:
        ahead.append(deadline.instant)
    return min(ahead, default=None)


def _alarms(clock: ClockRow, deadline: Deadline) -> Iterator[tuple[int, EventKind, datetime]]:
    yield HALF, EventKind.WARNING, deadline.half_warning
    yield LAST_DAY, EventKind.WARNING, deadline.last_warning
    if not clock.then:
        yield OVERDUE, EventKind.OVERDUE, deadline.instant


def _note(session: Session, clock: ClockRow, kind: EventKind, now: datetime, details: dict[str, object]) -> None:
    session.add(
        CaseEventRow(
            case_id=clock.case_id,
            at=now,
            kind=kind.value,
            actor=Role.CONTROLLER.value,
            role=Role.CONTROLLER.value,
            action="",
            before=clock.stage,
            after=clock.stage,
            rule=clock.rule,
            reason="",
            details=details,
        )
    )


def _day(text: str | None) -> date:
    if text is None:
        raise ValueError("a pause without a first day")
    return date.fromisoformat(text)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
