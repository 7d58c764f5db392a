"""Eight workers, of whom two are killed, bring each of many systems where one undisturbed worker brought the first."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openstack
import pytest
from sqlalchemy import func, select

from controller import audit
from controller.domain.spec import ServerType
from controller.engine import storage
from controller.engine.applying.journal import Ending
from controller.engine.provider import Observation, Scope
from controller.providers.openstack.catalogue import CloudCatalogue
from controller.reconcile.desire import desire
from controller.settings import Settings
from controller.store.engine import ExecutionRow, ExecutionState, JournalRow, Provisioning, StackRow
from controller.workplace import Workplace, open_workplace
from sandbox.cloud.process import RunningCloud
from tests.faults.workers import Left
from tests.reconcile.site import SETTLE
from tests.specs import Systems
from tests.waiting import until
from tests.worker.conftest import Controllers

STACKS = ("--queue", "stacks")
CLOUD = "sandbox-admin"
SYSTEMS, WORKERS, KILLED = int(os.environ.get("YUNGUAN_TEST_SYSTEMS", "200")), 8, 2
WITHIN = 900.0


@pytest.fixture
def place(cloud: RunningCloud, database_url: str, tmp_path: Path) -> Iterator[Workplace]:
    """A home whose calls may take as long as many workers on few cores need."""
    settings = Settings(
        home=tmp_path / "home",
        database_url=database_url,
        request_timeout=5.0,
        settle_seconds=SETTLE,
        scan_minutes=600,
        changes_minutes=0,
    )
    with open_workplace(settings) as opened:
        yield opened


@pytest.fixture(autouse=True)
def wide_enough(cloud: RunningCloud) -> None:
    """So many systems in one project want quotas that nobody has by default."""
    admin = openstack.connect(cloud=CLOUD)
    kinds = ("networks", "subnets", "ports", "routers", "security_groups", "security_group_rules")
    admin.network.update_quota(admin.current_project_id, **dict.fromkeys(kinds, -1))


def approve(place: Workplace, number: int) -> None:
    """A smallest system with an approved plan; nobody is woken up."""
    systems = Systems.on(CloudCatalogue(place.provider.cloud(CLOUD)))
    inside = systems.placement(cloud=CLOUD, outside=False, floating_ips=False)
    machine = systems.machine("mid-1", ServerType.MID, size=(2, 4))
    with place.sessions.begin() as session:
        stack = desire(session, systems.system(machine, name=f"n{number:03}", place=inside), commit="c", case_id=1)
        name = stack.name
    plan_id, _ = place.reconciler.plan(name)
    with place.sessions.begin() as session:
        place.reconciler.approve(session, plan_id, person="vendor", ground="case")


def ready(place: Workplace) -> int:
    with place.sessions() as session:
        return session.scalar(select(func.count()).where(StackRow.provisioning == Provisioning.READY)) or 0


def left(place: Workplace) -> dict[str, Left]:
    """By stack: its state, and all that the cloud holds."""
    connection = place.provider.cloud(CLOUD)
    scope = Scope(connection.project_id)
    found: dict[str, list[Observation]] = {
        kind.token: [one for page in kind.list(connection, scope) for one in page.items if not one.by_cloud]
        for kind in place.provider.kinds()
    }
    with place.sessions() as session:
        stacks = session.scalars(select(StackRow).order_by(StackRow.id)).all()
        return {one.name: Left(storage.load_state(session, one.id, place.means.vault), found) for one in stacks}


def picture(what: Left) -> str:
    """A stack's resources as the cloud shows them, without what tells it from the others."""
    text = json.dumps(what.picture, sort_keys=True, ensure_ascii=False, indent=1)
    for state in what.states:
        if state.identity:
            text = text.replace(state.identity, "identity")
    return re.sub(r"(?<![a-z0-9])n\d{3}(?!\d)", "system", text)


def assert_each_step_was_done_once(place: Workplace) -> None:
    """One execution a stack; each create has one row that made it; nothing is open."""
    with place.sessions() as session:
        executions = session.execute(select(ExecutionRow.stack_id, ExecutionRow.state)).all()
        assert Counter(state for _, state in executions) == {ExecutionState.SUCCEEDED: SYSTEMS}
        assert len({stack for stack, _ in executions}) == SYSTEMS
        steps = session.scalars(select(JournalRow)).all()
        made = Counter(
            (one.stack_id, one.urn, one.generation, one.op)
            for one in steps
            if one.outcome in {Ending.DONE, Ending.ADOPTED}
        )
        assert set(made.values()) == {1}
        assert {one.outcome for one in steps} <= {Ending.DONE, Ending.ADOPTED, Ending.ABSENT}
        assert audit.verify(session).broken_at is None


def assert_nothing_is_doubled(stacks: dict[str, Left]) -> None:
    """No identity twice in states or cloud, and none in the cloud that no state has."""
    held = Counter(state.identity for one in stacks.values() for state in one.states if state.identity)
    [(_, what), *_] = stacks.items()
    shown = Counter(one.identity for found in what.observations.values() for one in found if one.identity)
    assert set(held.values()) == set(shown.values()) == {1}
    assert shown.keys() <= held.keys()


@pytest.mark.timeout(1800)
def test_eight_workers_of_whom_two_are_killed_leave_what_one_leaves(place: Workplace, controllers: Controllers) -> None:
    approve(place, 0)
    alone = controllers.start(*STACKS)
    until(lambda: ready(place) == 1, "one worker, undisturbed")
    assert alone.terminate() == 0
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda number: approve(place, number), range(1, SYSTEMS)))

    workers = [controllers.start(*STACKS) for _ in range(WORKERS)]
    for number, worker in enumerate(workers[:KILLED], 1):
        share = number * SYSTEMS // (KILLED + 2)
        until(lambda share=share: ready(place) >= share, "they work", within=WITHIN)  # type: ignore[misc]
        worker.kill()
    until(lambda: ready(place) == SYSTEMS, "the others go on", within=WITHIN)

    assert_each_step_was_done_once(place)
    stacks = left(place)
    assert_nothing_is_doubled(stacks)
    pictures = [picture(what) for what in stacks.values()]
    assert len(pictures) == SYSTEMS
    for other in pictures[1:]:
        assert other == pictures[0]
