"""`yunguan bench scan`: a fleet is scanned as `yunguan drift` scans it, in a fresh process whose memory is measured.

The scan is judged as well: it must find exactly the deviations that were planted.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from controller.cli.arguments import workplace
from controller.cli.bench.fleet import Fleet, seed
from controller.cli.bench.ground import CLOUD, opened_ground
from controller.cli.bench.machine import peak_memory_mb
from controller.domain.errors import Failed
from controller.reconcile.scan import scan


def measure_scan(*, objects: int, projects: int) -> dict[str, object]:
    """Figures of one scan. `api_calls` are without `member_calls`, since Octavia lists members by pool only."""
    with opened_ground() as ground:
        fleet = seed(ground, objects=objects, projects=projects, deviations=True)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own_process:
            figures = own_process.submit(_scan, fleet.pools).result()
    _judge(figures, fleet)
    return {"projects": projects, "state_rows": fleet.rows, **figures}


def _scan(member_calls: int) -> dict[str, object]:
    """Runs in a process of its own; finds home and cloud by the environment."""
    with workplace() as place:
        result = scan(place.sessions, place.provider, place.means.vault, CLOUD)
    return {
        "objects": result.objects,
        "seconds": round(result.seconds, 3),
        "api_calls": result.api_calls - member_calls,
        "member_calls": member_calls,
        "rss_mb": round(peak_memory_mb(), 1),
        "complete": result.complete,
        "verdicts": dict(result.counts),
    }


def _judge(figures: dict[str, object], fleet: Fleet) -> None:
    expected = {str(verdict): count for verdict, count in fleet.expected.items()}
    if figures["verdicts"] != expected or not figures["complete"]:
        raise Failed(f"the scan found {figures['verdicts']}, not {expected}: its figures are worth nothing")
