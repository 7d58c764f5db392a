"""`yunguan bench latency`: the time from an approval to the first call that changes the cloud, while it is scanned.

`yunguan serve` runs as people run it: a worker for stacks, and one for scans in a process beside it. The first call is
timed by the cloud itself; all processes share the machine's clock.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import func, select

from controller.cli.bench.fleet import seed
from controller.cli.bench.ground import CLOUD, Ground, opened_ground
from controller.cli.bench.machine import percentile
from controller.cli.bench.systems import wish_for_systems
from controller.cli.signals import deferred
from controller.domain.errors import Failed
from controller.reconcile import work
from controller.store.engine import ExecutionRow, ExecutionState, PlanRow
from controller.store.reconcile import ScanRow, WorkRow
from controller.workplace import Workplace

PATIENCE_SECONDS = 60.0
TICK_SECONDS = 0.02


def measure_latency(*, samples: int, objects: int, projects: int) -> dict[str, object]:
    """Median and 95th percentile in seconds over `samples` approvals of systems of one machine.

    `during_scan`: a scan was running from each approval to its first call.
    """
    with opened_ground() as ground:
        seed(ground, objects=objects, projects=projects, deviations=False)
        wish_for_systems(ground.place, samples, machines=1)
        with _served(ground):
            timed = [_sample(ground, plan_id) for plan_id in _plans(ground.place, samples)]
    seconds = [one for one, _ in timed]
    return {
        "samples": samples,
        "p50": round(percentile(seconds, 0.50), 3),
        "p95": round(percentile(seconds, 0.95), 3),
        "values": [round(one, 3) for one in seconds],
        "during_scan": all(scanned for _, scanned in timed),
        "objects": objects,
    }


def _sample(ground: Ground, plan_id: int) -> tuple[float, bool]:
    """Seconds from the approval to the first call, and whether a scan was running all the while."""
    place = ground.place
    scan_id = _started_scan(place)
    ground.cloud.ask("DELETE", "/counts")
    approved = time.time()
    with place.sessions.begin() as session:
        subject = place.reconciler.approve(session, plan_id, person="bench", ground="bench")
    place.queue.wake(subject)
    _until("the approved plan was carried out", lambda: _is_carried_out(place, plan_id))
    first_call: float = ground.cloud.ask("GET", "/counts")["first_mutation"]
    with place.sessions() as session:
        ended = session.get_one(ScanRow, scan_id).ended_at
    return first_call - approved, ended is None or ended.timestamp() >= first_call


def _started_scan(place: Workplace) -> int:
    """The id of a scan that has just begun."""
    _until("the scan before has ended", lambda: _running_scan(place) is None)
    with place.sessions.begin() as session:
        work.ask(session, work.Subject.scan(CLOUD), "bench")
    place.queue.wake(work.Subject.scan(CLOUD))
    _until("a scan has begun", lambda: _running_scan(place) is not None)
    scan_id = _running_scan(place)
    if scan_id is None:
        raise Failed("a scan ended at once", remedy="choose more objects")
    return scan_id


def _running_scan(place: Workplace) -> int | None:
    with place.sessions() as session:
        return session.scalar(select(ScanRow.id).where(ScanRow.ended_at.is_(None)))


def _plans(place: Workplace, count: int) -> list[int]:
    """The plans that the served controller has made for the systems by itself, once it has nothing left to do."""

    def made() -> bool:
        with place.sessions() as session:
            plans = session.scalar(select(func.count()).select_from(PlanRow))
            waiting = session.scalar(select(func.count()).select_from(WorkRow))
        return plans == count and waiting == 0

    _until("the systems are planned", made)
    with place.sessions() as session:
        return list(session.scalars(select(PlanRow.id).order_by(PlanRow.id)))


def _is_carried_out(place: Workplace, plan_id: int) -> bool:
    with place.sessions() as session:
        state = session.scalar(select(ExecutionRow.state).where(ExecutionRow.plan_id == plan_id))
    if state not in {None, ExecutionState.RUNNING, ExecutionState.SUCCEEDED}:
        raise Failed(f"the execution of plan {plan_id} is {state}")
    return state == ExecutionState.SUCCEEDED


@contextmanager
def _served(ground: Ground) -> Iterator[None]:
    """`yunguan serve` in processes of its own as long as the block lasts."""
    with ExitStack() as ending:
        with (ground.folder / "serve.log").open("wb") as log, deferred(signal.SIGTERM, signal.SIGALRM):
            serving = subprocess.Popen(
                [sys.executable, "-m", "controller.cli", "serve"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
            ending.callback(_end, serving)
        yield


def _end(serving: subprocess.Popen[bytes]) -> None:
    serving.terminate()
    try:
        serving.wait(timeout=40)
    except subprocess.TimeoutExpired:
        serving.kill()
        serving.wait()


def _until(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"not within {PATIENCE_SECONDS:.0f} s: {what}")
        time.sleep(TICK_SECONDS)
