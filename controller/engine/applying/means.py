"""What work on a stack needs from outside: database, vault, provider, clock, threads, and how long to wait. Made at the
roots; tests of faults give a clock and threads that they control.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from controller.clock import Clock, RealClock
from controller.engine.applying.parallel import REAL_THREADS, Threads
from controller.engine.applying.progress import Progress, Silent
from controller.engine.provider import Kind, Provider
from controller.engine.state import ResourceState
from controller.store.database import Sessions
from controller.store.vault import Vault


@dataclass(frozen=True)
class Means:
    """`request_timeout`: seconds a call may take. `patience`: the longest wait, in seconds, that a run does itself;
    for a longer one it ends and says when to look again. `retry_seconds`: when that is for a cloud that does not
    answer. Once `stopping` is set no run begins anything new: what is in flight ends, and the run can be taken up
    again.
    """

    sessions: Sessions
    vault: Vault
    provider: Provider
    request_timeout: float = 60.0
    patience: float = 5.0
    retry_seconds: float = 30.0
    deletes_at_once: int = 16
    progress: Progress = field(default_factory=Silent)
    clock: Clock = field(default_factory=RealClock)
    threads: Threads = REAL_THREADS
    stopping: threading.Event = field(default_factory=threading.Event)

    def connection(self, resource: ResourceState, kind: Kind) -> Any:
        """What calls about the resource are given: the connection to its cloud, None for a kind that acts on none."""
        return self.provider.cloud(resource.cloud) if kind.service else None
