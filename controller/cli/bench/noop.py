"""`yunguan bench noop`: systems that are as they shall be are looked at, as many at once as a worker takes.

Nothing has changed since they were settled, so the program must not run; the bench fails where it did.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, insert, select

from controller.cli.bench.ground import opened_home
from controller.cli.bench.systems import spec_of
from controller.clock import real_now
from controller.domain.errors import Failed
from controller.domain.spec import CloudFlavor, CloudImage, Machine, ServerType
from controller.reconcile import work
from controller.reconcile.queue import STACKS_AT_ONCE
from controller.store.engine import PlanRow, Provisioning, StackRow
from controller.store.reconcile import WorkRow
from controller.workplace import Workplace

MACHINES = 6


def measure_noop(*, systems: int) -> dict[str, object]:
    """Seconds for one look at each of that many settled systems, all asked for beforehand."""
    with opened_home() as place:
        stacks = _settled_stacks(place, systems)
        started = time.perf_counter()
        with ThreadPoolExecutor(STACKS_AT_ONCE) as workers:
            list(workers.map(place.reconciler.look, stacks))
        seconds = time.perf_counter() - started
        _judge(place)
    return {"systems": systems, "seconds": round(seconds, 3), "per_second": round(systems / seconds, 1)}


def _settled_stacks(place: Workplace, count: int) -> list[int]:
    rows = []
    for number in range(count):
        spec = spec_of(number, "sandbox", None, tuple(_machine(index) for index in range(MACHINES)))
        rows.append(
            {
                "name": spec.stack_name,
                "cloud": spec.placement.cloud,
                "spec": spec.model_dump(mode="json", by_alias=True),
                "spec_digest": spec.digest,
                "applied_digest": spec.digest,
                "settled_digest": place.reconciler.program.settled_digest(spec.digest),
                "provisioning": Provisioning.READY,
                "changed_at": real_now(),
            }
        )
    with place.sessions.begin() as session:
        session.execute(insert(StackRow), rows)
        stacks = list(session.scalars(select(StackRow.id).order_by(StackRow.id)))
        for stack_id in stacks:
            work.ask(session, work.Subject.stack(stack_id), "bench")
    return stacks


def _machine(number: int) -> Machine:
    return Machine(
        name=f"app-{number}",
        role=ServerType.APP,
        vcpu=2,
        memory_gb=4,
        system_disk_gb=40,
        data_disk_gb=0,
        image=CloudImage(name="CentOS 7.9", id="image"),
        flavor=CloudFlavor(name="yg.c2m4", id="flavor"),
        owners=("p-1",),
    )


def _judge(place: Workplace) -> None:
    with place.sessions() as session:
        plans = session.scalar(select(func.count()).select_from(PlanRow))
        waiting = session.scalar(select(func.count()).select_from(WorkRow))
    if plans or waiting:
        raise Failed(f"{plans} plans were made and {waiting} looks are still asked for: the figures are worth nothing")
