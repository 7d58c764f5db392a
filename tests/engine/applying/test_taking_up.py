"""An approval carries out once: what is spent stays spent, whatever is written into its rows (invariant 1)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from sqlalchemy import select, text, update

from controller.domain.errors import Refused
from controller.engine.applying import approval, authenticity, fence
from controller.engine.applying.execute import execute
from controller.engine.applying.progress import Step
from controller.engine.applying.taking_up import take_up
from controller.engine.plan import Op, Purpose
from controller.store.audit import AuditRow
from controller.store.database import Sessions, migrate, revisions
from controller.store.engine import ApprovalRow, ExecutionRow, ExecutionState, PlanRow, Provisioning
from controller.store.vault import Vault
from tests.engine.double import Call, TestProgram, Want, changed
from tests.engine.scene import KillAt, Killed, Scene
from tests.waiting import until

A = Want("a", inputs={"cidr": "10.0.0.0/24", "name": "a"})
PROGRAM = TestProgram(A)
OTHER = TestProgram(changed(A, name="other"))


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def row_of(scene: Scene, execution_id: int) -> ExecutionRow:
    with scene.sessions() as session:
        return session.get_one(ExecutionRow, execution_id)


def rewrite(scene: Scene, execution_id: int, **values: Any) -> None:
    """Changes an execution behind the controller's back."""
    with scene.sessions.begin() as session:
        session.execute(update(ExecutionRow).where(ExecutionRow.id == execution_id).values(**values))


def is_genuine(scene: Scene, execution_id: int) -> bool:
    with scene.sessions() as session:
        row = session.get_one(ExecutionRow, execution_id)
        return authenticity.is_genuine_execution(row, session.get_one(PlanRow, row.plan_id), scene.vault.hmac_key)


def entries(scene: Scene, action: str) -> list[dict[str, Any]]:
    with scene.sessions() as session:
        return list(session.scalars(select(AuditRow.details).where(AuditRow.action == action)))


@pytest.mark.parametrize("fault", ["", "reject"], ids=["succeeded", "failed"])
def test_an_execution_that_was_set_back_to_running_is_not_carried_out_again(scene: Scene, fault: str) -> None:
    """With the very mark that it had while it was running."""
    execution_id = scene.start(PROGRAM)
    running = row_of(scene, execution_id)
    scene.cloud.faults["create"] = [fault] if fault else []
    execute(scene.means(), execution_id, PROGRAM)
    assert is_genuine(scene, execution_id)
    calls = len(scene.cloud.calls)

    rewrite(scene, execution_id, state=running.state, ended_at=None, mac=running.mac)
    with pytest.raises(Refused, match="is not carried out: it has ended before"):
        scene.resume(PROGRAM)

    assert len(scene.cloud.calls) == calls
    assert (row_of(scene, execution_id).state, scene.stack().provisioning) == (
        ExecutionState.FAILED,
        Provisioning.ERRORED,
    )
    assert not is_genuine(scene, execution_id), "what was refused is no ground for anything"
    assert entries(scene, "execution.refused") == [{"execution": execution_id, "reason": "it has ended before"}]
    assert scene.apply(OTHER).state is ExecutionState.SUCCEEDED, "the stack is free for what is approved anew"


def test_one_that_was_refused_stays_refused(scene: Scene) -> None:
    execution_id = scene.start(PROGRAM)
    running = row_of(scene, execution_id)
    rewrite(scene, execution_id, mac="")
    with pytest.raises(Refused, match="it is not what was started"):
        scene.resume(PROGRAM)
    rewrite(scene, execution_id, state=running.state, mac=running.mac)
    with pytest.raises(Refused, match="it has ended before"):
        scene.resume(PROGRAM)
    assert not scene.cloud.calls


def test_one_that_nobody_started_is_not_taken_up(scene: Scene) -> None:
    execution_id = scene.start(PROGRAM)
    approved = scene.approve(scene.plan(OTHER))
    with scene.sessions() as session:
        plan_id = session.get_one(ApprovalRow, approved).plan_id
    rewrite(scene, execution_id, approval_id=approved, plan_id=plan_id)
    with pytest.raises(Refused, match="it is not what was started"):
        scene.resume(OTHER)
    assert not scene.cloud.calls


def test_one_whose_approval_was_changed_is_not_gone_on_with(scene: Scene) -> None:
    execution_id = scene.start(PROGRAM)
    with scene.sessions.begin() as session:
        session.execute(update(ApprovalRow).values(approver="somebody"))
    with pytest.raises(Refused, match="does not rest on an approval of its plan"):
        scene.resume(PROGRAM)
    assert row_of(scene, execution_id).state == ExecutionState.FAILED
    assert not scene.cloud.calls


@pytest.mark.parametrize("step", list(Step))
def test_a_killed_one_is_gone_on_with_and_ends_with_its_mark(scene: Scene, step: Step) -> None:
    execution_id = scene.start(PROGRAM)
    with pytest.raises(Killed):
        execute(scene.means(KillAt(step)), execution_id, PROGRAM)
    assert is_genuine(scene, execution_id)
    assert scene.resume(PROGRAM).state is ExecutionState.SUCCEEDED
    assert is_genuine(scene, execution_id)
    scene.assert_whole()


def test_what_was_changed_while_it_ran_ends_without_a_mark(scene: Scene) -> None:
    scene.apply(PROGRAM)
    [before] = entries(scene, "execution.started")
    execution_id = scene.start(OTHER)

    def point_elsewhere(_call: Call) -> None:
        with scene.sessions() as session:
            plan_id = session.scalars(select(PlanRow.id).where(PlanRow.digest == before["digest"])).one()
        rewrite(scene, execution_id, plan_id=plan_id)

    scene.cloud.witness = point_elsewhere
    assert execute(scene.means(), execution_id, OTHER).state is ExecutionState.SUCCEEDED
    assert not is_genuine(scene, execution_id)


def test_a_used_approval_is_void_though_no_execution_names_it_any_more(scene: Scene) -> None:
    used = scene.approve(scene.plan(PROGRAM))
    execution_id = approval.start(scene.sessions, used, scene.vault)
    scene.cloud.faults["create"] = ["reject"]
    execute(scene.means(), execution_id, PROGRAM)
    rewrite(scene, execution_id, approval_id=scene.approve(scene.plan(PROGRAM)))
    with pytest.raises(Refused, match="the approval is void: it was used or void before"):
        approval.start(scene.sessions, used, scene.vault)


def test_a_void_approval_stays_void(scene: Scene) -> None:
    approval_id = scene.approve(scene.plan(PROGRAM))
    with pytest.raises(Refused, match="another version of the program"):
        approval.start(scene.sessions, approval_id, scene.vault, program_version="p2")
    with scene.sessions.begin() as session:
        session.execute(update(ApprovalRow).values(voided=""))
    with pytest.raises(Refused, match="it was used or void before"):
        approval.start(scene.sessions, approval_id, scene.vault, program_version="p1")


def waits_for_a_lock(scene: Scene) -> bool:
    """Whether somebody does, in this test's database; asked in a transaction of its own, which alone sees it anew."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with scene.sessions() as session:
        return bool(session.scalar(text(waiting)))


def test_one_that_another_worker_is_just_ending_is_not_taken_up(scene: Scene) -> None:
    plan = scene.plan(PROGRAM)
    execution_id = approval.start(scene.sessions, scene.approve(plan), scene.vault)
    with scene.sessions.begin() as session:
        held = fence.claim(session, scene.stack_id)
    with ThreadPoolExecutor(1) as threads:
        with scene.sessions.begin() as session:
            fence.hold(session, held)
            failed = ExecutionState.FAILED
            approval.end(session, execution_id, plan, failed, failures={}, outputs=None, vault=scene.vault)
            taken = threads.submit(take_up, scene.sessions, execution_id, scene.vault)
            until(lambda: waits_for_a_lock(scene), "the other one wants to claim the stack")
        with pytest.raises(Refused, match="is not running"):
            taken.result(60)
    assert scene.stack().fence == held.fence, "what is not taken up is not claimed"


def test_what_was_running_before_there_were_marks_goes_on_after_the_upgrade(scene: Scene, database_url: str) -> None:
    scene.apply(PROGRAM)
    execution_id = scene.start(OTHER)
    with pytest.raises(Killed):
        execute(scene.means(KillAt(Step.CALLED, op=Op.UPDATE)), execution_id, OTHER)
    command.downgrade(revisions(database_url, scene.vault.hmac_key), "0017_decision_mac")
    migrate(database_url, scene.vault.hmac_key)

    assert scene.resume(OTHER).state is ExecutionState.SUCCEEDED
    with scene.sessions() as session:
        assert all(is_genuine(scene, id) for id in session.scalars(select(ExecutionRow.id)))
    scene.assert_whole()


def test_an_end_leaves_nothing_that_could_be_begun_again(scene: Scene) -> None:
    """All that was made is destroyed; then every row is set back as if nothing had ended."""
    scene.apply(PROGRAM)
    scene.apply(None, Purpose.DESTROY)
    calls = len(scene.cloud.calls)
    with scene.sessions() as session:
        executions = list(session.scalars(select(ExecutionRow.id).order_by(ExecutionRow.id)))
    for id in executions:
        rewrite(scene, id, state=ExecutionState.RUNNING, ended_at=None)
        with pytest.raises(Refused, match="it has ended before"):
            execute(scene.means(), id, PROGRAM)
    assert len(scene.cloud.calls) == calls
    assert not scene.cloud.things
