"""Time passes in cases: warnings, overdue clocks, stages that end by themselves. Level-triggered, a clock at a time.

The queue's sweep asks `due_clocks` and hands each id to `tend`, in a transaction of its own; twice does no harm.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import catalogue
from controller.casework.clocks import look
from controller.casework.conduct import perform
from controller.casework.outcome import Outcome
from controller.casework.ports import Ports
from controller.casework.steps import Act
from controller.domain.roles import CONTROLLER_ACTOR
from controller.store import clock
from controller.store.casework import CaseRow, ClockRow


def due_clocks(session: Session) -> list[int]:
    """Ids of running clocks that have something to say by now on the domain clock, the most urgent first."""
    now = clock.now(session)
    due = select(ClockRow.id).where(ClockRow.ended_at.is_(None), ClockRow.look_at <= now).order_by(ClockRow.look_at)
    return list(session.scalars(due))


def provisional_clocks(session: Session) -> list[int]:
    """Ids of running clocks that were counted without a notice: to be tended once catalog/calendars/ has a new one."""
    return list(session.scalars(select(ClockRow.id).where(ClockRow.ended_at.is_(None), ClockRow.provisional)))


def tend(session: Session, clock_id: int, ports: Ports) -> Outcome | None:
    """Warns, escalates, or does what stands at the end of the stage. None where no step was due.

    An overdue case stays open: the timeline says so and the listings show it.
    """
    found = session.execute(
        select(ClockRow, CaseRow.number, CaseRow.city).join(CaseRow).where(ClockRow.id == clock_id)
    ).one_or_none()
    if found is None:
        return None
    _, number, city = found
    session.scalar(select(CaseRow.id).where(CaseRow.number == number).with_for_update())
    row = session.get_one(ClockRow, clock_id, populate_existing=True)
    if row.ended_at is not None:
        return None
    now = clock.now(session)
    look(session, row, catalogue.work_calendar(city), now)
    session.flush()
    if not row.then or row.due_at is None or now < row.due_at:
        return None
    return perform(session, Act(case=number, action=row.then, actor=CONTROLLER_ACTOR), ports)
