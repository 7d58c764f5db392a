"""Where a bench's CPU time goes: every thread of this process is profiled, and the sum is one profile.

The file that is written is one of the standard library's `pstats`; the table holds the functions that took most.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from controller.domain.errors import WrongUse

FUNCTIONS = 25
"""How many functions the table names."""


@contextmanager
def profiled(file: Path | None, figures: dict[str, object]) -> Iterator[None]:
    """Profiles the block where a `file` is named, writes it there, and adds the table to `figures`.

    Raises WrongUse on a Python that can only profile one thread at a time.
    """
    if file is None:
        yield
        return
    if sys.version_info >= (3, 12):
        raise WrongUse(
            "from Python 3.12 on only one thread can be profiled", where="--profile", remedy="use Python 3.11"
        )
    profiles: list[cProfile.Profile] = []

    def begin(_frame: FrameType, _event: str, _argument: Any) -> None:
        """Is called once in each thread, which then has a profile in its place."""
        profiles.append(cProfile.Profile(time.thread_time))
        profiles[-1].enable()

    threading.setprofile(begin)
    begin(sys._getframe(), "call", None)
    try:
        yield
    finally:
        threading.setprofile(None)
        profiles[0].disable()
    stats = pstats.Stats(*profiles)
    stats.dump_stats(file)
    figures["profile"] = _table(stats)


def _table(stats: pstats.Stats) -> list[dict[str, object]]:
    """The functions that took most CPU themselves: milliseconds in them alone, and with all that they called."""
    found = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:FUNCTIONS]  # type: ignore[attr-defined]
    return [
        {
            "function": f"{Path(file).parent.name}/{Path(file).name}:{line} {name}" if line else name,
            "calls": calls,
            "own_ms": round(1000 * own, 1),
            "total_ms": round(1000 * total, 1),
        }
        for (file, line, name), (_, calls, own, total, _callers) in found
    ]
