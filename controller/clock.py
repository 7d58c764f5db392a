"""The domain clock: the real time plus an offset, so that a test or the demo can let weeks pass.

Deadlines of people and leases use it. The job queue's own schedule and the engine's time-outs use the real clock.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


def real_now() -> datetime:
    """The real time, aware, in UTC."""
    return datetime.now(UTC)


def domain_now(offset: timedelta) -> datetime:
    """The domain's time, aware, in UTC; `offset` is the one kept in the database (`store.clock`)."""
    return real_now() + offset


class Clock(Protocol):
    """What the engine waits by."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Returns that much later."""
        ...


class RealClock:
    """The machine's."""

    def now(self) -> datetime:
        return real_now()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
