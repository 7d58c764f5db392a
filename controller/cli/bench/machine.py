"""What a figure depends on: the machine that it was measured on, and how much memory a process took."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path


def machine() -> dict[str, object]:
    """Cores that this process may use, how many processes wanted one in the last minute, memory in GiB, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "memory_gb": round(memory / 2**30, 1),
        "python": platform.python_version(),
    }


def peak_memory_mb() -> float:
    """The most memory that this process has had resident so far, in MiB.

    Read from the kernel's account of this program alone: getrusage also counts what was there before exec.
    """
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
