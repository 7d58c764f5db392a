"""`yunguan bench apply`: approved plans are carried out, one system alone, then as many at once as a worker takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import func, select

from controller.cli.bench.ground import Ground, opened_ground
from controller.cli.bench.profile import profiled
from controller.cli.bench.systems import wish_for_systems
from controller.domain.errors import Failed
from controller.reconcile import desire
from controller.reconcile.queue import STACKS_AT_ONCE
from controller.store.engine import Provisioning, ResourceRow, StackRow


def measure_apply(*, systems: int, machines: int, profile: Path | None) -> dict[str, object]:
    """Resources made a second, from the looks' start to their end; plans and approvals are there beforehand.

    What several at once take is written to the file `profile`, where one is named; figures are then slower.
    """
    profiling: dict[str, object] = {}
    with opened_ground() as ground:
        names = wish_for_systems(ground.place, systems + 1, machines)
        started = time.perf_counter()
        stacks = [_approved(ground, name) for name in names]
        planning = (time.perf_counter() - started) / len(names)
        alone = _applied(ground, stacks[:1])
        with profiled(profile, profiling):
            together = _applied(ground, stacks[1:])
        again = _mutating_calls_of_another_pass(ground, stacks)
    return {
        **together,
        "systems": systems,
        "alone": alone,
        "plan_seconds": round(planning, 3),
        "mutating_calls_of_a_second_pass": again,
        **profiling,
    }


def _approved(ground: Ground, stack_name: str) -> int:
    """The id of the stack, its plan made and approved."""
    reconciler = ground.place.reconciler
    plan_id, _ = reconciler.plan(stack_name)
    with ground.place.sessions.begin() as session:
        reconciler.approve(session, plan_id, person="bench", ground="bench")
        return desire.stack(session, stack_name).id


def _applied(ground: Ground, stacks: Sequence[int]) -> dict[str, object]:
    started = time.perf_counter()
    with ThreadPoolExecutor(STACKS_AT_ONCE) as workers:
        looks = list(workers.map(ground.place.reconciler.look, stacks))
    seconds = time.perf_counter() - started
    with ground.place.sessions() as session:
        ready = session.scalars(
            select(StackRow.id).where(StackRow.id.in_(stacks), StackRow.provisioning == Provisioning.READY)
        ).all()
        resources = session.scalar(
            select(func.count()).where(
                ResourceRow.stack_id.in_(stacks), ResourceRow.custom, ResourceRow.physical_id != ""
            )
        )
    if len(ready) != len(stacks) or not resources:
        raise Failed(f"not every system was applied: {'; '.join(look.summary for look in looks)}")
    return {
        "resources": resources,
        "seconds": round(seconds, 3),
        "per_second": round(resources / seconds, 1),
    }


def _mutating_calls_of_another_pass(ground: Ground, stacks: Sequence[int]) -> int:
    """The same program for the same systems changes nothing: a plan is made for each, and each is looked at again."""
    ground.cloud.ask("DELETE", "/counts")
    with ground.place.sessions.begin() as session:
        for row in session.scalars(select(StackRow).where(StackRow.id.in_(stacks))):
            row.settled_digest = ""
    for stack_id in stacks:
        ground.place.reconciler.look(stack_id)
    mutating: int = ground.cloud.ask("GET", "/counts")["mutating"]
    return mutating
