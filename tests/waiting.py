"""Waiting for what another thread or process does: a condition is polled, with a bound."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0


def until(condition: Callable[[], bool], what: str, *, within: float = PATIENCE) -> None:
    """Polls until `condition` holds; fails with `what` after `within` seconds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"not within {within:.0f} s: {what}"
        time.sleep(0.02)
