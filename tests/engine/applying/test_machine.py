"""Random programs, faults and kills on the double's cloud: whatever happens, invariants 1, 2, 3, 4 and 7 hold."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete

from controller.engine.applying import approval
from controller.engine.applying.decisions import name_of_leftover
from controller.engine.applying.execute import execute
from controller.engine.applying.progress import Step
from controller.engine.integrity import verify_integrity
from controller.engine.plan import Op, Plan, Purpose
from controller.store.database import Sessions
from controller.store.engine import DecisionRow, ExecutionState, ResourceRow
from controller.store.vault import Vault
from tests.engine.double import DISK, LINK, NET, Call, Out, TestProgram, Want
from tests.engine.scene import KillAt, Killed, Scene

MUTATING = st.sampled_from(["none", "reject", "lose_before", "lose_after", "late", "unsettled", "broken"])
LISTS = st.sampled_from(["none", "incomplete"])


@st.composite
def programs(draw: st.DrawFn) -> TestProgram:
    """Up to three nets, two disks, and links between them, with few values so that changes repeat."""
    value = st.integers(min_value=0, max_value=1)
    nets = [Want(f"n{i}", NET, {"cidr": draw(value), "name": draw(value)}) for i in range(draw(st.integers(0, 3)))]
    disks = [Want(f"v{i}", DISK, {"size": draw(value), "medium": draw(value)}) for i in range(draw(st.integers(0, 2)))]
    links = [
        Want(f"l{i}", LINK, {"left": Out(net.name), "right": Out(disk.name), "colour": draw(value)})
        for i, (net, disk) in enumerate(zip(nets, disks, strict=False))
    ]
    return TestProgram(*nets, *disks, *links, threads=draw(st.sampled_from([1, 3])))


kills = st.none() | st.builds(
    KillAt, st.sampled_from(list(Step)), st.integers(1, 6), st.sampled_from([None, Op.CREATE, Op.UPDATE, Op.DELETE])
)
faults = st.fixed_dictionaries(
    {
        "create": st.lists(MUTATING, max_size=4),
        "update": st.lists(MUTATING, max_size=3),
        "delete": st.lists(MUTATING.filter(lambda fault: fault not in {"unsettled", "broken"}), max_size=3),
        "find": st.lists(LISTS, max_size=2),
        "read": st.lists(LISTS, max_size=2),
    }
)


class Stack(RuleBasedStateMachine):
    """One stack, changed again and again; `sessions` and `vault` are set by the test."""

    sessions: Sessions
    vault: Vault
    examples = 0

    @initialize()
    def new_stack(self) -> None:
        type(self).examples += 1
        with self.sessions.begin() as session:
            session.execute(delete(ResourceRow))  # what stood on the clouds of the examples before
        self.scene = Scene(self.sessions, self.vault, name=f"test/unit/machine.{self.examples}")
        self.announced = self.scene.cloud.witness
        self.scene.cloud.witness = self.witness

    def witness(self, call: Call) -> None:
        """Invariants 2 and 4, at the moment of the call."""
        self.announced(call)
        if call.op == "delete" and call.type == DISK:
            with self.sessions() as session:
                found = session.query(DecisionRow).filter_by(stack_id=self.scene.stack_id, physical_id=call.id).count()
            assert found == 1, f"{call} without a decision"

    @rule(program=programs(), faults=faults, kill=kills, destroys=st.integers(0, 5))
    def apply(self, program: TestProgram, faults: dict[str, list[str]], kill: KillAt | None, destroys: int) -> None:
        """A change under faults and a kill; then, once the faults are over, it is gone on with until it ends."""
        purpose = Purpose.DESTROY if destroys == 0 else Purpose.APPLY
        executed = None if purpose is Purpose.DESTROY else program
        plan = self.scene.plan(executed, purpose)
        lost = self._data_in(plan)
        self.execution_id = approval.start(self.sessions, self.scene.approve(plan, gives_up=lost), self.scene.vault)
        self.scene.cloud.faults = faults
        try:
            outcome = execute(self.scene.means(kill), self.execution_id, executed)
        except Killed:
            outcome = self.scene.resume(executed)
        self.scene.cloud.faults = {}
        if outcome.state is ExecutionState.RUNNING:
            outcome = self.scene.resume(executed)
        self.scene.assert_whole()
        if outcome.state is ExecutionState.FAILED:
            self._mend(executed, purpose)
        live = [one for one in self.scene.state() if not one.pending_delete]
        assert not any(one.unsettled for one in live)
        before = len(self.scene.cloud.calls)
        if executed is not None:
            assert self.scene.apply(executed).state is ExecutionState.SUCCEEDED
        assert len(self.scene.cloud.calls) == before

    def _data_in(self, plan: Plan) -> set[str]:
        """Names to give all of it up by."""
        left_over = {name_of_leftover(one.urn, one.id) for one in self.scene.state() if one.pending_delete}
        return left_over | {operation.urn for operation in plan.operations if operation.data_bearing}

    def _mend(self, program: TestProgram | None, purpose: Purpose) -> None:
        """A new plan for what a refusal left undone ends well."""
        plan = self.scene.plan(program, purpose)
        lost = self._data_in(plan)
        assert self.scene.apply(program, purpose, gives_up=lost).state is ExecutionState.SUCCEEDED
        self.scene.assert_whole()

    @invariant()
    def state_is_sound(self) -> None:
        if hasattr(self, "scene"):
            assert verify_integrity(self.scene.state()) == []
            assert all(row.outcome for row in self.scene.journal())


@pytest.mark.timeout(600)
def test_whatever_happens_the_invariants_hold(sessions: Sessions, vault: Vault) -> None:
    Stack.sessions, Stack.vault = sessions, vault
    run_state_machine_as_test(
        Stack,
        settings=settings(
            max_examples=int(os.environ.get("YUNGUAN_TEST_EXAMPLES", "25")),
            stateful_step_count=4,
            suppress_health_check=list(HealthCheck),
        ),
    )
