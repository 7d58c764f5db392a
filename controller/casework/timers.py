"""Time passes in cases: warnings, overdue clocks, stages that end by themselves. Level-triggered, a clock at a time.

The queue's sweep asks `due_clocks` and hands each id to `tend`, in a transaction of its own; twice does no harm.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import catalogue
from controller.casework.casefile.clocks import deadline_of, look
from controller.casework.casefile.outcome import CaseOutcome
from controller.casework.casefile.steps import Act
from controller.casework.conduct import perform
from controller.casework.ports import Ports
from controller.domain.roles import CONTROLLER_ACTOR
from controller.store import clock
from controller.store.casework import CaseRow, ClockRow


def due_clocks(session: Session) -> list[int]:
    """Ids of running clocks that have something to say by now on the domain clock, the most urgent first.

    A provisional one is due as well once the notice of its year has been loaded and counts otherwise.
    """
    now = clock.now(session)
    found = session.execute(
        select(ClockRow, CaseRow.city)
        .join(CaseRow)
        .where(ClockRow.ended_at.is_(None), (ClockRow.look_at <= now) | ClockRow.provisional)
        .order_by(ClockRow.look_at)
    )
    return [row.id for row, city in found if _is_due(row, now) or _counts_otherwise(row, city)]


def tend(session: Session, clock_id: int, ports: Ports) -> CaseOutcome | None:
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


def _is_due(row: ClockRow, now: datetime) -> bool:
    return row.look_at is not None and row.look_at <= now


def _counts_otherwise(row: ClockRow, city: str) -> bool:
    deadline = deadline_of(row, catalogue.work_calendar(city))
    return deadline is not None and (deadline.day, deadline.provisional) != (row.due_on, row.provisional)
