"""What a run has heard from its program so far, and the first error of it: shared by the services of `monitor.py`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import grpc

from controller.engine.properties import PropertyMap

LOG_LINES: Final = 1000
"""Messages that are kept of what a program logs, and lines of what it prints: the last."""

_LONGEST_DETAIL = 2000
"""Characters of an error in a reply: it travels in a header. The whole error stays in `Heard.failure`."""


@dataclass
class Heard:
    """What a monitor has learned from its program so far."""

    outputs: PropertyMap = field(default_factory=dict)
    log: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    failure: Exception | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def warn(self, message: str) -> None:
        """Adds a warning of the engine to what the program logged."""
        self.log.append(f"warning: {message}")

    @contextmanager
    def reported(self, context: Any) -> Iterator[None]:
        """Keeps the first error for whoever started the run, and tells the program, which then ends."""
        if self.failure is None:
            try:
                yield
            except Exception as error:  # a defect, too, must end the run and reach whoever started it
                with self._lock:
                    self.failure = self.failure or error
            else:
                return
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(self.failure)[:_LONGEST_DETAIL])
