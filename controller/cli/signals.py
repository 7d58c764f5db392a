"""Ctrl-C and SIGTERM: during work that changes something the first ends it in good order, the second at once; while a
process is being started they wait until it is known.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPPING = b"stopping: calls in flight end, nothing else is begun; once more ends it at once\n"
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable(stopping: threading.Event) -> Iterator[None]:
    """Within it the first signal sets `stopping`; another one ends the process as kill -9 would."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            os.kill(os.getpid(), signal.SIGKILL)
        stopping.set()
        os.write(sys.stderr.fileno(), _STOPPING)  # the main thread may be in the middle of printing

    before = {number: signal.signal(number, stop) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred(*numbers: signal.Signals) -> Iterator[None]:
    """Signals that come within it are raised at its end: a process whose start was cut short is nobody's to end."""
    arrived: list[int] = []
    before = {number: signal.signal(number, lambda number, _: arrived.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in arrived:
            signal.raise_signal(late)
