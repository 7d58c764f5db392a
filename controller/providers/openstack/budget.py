"""How many calls this process has open at a service, and the pause that the service asked for.

`connection.py` takes a place for every request. Work that people approved goes before the search for drift. The budget
that all processes share in the database will stand above this one, which is that of a single process.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from threading import Condition


class Priority(IntEnum):
    """Who goes first when a place becomes free."""

    APPLY = 0
    DRIFT = 1


class Budget:
    """At most `concurrency` calls at once to each service; shared by threads."""

    def __init__(self, concurrency: int) -> None:
        self.calls = 0
        self._concurrency = concurrency
        self._changed = Condition()
        self._open: dict[str, int] = defaultdict(int)
        self._waiting: dict[tuple[str, Priority], int] = defaultdict(int)
        self._paused_until: dict[str, float] = defaultdict(float)

    @contextmanager
    def call(self, service: str, priority: Priority) -> Iterator[None]:
        """Holds a place at `service` for one request; waits for it behind all that are more urgent."""
        with self._changed:
            self._waiting[service, priority] += 1
            try:
                while not self._may_go(service, priority):
                    self._changed.wait(self._pause_left(service) or None)
            finally:
                self._waiting[service, priority] -= 1
            self._open[service] += 1
            self.calls += 1
        try:
            yield
        finally:
            with self._changed:
                self._open[service] -= 1
                self._changed.notify_all()

    def pause(self, service: str, seconds: float) -> None:
        """No new call to `service` for `seconds`: it answered 429 with a Retry-After."""
        with self._changed:
            until = time.monotonic() + seconds
            self._paused_until[service] = max(self._paused_until[service], until)
            self._changed.notify_all()

    def _may_go(self, service: str, priority: Priority) -> bool:
        if self._pause_left(service) > 0 or self._open[service] >= self._concurrency:
            return False
        return not any(self._waiting[service, urgent] for urgent in Priority if urgent < priority)

    def _pause_left(self, service: str) -> float:
        return max(0.0, self._paused_until[service] - time.monotonic())
