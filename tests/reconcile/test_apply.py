"""Looks at a stack: level-triggered, whatever was lost, doubled or late; only what is approved is done."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from controller import audit
from controller.clock import real_now
from controller.domain.errors import Failed, WrongUse
from controller.domain.spec import ServerType, SystemSpec
from controller.engine.applying.fence import StaleFence
from controller.engine.plan import Purpose
from controller.engine.registration import Program
from controller.reconcile import work
from controller.reconcile.planning import SystemProgram
from controller.reconcile.strangers import approve_incident
from controller.reconcile.work import Subject
from controller.store import clock
from controller.store.engine import ApprovalRow, ExecutionState, PlanRow, Provisioning, StackRow
from tests.reconcile.site import PROGRAM, Site


@dataclass(frozen=True)
class Watched(SystemProgram):
    """The systems' program, with something that happens whenever it is run."""

    before: Callable[[], None] = lambda: None

    def preview(self, stack: StackRow) -> Program:
        return self._with(super().preview(stack))

    def apply(self, stack: StackRow, stopping: threading.Event) -> Program:
        return self._with(super().apply(stack, stopping))

    def _with(self, program: Program) -> Program:
        def run(registrar: object) -> None:
            self.before()
            program(registrar)  # type: ignore[arg-type]

        return run


def fails() -> None:
    raise Failed("the program was run")


def other(spec: SystemSpec) -> SystemSpec:
    """The same system, whose volumes are tagged otherwise: another request stands behind it."""
    metadata = spec.metadata.model_copy(update={"request": "R-2026-0002"})
    return spec.model_copy(update={"metadata": metadata})


def asked(site: Site, stack: int) -> int:
    with site.sessions() as session:
        return work.asked(session, Subject.stack(stack))


# Only what is approved.


def test_nothing_is_made_before_the_plan_is_approved(site: Site) -> None:
    stack = site.desire(site.system())
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    assert site.stack(stack).provisioning == Provisioning.PENDING
    assert site.executions(stack) == []


def test_an_approved_plan_is_carried_out_once_however_often_it_is_looked_at(site: Site) -> None:
    stack = site.applied()
    site.forget_counts()
    assert [site.look(stack).summary for _ in range(3)] == ["nothing to do"] * 3
    assert site.changes_made() == 0
    assert [one.state for one in site.executions(stack)] == [ExecutionState.SUCCEEDED]


def test_the_same_plan_approved_twice_is_carried_out_once(site: Site) -> None:
    stack = site.desire(site.system())
    plan_id, _ = site.plan(stack)
    site.approve(plan_id)
    site.approve(plan_id)
    site.look(stack)
    made = len(site.resources(stack))
    site.look(stack)
    assert len(site.resources(stack)) == made
    assert [one.state for one in site.executions(stack)] == [ExecutionState.SUCCEEDED]


def test_an_expired_approval_is_not_used(site: Site) -> None:
    stack = site.desire(site.system())
    site.approve(site.plan(stack)[0])
    with site.sessions.begin() as session:
        clock.advance(session, site.valid_for + timedelta(seconds=1))
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0


def test_an_approval_of_another_specification_is_void_and_a_new_plan_is_made(site: Site) -> None:
    """Invariant 1: the spec moved between the approval and the start."""
    spec = site.system()
    stack = site.desire(spec)
    first, _ = site.plan(stack)
    site.approve(first)
    site.desire(other(spec))
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    with site.sessions() as session:
        approval = session.scalars(select(ApprovalRow)).one()
        plans = session.scalars(select(PlanRow.id).where(PlanRow.stack_id == stack)).all()
    assert "specification" in approval.voided
    assert len(plans) == 2


def test_an_approval_is_void_when_the_state_moved_before_the_start(site: Site) -> None:
    spec = site.system()
    stack = site.applied(spec)
    site.desire(other(spec))
    plan_id, _ = site.plan(stack)
    site.approve(plan_id)
    volume = site.resource(stack, "volume:Volume", "db-1-data")
    site.hand.block_storage.update_volume(volume.physical_id, name="renamed-by-hand")
    site.follow(site.scan())
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    with site.sessions() as session:
        voided = session.scalars(select(ApprovalRow.voided).where(ApprovalRow.plan_id == plan_id)).one()
    assert "changed since" in voided


def test_the_same_content_merged_again_is_a_plan_that_can_be_approved(site: Site) -> None:
    """Its digest is that of the plan before, made for another commit."""
    spec = site.system()
    stack = site.desire(spec)
    site.plan(stack)
    with site.sessions.begin() as session:
        session.get_one(StackRow, stack).spec_commit = "another-commit"
    site.approve(site.plan(stack)[0])
    assert site.look(stack).summary == "apply succeeded"


# What happens meanwhile.


def test_a_spec_merged_while_another_is_applied_waits_for_a_plan_of_its_own(site: Site) -> None:
    spec = site.system()
    merged: list[int] = []

    def merge() -> None:
        if not merged:
            merged.append(site.desire(other(spec)))

    stack = site.desire(spec)
    plan_id, _ = site.plan(stack)
    site.approve(plan_id)
    site.program = Watched(PROGRAM.source, before=merge)
    site.look(stack)
    site.program = PROGRAM
    row = site.stack(stack)
    assert (row.provisioning, row.applied_digest) == (Provisioning.PENDING, spec.digest)
    assert asked(site, stack) > 0
    assert "waits for a person" in site.look(stack).summary
    site.approve(site.plan(stack)[0])
    assert site.look(stack).summary == "apply succeeded"
    assert site.stack(stack).applied_digest == other(spec).digest


def test_an_end_approved_while_it_is_applied_is_not_forgotten(site: Site) -> None:
    ended: list[int] = []

    def end() -> None:
        if not ended:
            ended.append(stack)
            site.end(stack)

    stack = site.desire(site.system())
    site.approve(site.plan(stack)[0])
    site.program = Watched(PROGRAM.source, before=end)
    site.look(stack)
    site.program = PROGRAM
    assert site.stack(stack).provisioning == Provisioning.ENDING
    plan_id, plan = site.plan(stack)
    assert plan.purpose is Purpose.DESTROY
    site.approve(plan_id)
    site.look(stack)
    assert site.stack(stack).provisioning == Provisioning.ENDED
    assert site.resources(stack) == []


def test_two_workers_at_once_make_nothing_twice(site: Site) -> None:
    """Both believe that the stack is theirs; one of them finds out at its next write."""
    stack = site.desire(site.cluster())
    site.approve(site.plan(stack)[0])

    def look() -> str:
        try:
            return site.reconciler.look(stack).summary
        except StaleFence:
            return "taken over"

    with ThreadPoolExecutor(2) as both:
        summaries = [one.result() for one in [both.submit(look) for _ in range(2)]]
    for _ in range(20):
        if site.stack(stack).provisioning == Provisioning.READY:
            break
        site.look(stack)
    result = site.scan()
    assert (result.findings, result.complete) == ([], True), summaries
    names = [one.name for one in site.hand.compute.servers()]
    assert len(names) == len(set(names)) == 2
    with site.sessions() as session:
        assert audit.verify(session).broken_at is None


def test_a_worker_that_lost_its_stack_says_so_and_touches_nothing(site: Site) -> None:
    """What it would have written of an error is not true any more."""
    stack = site.desire(site.system())
    site.approve(site.plan(stack)[0])

    def taken_over() -> None:
        with site.sessions.begin() as session:
            session.get_one(StackRow, stack).fence += 1

    site.program = Watched(PROGRAM.source, before=taken_over)
    with pytest.raises(StaleFence):
        site.look(stack)
    row = site.stack(stack)
    assert (row.provisioning, row.message) == (Provisioning.APPLYING, "")
    assert asked(site, stack) > 0


def test_a_stack_that_is_gone_is_nothing_to_look_at(site: Site) -> None:
    assert site.look(4711).again_at is None


# Failures.


def test_a_failed_execution_is_errored_with_its_reason_and_the_next_plan_goes_on(site: Site) -> None:
    stack = site.desire(site.system())
    site.approve(site.plan(stack)[0])
    site.fault("status", status=403, service="compute", method="POST", path="/servers$", count=None)
    look = site.look(stack)
    assert "apply failed" in look.summary
    row = site.stack(stack)
    assert row.provisioning == Provisioning.ERRORED
    assert "403" in row.message
    assert [one.state for one in site.executions(stack)] == [ExecutionState.FAILED]
    site.end_faults()
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    site.approve(site.plan(stack)[0])
    assert site.look(stack).summary == "apply succeeded"
    row = site.stack(stack)
    assert (row.provisioning, row.message) == (Provisioning.READY, "")
    assert (site.scan().findings, len(list(site.hand.compute.servers()))) == ([], 1)


def test_a_repair_that_fails_is_tried_again_later_and_later(site: Site) -> None:
    stack = site.applied()
    site.hand.compute.delete_server(site.resource(stack, "Instance").physical_id)
    site.fault("status", status=403, service="compute", method="POST", path="/servers$", count=None)
    first = site.repaired(stack)
    second = site.look(stack)
    now = real_now()
    assert first.again_at is not None
    assert second.again_at is not None
    assert second.again_at - now > first.again_at - now > timedelta(seconds=10)
    with site.sessions() as session:
        assert Subject.stack(stack) not in work.due(session)
        assert work.asked(session, Subject.stack(stack)) > 0
    site.end_faults()
    assert site.look(stack).summary == "repair succeeded"
    assert site.stack(stack).provisioning == Provisioning.READY
    assert site.scan().findings == []


def test_a_program_that_fails_is_no_hot_loop_and_recovers(site: Site) -> None:
    stack = site.applied()
    with site.sessions.begin() as session:
        session.get_one(StackRow, stack).settled_digest = ""
    site.program = Watched(PROGRAM.source, before=fails)
    look = site.look(stack)
    assert look.again_at is not None
    assert look.again_at > real_now() + timedelta(seconds=10)
    assert site.stack(stack).provisioning == Provisioning.ERRORED
    assert "the program was run" in site.stack(stack).message
    site.program = PROGRAM
    site.look(stack)
    row = site.stack(stack)
    assert (row.provisioning, row.message) == (Provisioning.READY, "")


def test_a_cloud_without_an_answer_leaves_the_execution_running_and_it_goes_on(site: Site) -> None:
    """The reply to the create is lost and no list can be read: nothing is concluded, nothing made twice."""
    stack = site.desire(site.system())
    site.approve(site.plan(stack)[0])
    site.fault("lose_reply", service="compute", method="POST", path="/servers$")
    site.fault("status", status=500, service="compute", method="GET", path="/servers/detail", count=None)
    look = site.look(stack)
    assert look.again_at is not None
    assert [one.state for one in site.executions(stack)] == [ExecutionState.RUNNING]
    site.end_faults()
    assert site.look(stack).summary == "apply succeeded"
    assert len(list(site.hand.compute.servers())) == 1
    assert site.scan().findings == []


def test_an_unknown_stack_is_wrong_use(site: Site) -> None:
    with pytest.raises(WrongUse, match="liuzhou/nobody"):
        site.reconciler.plan("liuzhou/nobody/nothing.gov")


# A newer program.


@dataclass(frozen=True)
class Newer(SystemProgram):
    """The program of the next version; it makes the same, or leaves something out."""

    without: str = ""

    @property
    def version(self) -> str:  # type: ignore[override]
        return "newer"

    def preview(self, stack: StackRow) -> Program:
        spec = json.loads(json.dumps(stack.spec))
        if self.without:
            spec["placement"]["bastions"] = []
        with_less = StackRow(name=stack.name, spec=spec)
        return super().preview(with_less)


def test_a_newer_program_that_makes_the_same_needs_nobody(site: Site) -> None:
    stack = site.applied()
    site.program = Newer(PROGRAM.source)
    assert [site.look(stack).summary for _ in range(2)] == ["nothing to do"] * 2
    assert site.incidents() == []
    assert site.stack(stack).provisioning == Provisioning.READY


def test_a_newer_program_that_makes_something_else_is_left_to_a_person(site: Site) -> None:
    stack = site.applied()
    site.program = Newer(PROGRAM.source, without="bastions")
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    (incident,) = site.incidents()
    assert any("not be a repair" in reason for reason in incident.details["reasons"])


# Settled, by rule, and the end.


def test_a_settled_stack_is_not_even_planned(site: Site) -> None:
    """Spec and program are those of the last clean pass: the program is not run."""
    stack = site.applied()
    site.program = Watched(PROGRAM.source, before=fails)
    assert site.look(stack).summary == "nothing to do"
    site.desire(other(site.system()))
    assert "the program was run" in site.look(stack).summary


def test_a_rule_may_stop_machines_by_itself_and_nothing_more(site: Site) -> None:
    spec = site.system()
    stack = site.applied(spec)
    site.desire(site.stopped(spec), ground="LZ-21-4")
    assert site.look(stack).summary == "apply succeeded"
    (server,) = site.hand.compute.servers()
    assert server.status == "SHUTOFF"
    with site.sessions() as session:
        approval = session.scalars(select(ApprovalRow).order_by(ApprovalRow.id.desc())).first()
    assert approval is not None
    assert (approval.approver, approval.ground) == ("rule LZ-21-4", "LZ-21-4")
    assert site.scan().findings == []


def test_a_rule_may_not_take_a_machine_away(site: Site) -> None:
    spec = site.system(site.machine("db-1", ServerType.DAT), site.machine("mid-1", ServerType.MID))
    stack = site.applied(spec)
    site.desire(spec.model_copy(update={"machines": spec.machines[:1]}), ground="LZ-21-4")
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    (incident,) = site.incidents()
    assert "LZ-21-4 stops machines and does nothing else" in incident.summary


def test_a_trials_end_that_coincides_with_drift_is_brought_to_a_person(site: Site) -> None:
    spec = site.system()
    stack = site.applied(spec)
    site.hand.block_storage.update_volume(
        site.resource(stack, "volume:Volume", "db-1-data").physical_id, name="renamed-by-hand"
    )
    site.follow(site.scan())
    site.desire(site.stopped(spec), ground="LZ-21-4")
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    (incident,) = site.incidents()
    assert any("db-1-data" in one for one in incident.details["operations"])
    approve_incident(site.reconciler, incident.id, user="authority", reason="both")
    assert site.look(stack).summary == "apply succeeded"
    assert site.scan().findings == []


def test_an_end_destroys_all_with_the_approval_of_a_person_and_not_before(site: Site) -> None:
    stack = site.applied(site.cluster())
    site.end(stack)
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    assert site.stack(stack).provisioning == Provisioning.ENDING
    site.approve(site.plan(stack)[0])
    assert site.look(stack).summary == "destroy succeeded"
    assert site.stack(stack).provisioning == Provisioning.ENDED
    assert site.resources(stack) == []
    result = site.scan()
    assert (result.findings, result.complete) == ([], True)
    assert site.look(stack).summary == "nothing to do"


def test_an_end_that_fails_half_way_goes_on_under_the_same_persons_yes(site: Site) -> None:
    stack = site.applied()
    site.end(stack)
    site.approve(site.plan(stack)[0])
    site.fault("status", status=403, service="network", method="DELETE", path="/networks/", count=None)
    look = site.look(stack)
    assert "destroy failed" in look.summary
    assert look.again_at is not None
    site.end_faults()
    assert site.look(stack).summary == "destroy succeeded"
    assert site.stack(stack).provisioning == Provisioning.ENDED
    assert site.scan().findings == []
