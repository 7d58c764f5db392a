"""Pauses between two looks at something that the cloud has yet to finish, or two attempts. Called by the kinds."""

from __future__ import annotations

import time
from collections.abc import Iterator

from controller.engine.provider import rest

_FIRST = 0.05
_GROWTH = 1.6
_LONGEST = 5.0


def looks(timeout: float) -> Iterator[None]:
    """One item a look: the first at once, the next after growing pauses, none later than `timeout` seconds from now.

    None is left once the process was told to end, as if the time were over.
    """
    end = time.monotonic() + timeout
    pause = _FIRST
    yield
    while (left := end - time.monotonic()) > 0 and rest(min(pause, left)):
        yield
        pause = min(pause * _GROWTH, _LONGEST)
