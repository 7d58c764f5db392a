"""The domain clock: the real time plus an offset, so that a test or the demo can let weeks pass.

Deadlines of people and leases use it. The job queue's own schedule and the engine's time-outs use the real clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def real_now() -> datetime:
    """The real time, aware, in UTC."""
    return datetime.now(UTC)


def domain_now(offset: timedelta) -> datetime:
    """The domain's time, aware, in UTC; `offset` is the one kept in the database (`store.clock`)."""
    return real_now() + offset
