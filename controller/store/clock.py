"""The offset of the domain clock, one row. Only the demo, tests and an operator's drill move it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Interval, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from controller.clock import domain_now
from controller.store.base import Base


class ClockOffset(Base):
    """How far the domain clock stands from the real one."""

    __tablename__ = "clock_offset"

    id: Mapped[int] = mapped_column(primary_key=True)
    offset: Mapped[timedelta] = mapped_column(Interval)


_OFFSET = select(ClockOffset.offset)


def now(session: Session) -> datetime:
    """The domain's time, aware, in UTC."""
    return domain_now(offset(session))


def offset(session: Session) -> timedelta:
    """How far the domain clock stands ahead of the real one."""
    return session.scalar(_OFFSET) or timedelta()


def advance(session: Session, by: timedelta) -> datetime:
    """Lets `by` pass on the domain clock; returns the new time. The caller commits."""
    row = session.scalar(select(ClockOffset).with_for_update())
    if row is None:
        session.add(ClockOffset(id=1, offset=by))
    else:
        row.offset += by
    session.flush()
    return now(session)
