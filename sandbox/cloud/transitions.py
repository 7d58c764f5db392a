"""States that pass by themselves: BUILD → ACTIVE, creating → available, PENDING_CREATE → ACTIVE.

A handler says what will happen (`after("server.build", finish)`); with zero latency it happens as soon as the reply is
rendered, before the next request is read; with realistic latency after the seconds of `REALISTIC`.
"""

import asyncio
from collections import deque
from collections.abc import Callable

REALISTIC = {
    "server.build": 0.5,
    "server.delete": 0.3,
    "server.action": 0.4,
    "server.resize": 0.8,
    "image.save": 0.5,
    "volume.create": 0.3,
    "volume.delete": 0.2,
    "volume.attach": 0.2,
    "snapshot.create": 0.3,
    "backup.create": 0.6,
    "loadbalancer.create": 1.0,
    "loadbalancer.update": 0.4,
}
DEFAULT_SECONDS = 0.2


class Transitions:
    """What is due to happen. `realistic` and `held` are switched by the admin port.

    While `held`, nothing happens: a test sees the state in between for as long as it likes.
    """

    def __init__(self, *, realistic: bool) -> None:
        self.realistic = realistic
        self.held = False
        self._due: deque[Callable[[], None]] = deque()
        self._generation = 0

    def after(self, step: str, happen: Callable[[], None]) -> None:
        """Let `happen` come after the latency of `step` (a key of `REALISTIC`)."""
        if self.held or not self.realistic:
            self._due.append(happen)
            return
        seconds = REALISTIC.get(step, DEFAULT_SECONDS)
        asyncio.get_running_loop().call_later(seconds, self._fire, self._generation, happen)

    def settle(self) -> None:
        """Let everything happen that is due without latency; the server calls it once a reply is rendered."""
        while self._due and not self.held:
            self._due.popleft()()

    def forget(self) -> None:
        """Drop what is due: the world it belonged to is gone."""
        self._due.clear()
        self.held = False
        self._generation += 1

    def _fire(self, generation: int, happen: Callable[[], None]) -> None:
        if generation != self._generation:
            return
        happen()
        self.settle()
