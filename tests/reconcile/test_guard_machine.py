"""The guard against whatever may come: passes, floods of drift, days, decisions of people, in any order.

Stacks, plans and approvals are rows as the engine writes them; no cloud is needed to judge a plan. Whatever happens,
what is begun without a person stays within its limits on each day, and all else rests on a yes to exactly that plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.domain.calendar import day_of
from controller.domain.errors import Refused
from controller.engine.applying import approval, authenticity
from controller.engine.applying.approval import Person
from controller.engine.plan import Op, Operation, Plan, Purpose
from controller.reconcile import incidents
from controller.reconcile.guard import Allowance, Limits
from controller.reconcile.incidents import IncidentState
from controller.reconcile.standing import yes_to
from controller.store import clock
from controller.store.database import Sessions
from controller.store.engine import (
    ApprovalRow,
    DecisionRow,
    ExecutionRow,
    ExecutionState,
    PlanRow,
    ResourceRow,
    StackRow,
)
from controller.store.reconcile import IncidentRow, RepairRow
from controller.store.vault import Vault

LIMITS = Limits(one_pass=Allowance(2, 0.5), cloud_day=Allowance(3, 0.2), day=4, repairs=3, gone=0.8)
"""Each of them is the first to be reached somewhere: the count in the east, the share in the west, the day by both."""

CLOUDS = ("east", "east", "east", "east", "west", "west")
STACKS = len(CLOUDS)
RESOURCES = 6
DATA = 0
"""The number of the one resource of each stack that bears data."""

DESTRUCTIVE = {Op.DELETE, Op.REPLACE}
VALID = timedelta(days=30)


@dataclass(frozen=True)
class Begun:
    """A repair that was begun without a person."""

    day: date
    stack: int
    cloud: str
    operations: Sequence[Operation]

    @property
    def destructive(self) -> int:
        return sum(one.op in DESTRUCTIVE for one in self.operations)


class Guarded(RuleBasedStateMachine):
    """What stands in the database is the guard's; what stands in these fields is what a bystander noted."""

    sessions: Sessions
    vault: Vault
    shown = Bundle("shown")

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Begun] = []
        self.approved: dict[int, str] = {}
        self.commit = 0
        with self.sessions.begin() as session:
            for table in (
                DecisionRow,
                IncidentRow,
                RepairRow,
                ExecutionRow,
                ApprovalRow,
                PlanRow,
                ResourceRow,
                StackRow,
            ):
                session.execute(delete(table))
            self.stacks = [_applied_stack(session, number, self.vault) for number in range(STACKS)]

    @rule(
        target=shown,
        stack=st.integers(0, STACKS - 1),
        ops=st.lists(st.sampled_from([Op.SAME, Op.SAME, *Op]), min_size=RESOURCES, max_size=RESOURCES).filter(
            lambda ops: set(ops) != {Op.SAME}  # such a stack is settled, and nobody is asked
        ),
    )
    def drifts(self, stack: int, ops: Sequence[Op]) -> int | object:
        """A pass proposes to repair a stack; the incident that comes of it, where one does."""
        operations = [_operation(stack, number, op) for number, op in enumerate(ops)]
        return self._pass(stack, operations)

    @rule(
        target=shown,
        times=st.integers(2, 4),
        stacks=st.sampled_from([range(STACKS), range(4, STACKS)]),
        ops=st.sampled_from([Op.DELETE, Op.REPLACE, Op.UPDATE]),
    )
    def flood(self, times: int, stacks: Sequence[int], ops: Op) -> object:
        """The same drift on every stack, or on those in the west, again and again."""
        opened = []
        for _ in range(times):
            for stack in stacks:
                found = self._pass(stack, _one_acts(stack, ops))
                opened += [found] if isinstance(found, int) else []
        return multiple(*opened)

    @rule(incident=consumes(shown))
    def a_person_approves(self, incident: int) -> None:
        """Of that incident, whatever became of it since it was shown."""
        with self.sessions.begin() as session:
            row = session.get_one(IncidentRow, incident)
            shown, planned = row.digest, session.get_one(PlanRow, row.plan_id).digest
            try:
                incidents.decide(session, incident, IncidentState.APPROVED, user="authority", reason="seen")
            except Refused:
                assert row.state != IncidentState.OPEN
                return
            assert row.digest == shown
            incidents.refuse_changed(session, row, self.vault)
            approval.approve(
                session,
                row.plan_id,
                by=Person("authority"),
                ground=f"incident {incident}",
                valid_for=VALID,
                vault=self.vault,
                gives_up=row.details["gives_up"],
            )
            self.approved[row.plan_id] = planned

    @rule(incident=consumes(shown))
    def a_person_dismisses(self, incident: int) -> None:
        with self.sessions.begin() as session, suppress(Refused):  # decided or closed before
            incidents.decide(session, incident, IncidentState.DISMISSED, user="authority", reason="left")

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        with self.sessions.begin() as session:
            clock.advance(session, timedelta(hours=hours))

    @invariant()
    def a_day_without_people_stays_within_its_limits(self) -> None:
        for one in self.begun:
            assert one.destructive <= LIMITS.one_pass.changes
            assert one.destructive <= LIMITS.one_pass.share * RESOURCES
            assert not any(_bears_data(step) and step.op in DESTRUCTIVE for step in one.operations)
        everywhere, on_cloud, repairs = Counter[date](), Counter[tuple[date, str]](), Counter[tuple[date, int]]()
        for one in self.begun:
            everywhere[one.day] += one.destructive
            on_cloud[one.day, one.cloud] += one.destructive
            repairs[one.day, one.stack] += 1
        assert all(count <= LIMITS.day for count in everywhere.values())
        assert all(count <= LIMITS.cloud_day.changes for count in on_cloud.values())
        for (_, cloud), count in on_cloud.items():
            assert count <= LIMITS.cloud_day.share * RESOURCES * CLOUDS.count(cloud)
        assert all(count <= LIMITS.repairs for count in repairs.values())

    @invariant()
    def all_else_rests_on_a_yes_to_exactly_that_plan(self) -> None:
        with self.sessions() as session:
            of_people = session.execute(
                select(PlanRow.id, PlanRow.digest)
                .join(ApprovalRow, ApprovalRow.plan_id == PlanRow.id)
                .where(ApprovalRow.approver == "authority")
            ).all()
            open_ones = incidents.open_incidents(session)
        assert {(id, digest) for id, digest in of_people} == set(self.approved.items())
        subjects = [(one.kind, one.subject) for one in open_ones]
        assert len(subjects) == len(set(subjects))

    def _pass(self, stack: int, operations: Sequence[Operation]) -> int | object:
        """A look at a stack, as far as it needs no cloud: a plan, the question whose yes it has, the yes."""
        with self.sessions.begin() as session:
            row = session.get_one(StackRow, self.stacks[stack])
            plan = _plan(stack, _purpose(operations), operations)
            plan_id = approval.store(session, row.id, plan, self.vault, spec_commit="merged")
            yes = yes_to(session, row, plan_id, plan, limits=LIMITS, vault=self.vault)
            now = day_of(clock.now(session))
            if yes is not None:
                self.begun.append(Begun(now, stack, row.cloud, operations))
                return multiple()
            found = session.scalar(
                select(IncidentRow.id).where(IncidentRow.plan_id == plan_id, IncidentRow.state == IncidentState.OPEN)
            )
            return found if found is not None else multiple()


def _urn(stack: int, number: int) -> str:
    return f"urn:pulumi:s{stack}::p::t::r{number}"


def _operation(stack: int, number: int, op: Op) -> Operation:
    return Operation(urn=_urn(stack, number), type="t", op=op, inputs={}, data_bearing=number == DATA, generation=1)


def _one_acts(stack: int, op: Op) -> Sequence[Operation]:
    return [_operation(stack, number, op if number == 1 else Op.SAME) for number in range(RESOURCES)]


def _purpose(operations: Sequence[Operation]) -> Purpose:
    """A repair may not touch data: `planning.plan_of` then makes a change of it, for a person to approve."""
    loses_data = any(_bears_data(one) and one.op in DESTRUCTIVE for one in operations)
    return Purpose.APPLY if loses_data else Purpose.REPAIR


def _bears_data(operation: Operation) -> bool:
    return operation.data_bearing


def _plan(stack: int, purpose: Purpose, operations: Sequence[Operation]) -> Plan:
    return Plan(
        stack=f"s{stack}",
        purpose=purpose,
        spec_digest="spec",
        program_version="1",
        operations=operations,
        autoname_seed="",
    )


def _applied_stack(session: Session, number: int, vault: Vault) -> int:
    """A stack as an approved plan has left it."""
    row = StackRow(
        name=f"s{number}",
        cloud=CLOUDS[number],
        spec={},
        spec_digest="spec",
        applied_digest="spec",
        spec_commit="merged",
        changed_at=real_now(),
    )
    session.add(row)
    session.flush()
    session.add_all(
        ResourceRow(
            stack_id=row.id,
            urn=_urn(number, one),
            generation=1,
            type="t",
            custom=True,
            physical_id=f"{number}-{one}",
            version="1",
            changed_at=real_now(),
        )
        for one in range(RESOURCES)
    )
    made = _plan(number, Purpose.APPLY, [_operation(number, one, Op.CREATE) for one in range(RESOURCES)])
    plan_id = approval.store(session, row.id, made, vault, spec_commit="merged")
    yes = approval.approve(
        session,
        plan_id,
        by=Person("vendor"),
        ground="case 1",
        valid_for=VALID,
        vault=vault,
    )
    execution = ExecutionRow(
        stack_id=row.id,
        plan_id=plan_id,
        approval_id=yes,
        state=ExecutionState.SUCCEEDED,
        started_at=real_now(),
        ended_at=real_now(),
    )
    session.add(execution)
    session.flush()
    execution.mac = authenticity.mac_of_execution(execution, session.get_one(PlanRow, plan_id), vault.hmac_key)
    return row.id


@pytest.fixture
def machine(sessions: Sessions, vault: Vault) -> type[Guarded]:
    return type("GuardedHere", (Guarded,), {"sessions": sessions, "vault": vault})


def test_never_more_than_allowed_without_a_yes_for_exactly_that(machine: type[Guarded]) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=12,
            phases=[Phase.generate],  # a database at every step makes shrinking take longer than it is worth
            suppress_health_check=list(HealthCheck),
        ),
    )
