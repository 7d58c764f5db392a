"""The domain clock: the real time plus an offset, so that a test or the demo can let weeks pass.

Deadlines of people and leases use it. The job queue's own schedule uses the real clock. What the engine waits for is
measured by no clock that somebody may set: see `Clock`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

_SHARED = select(func.clock_timestamp())


def real_now() -> datetime:
    """The real time, aware, in UTC."""
    return datetime.now(UTC)


def domain_now(offset: timedelta) -> datetime:
    """The domain's time, aware, in UTC; `offset` is the one kept in the database (`store.clock`)."""
    return real_now() + offset


class Clock(Protocol):
    """What the engine waits by."""

    def now(self) -> datetime:
        """Aware, in UTC; for measuring within one process. It does not jump."""
        ...

    def shared(self, session: Session) -> datetime:
        """Aware, in UTC; for moments that are stored, and compared by other processes."""
        ...

    def sleep(self, seconds: float, *, unless: Event) -> None:
        """Returns that much later, or as soon as `unless` is set."""
        ...


class RealClock:
    """The machine's, as it stood when this was made, and onwards from there; shared is that of the database server."""

    def __init__(self) -> None:
        self._start, self._started = real_now(), time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._started)

    def shared(self, session: Session) -> datetime:
        moment: datetime = session.scalars(_SHARED).one()
        return moment.astimezone(UTC)

    def sleep(self, seconds: float, *, unless: Event) -> None:
        unless.wait(seconds)
