"""The load balancers of one cloud as this process knows them: what belongs to which, and whose turn a change is.

Octavia takes one change at a time inside a load balancer. Threads that want one wait here, asleep, instead of being
refused with 409 again and again. Between processes nothing is needed: a load balancer belongs to one stack, and a stack
is executed by one process at a time; a hand that changes it meanwhile is waited for after its 409.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock


class Trees:
    """Shared by the threads of a process."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._turns: dict[str, Lock] = defaultdict(Lock)
        self._balancers: dict[str, str] = {}

    @contextmanager
    def turn(self, id: str | None) -> Iterator[None]:
        """The only thread that does anything about that load balancer (or part), until the block's end."""
        if id is None:
            yield
            return
        with self._guard:
            turn = self._turns[id]
        with turn:
            yield

    def balancer_of(self, part_id: str, find: Callable[[], str | None]) -> str | None:
        """The load balancer of a pool or listener, which never changes: `find` is asked until it knows."""
        with self.turn(part_id):
            if part_id not in self._balancers:
                found = find()
                if found is None:
                    return None
                self._balancers[part_id] = found
            return self._balancers[part_id]
