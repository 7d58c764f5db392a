"""From plan to execution: what may be approved and started, and what makes an approval void (invariants 1 and 4)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from controller import audit
from controller.domain.errors import Refused, WrongUse
from controller.engine.applying import approval
from controller.engine.applying.approval import StandingRule
from controller.engine.applying.decisions import give_up
from controller.engine.applying.execute import execute
from controller.engine.applying.progress import Step
from controller.engine.applying.taking_up import take_up
from controller.engine.plan import Purpose
from controller.store import clock
from controller.store.audit import AuditRow
from controller.store.database import Sessions
from controller.store.engine import ApprovalRow, DecisionRow, ExecutionState, PlanRow, ResourceRow, StackRow
from controller.store.vault import Vault
from tests.engine.applying.test_taking_up import waits_for_a_lock
from tests.engine.double import DISK, TestProgram, Want, changed
from tests.engine.scene import KillAt, Killed, Scene
from tests.waiting import until

NET_A = Want("a", inputs={"cidr": "10.0.0.0/24", "name": "a"})
DISK_B = Want("b", DISK, {"size": 10, "medium": "ssd"})
BOTH = TestProgram(NET_A, DISK_B)


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def start(scene: Scene, approval_id: int) -> int:
    return approval.start(scene.sessions, approval_id, scene.vault)


def test_the_same_plan_stored_twice_is_one_row(scene: Scene) -> None:
    scene.approve(scene.plan(BOTH))
    scene.approve(scene.plan(BOTH))

    with scene.sessions() as session:
        assert len(session.scalars(select(PlanRow)).all()) == 1


def test_a_stored_plan_is_the_plan(scene: Scene) -> None:
    plan = scene.plan(BOTH)
    execution_id = start(scene, scene.approve(plan))

    assert take_up(scene.sessions, execution_id, scene.vault).plan == plan


def test_an_approval_starts_one_execution_and_no_second(scene: Scene) -> None:
    approval_id = scene.approve(scene.plan(BOTH))
    execute(scene.means(), start(scene, approval_id), BOTH)

    with pytest.raises(Refused, match="was used"):
        start(scene, approval_id)


def test_a_stack_runs_one_execution_at_a_time(scene: Scene) -> None:
    first, second = scene.approve(scene.plan(BOTH)), scene.approve(scene.plan(BOTH))
    start(scene, first)

    with pytest.raises(Refused, match="is running"):
        start(scene, second)


def test_an_approval_expires_on_the_domain_clock(scene: Scene) -> None:
    approval_id = scene.approve(scene.plan(BOTH))
    with scene.sessions.begin() as session:
        clock.advance(session, timedelta(hours=72))

    with pytest.raises(Refused, match="expired"):
        start(scene, approval_id)


def test_after_a_crash_its_own_results_are_no_movement(scene: Scene) -> None:
    execution_id = start(scene, scene.approve(scene.plan(BOTH)))
    with pytest.raises(Killed):
        execute(scene.means(KillAt(Step.CLOSED)), execution_id, BOTH)

    assert execute(scene.means(), execution_id, BOTH).state is ExecutionState.SUCCEEDED


def make(scene: Scene) -> None:
    scene.apply(BOTH)


def lose(scene: Scene) -> None:
    with scene.sessions.begin() as session:
        session.scalars(select(ResourceRow).where(ResourceRow.urn == NET_A.urn)).one().missing = True


def drift(scene: Scene) -> None:
    with scene.sessions.begin() as session:
        row = session.scalars(select(ResourceRow).where(ResourceRow.urn == NET_A.urn)).one()
        row.observed = {**row.observed, "name": "by hand"}


def doom(scene: Scene) -> None:
    with scene.sessions.begin() as session:
        row = session.scalars(select(ResourceRow).where(ResourceRow.urn == NET_A.urn)).one()
        values = {column.name: getattr(row, column.name) for column in ResourceRow.__table__.columns}
        session.add(ResourceRow(**{**values, "id": None, "urn": "urn:x", "physical_id": "x", "pending_delete": True}))


def swap(scene: Scene) -> None:
    with scene.sessions.begin() as session:
        session.scalars(select(ResourceRow).where(ResourceRow.urn == NET_A.urn)).one().physical_id = "another's"


def respecify(scene: Scene) -> None:
    with scene.sessions.begin() as session:
        session.get_one(StackRow, scene.stack_id).spec_commit = "c2"


def unmerge(scene: Scene) -> None:
    with scene.sessions.begin() as session:
        session.get_one(StackRow, scene.stack_id).spec_commit = ""


@pytest.mark.parametrize(
    ("move", "reason"),
    [
        (lose, "changed since"),
        (drift, "changed since"),
        (swap, "is another one since"),
        (doom, "to be removed, but not in the plan"),
        (respecify, "specification"),
        (unmerge, "specification"),
        (lambda scene: scene.apply(TestProgram(DISK_B)), "is gone since"),
        (lambda scene: scene.apply(TestProgram(NET_A, DISK_B, Want("new"))), "not in the plan"),
    ],
)
def test_what_moved_before_the_start_makes_the_approval_void_for_good(scene: Scene, move: object, reason: str) -> None:
    scene.apply(BOTH)
    approval_id = scene.approve(scene.plan(TestProgram(changed(NET_A, name="x"), DISK_B)))
    assert callable(move)
    move(scene)

    with pytest.raises(Refused, match=reason):
        start(scene, approval_id)
    with pytest.raises(Refused, match="void"):
        start(scene, approval_id)
    with scene.sessions() as session:
        assert session.get_one(ApprovalRow, approval_id).voided
        assert "approval.voided" in session.scalars(select(AuditRow.action)).all()
        assert audit.verify(session).broken_at is None


def test_a_plan_is_not_approved_for_another_thing_than_it_is_about(scene: Scene) -> None:
    """Else the decision about data would be about what somebody wrote into the row since."""
    scene.apply(BOTH)
    plan = scene.plan(None, Purpose.DESTROY)
    swap(scene)
    with pytest.raises(Refused, match="is another one since"):
        scene.approve(plan)


def test_what_was_made_since_makes_a_plan_to_create_it_void(scene: Scene) -> None:
    approval_id = scene.approve(scene.plan(BOTH))
    scene.apply(BOTH)

    with pytest.raises(Refused, match="was made since"):
        start(scene, approval_id)


def test_an_unresolved_call_keeps_the_next_plan_from_starting(scene: Scene) -> None:
    scene.patience = 0.0
    scene.cloud.faults = {"create": ["none", "lose_after"], "find": ["incomplete"] * 9}
    scene.apply(TestProgram(NET_A, DISK_B))
    with scene.sessions.begin() as session:
        running = approval.running(session, scene.stack_id)
        assert running is not None
        plan = scene.plan(TestProgram(NET_A, DISK_B))
        approval.end(session, running, plan, ExecutionState.FAILED, failures={}, outputs=None, vault=scene.vault)
    approval_id = scene.approve(scene.plan(TestProgram(NET_A)))

    with pytest.raises(Refused, match="lost reply"):
        start(scene, approval_id)


def test_only_a_person_gives_up_data(scene: Scene) -> None:
    scene.apply(BOTH)
    plan = scene.plan(TestProgram(NET_A))

    with pytest.raises(Refused, match="only a person"):
        scene.approve(plan, by=StandingRule("LZ-21-4"), gives_up=[DISK_B.urn])
    with pytest.raises(Refused, match="bear data"):
        scene.approve(plan)
    scene.approve(plan, gives_up=[DISK_B.urn])
    with scene.sessions() as session:
        decision = session.scalars(select(DecisionRow)).one()
    assert (decision.urn, decision.person) == (DISK_B.urn, "wang")
    assert decision.physical_id == scene.row(DISK_B.urn).id


def test_a_decision_holds_for_one_disk_and_not_for_the_next_of_its_name(scene: Scene) -> None:
    scene.apply(BOTH)
    scene.apply(TestProgram(NET_A), gives_up=[DISK_B.urn])
    scene.apply(BOTH)

    with pytest.raises(Refused, match="bear data"):
        scene.approve(scene.plan(TestProgram(NET_A)))


def test_two_persons_may_give_up_the_same_disk_at_once(scene: Scene) -> None:
    scene.apply(TestProgram(DISK_B))
    plan, id = scene.plan(TestProgram()), scene.row(DISK_B.urn).id
    with ThreadPoolExecutor(1) as threads:
        with scene.sessions.begin() as session:
            give_up(session, scene.stack_id, DISK_B.urn, id, person="li", ground="case 1", vault=scene.vault)
            later = threads.submit(scene.approve, plan, gives_up=[DISK_B.urn])
            until(lambda: waits_for_a_lock(scene), "the other one wants to give it up, too")
        approval_id = later.result(60)
    with scene.sessions() as session:
        assert session.scalars(select(DecisionRow.person)).all() == ["li"]
    outcome = execute(scene.means(), start(scene, approval_id), TestProgram())
    assert outcome.state is ExecutionState.SUCCEEDED
    assert not scene.cloud.things


def test_to_destroy_gives_up_all_data_of_the_stack(scene: Scene) -> None:
    scene.apply(BOTH)
    scene.approve(scene.plan(None, Purpose.DESTROY))

    with scene.sessions() as session:
        assert session.scalars(select(DecisionRow.urn)).all() == [DISK_B.urn]


def test_a_data_delete_without_decision_is_refused_when_it_comes_to_it(scene: Scene) -> None:
    """As though the decision had been taken back, or another disk stood under the name since."""
    scene.apply(BOTH)
    program = TestProgram(NET_A)
    execution_id = start(scene, scene.approve(scene.plan(program), gives_up=[DISK_B.urn]))
    with scene.sessions.begin() as session:
        session.scalars(select(DecisionRow)).one().physical_id = "another"

    outcome = execute(scene.means(), execution_id, program)

    assert outcome.state is ExecutionState.FAILED
    assert "no person decided" in next(iter(outcome.failures.values()))
    assert scene.row(DISK_B.urn).id in scene.cloud.things


def test_a_repair_puts_back_what_was_changed_or_lost(scene: Scene) -> None:
    scene.apply(BOTH)
    scene.cloud.things[scene.row(DISK_B.urn).id].inputs["size"] = 99
    drift_of_disk(scene)
    del scene.cloud.things[scene.row(NET_A.urn).id]
    lose(scene)

    assert scene.apply(BOTH, Purpose.REPAIR, by=StandingRule("repair")).state is ExecutionState.SUCCEEDED
    assert scene.cloud.things[scene.row(DISK_B.urn).id].inputs["size"] == 10
    assert scene.row(NET_A.urn).generation == 2
    scene.assert_whole()


def drift_of_disk(scene: Scene) -> None:
    with scene.sessions.begin() as session:
        row = session.scalars(select(ResourceRow).where(ResourceRow.urn == DISK_B.urn)).one()
        row.observed = {**row.observed, "size": 99}


def test_a_repair_that_would_replace_data_is_refused_even_where_a_plan_of_it_exists(scene: Scene) -> None:
    scene.apply(BOTH)
    replacing = replace(scene.plan(TestProgram(NET_A, changed(DISK_B, medium="hdd"))), purpose=Purpose.REPAIR)

    with pytest.raises(Refused, match="a repair would"):
        scene.approve(replacing, gives_up=[DISK_B.urn])


def test_what_is_not_there_is_named(scene: Scene) -> None:
    yes = {"by": StandingRule("r"), "ground": "g", "valid_for": timedelta(hours=1), "vault": scene.vault}
    with scene.sessions() as session, pytest.raises(WrongUse, match="no plan 77"):
        approval.approve(session, 77, **yes)
    with pytest.raises(Refused, match="execution 77 is not running"):
        take_up(scene.sessions, 77, scene.vault)
    with pytest.raises(WrongUse, match="no approval 77"):
        start(scene, 77)
