"""A rolling upgrade with real processes: a worker of the next version takes the place of one of the version before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.engine.program.source import ProgramSource, program_version
from controller.reconcile.planning import SystemProgram
from controller.reconcile.work import Subject
from controller.store.engine import ApprovalRow, ExecutionState, PlanRow, Provisioning
from controller.workplace import Workplace
from tests.reconcile.site import PROGRAM, Site
from tests.waiting import until
from tests.worker.conftest import Controllers

STACKS = ("--queue", "stacks")


@pytest.fixture
def next_version(tmp_path: Path) -> SystemProgram:
    """A copy of the systems' program of which one file differs."""
    tree = tmp_path / "next"
    copy = shutil.copytree(PROGRAM.source.folder, tree / PROGRAM.source.main)
    module = copy / "__init__.py"
    module.write_text(module.read_text(encoding="utf-8") + "\n# of the next version\n", encoding="utf-8")
    project = PROGRAM.source.dir / "Pulumi.yaml"
    if project.exists():
        shutil.copy(project, tree)
    return SystemProgram(ProgramSource(tree, PROGRAM.source.project, PROGRAM.source.main))


def environment_of(program: SystemProgram) -> dict[str, str]:
    """What makes a process find that program as the installed one, before this source tree's own."""
    path = os.pathsep.join(filter(None, [str(program.source.dir), os.environ.get("PYTHONPATH", "")]))
    return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


def plans(site: Site, stack: int, version: str) -> Sequence[int]:
    with site.sessions() as session:
        found = session.scalars(select(PlanRow).where(PlanRow.stack_id == stack).order_by(PlanRow.id))
        return [one.id for one in found if one.document["program_version"] == version]


def voided(site: Site, plan: int) -> str:
    with site.sessions() as session:
        return session.scalars(select(ApprovalRow.voided).where(ApprovalRow.plan_id == plan)).one() or ""


def test_what_the_old_version_planned_is_planned_anew_and_applied_by_the_next(
    site: Site, place: Workplace, controllers: Controllers, next_version: SystemProgram
) -> None:
    newer = program_version(next_version.source)
    assert newer != PROGRAM.version
    stack = site.desire(site.system())
    place.queue.wake(Subject.stack(stack))
    old = controllers.start(*STACKS)
    until(lambda: bool(plans(site, stack, PROGRAM.version)), f"the old version plans: {old.said}")
    assert old.terminate() == 0
    [old_plan] = plans(site, stack, PROGRAM.version)
    site.approve(old_plan)

    following = controllers.start(*STACKS, **environment_of(next_version))
    until(lambda: bool(plans(site, stack, newer)), f"it is planned anew: {following.said}")
    assert "another version" in voided(site, old_plan)
    assert site.resources(stack) == [], "nothing of the old plan is done"

    site.approve(plans(site, stack, newer)[-1])
    place.queue.wake(Subject.stack(stack))
    until(lambda: site.stack(stack).provisioning == Provisioning.READY, f"the next applies it: {following.said}")
    [execution] = site.executions(stack)
    assert execution.state == ExecutionState.SUCCEEDED
    assert execution.plan_id in plans(site, stack, newer)


def test_an_old_worker_applies_nothing_that_the_next_version_planned(
    site: Site, place: Workplace, controllers: Controllers, next_version: SystemProgram
) -> None:
    newer = program_version(next_version.source)
    stack = site.desire(site.system())
    place.queue.wake(Subject.stack(stack))
    following = controllers.start(*STACKS, **environment_of(next_version))
    until(lambda: bool(plans(site, stack, newer)), f"the next version plans: {following.said}")
    assert following.terminate() == 0
    [plan] = plans(site, stack, newer)
    site.approve(plan)

    old = controllers.start(*STACKS)
    until(lambda: bool(voided(site, plan)), f"the old one sees the approval: {old.said}")
    until(lambda: bool(plans(site, stack, PROGRAM.version)), f"and makes a plan of its own: {old.said}")
    assert site.resources(stack) == []
    assert site.executions(stack) == []
