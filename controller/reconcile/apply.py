"""A look at a stack: whatever it needs now is done, or left as a plan or an incident for a person.

Level-triggered: `Reconciler.look` reads everything from the database each time, so a look that was lost, doubled or
late does no harm. Approved changes go before repairs. Called by `worker.py` and the CLI.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from controller import audit
from controller.clock import real_now
from controller.domain.errors import Refused, WrongUse, YunguanError
from controller.engine.applying import approval, journal
from controller.engine.applying.approval import ForgedPlan, Person
from controller.engine.applying.decisions import name_of_leftover
from controller.engine.applying.execute import execute
from controller.engine.applying.fence import StaleFence
from controller.engine.applying.means import Means
from controller.engine.applying.outcome import Outcome
from controller.engine.applying.recover import recover
from controller.engine.applying.taking_up import NotRunning
from controller.engine.plan import Plan, Purpose
from controller.engine.provider import Unfamiliar
from controller.engine.stack_names import is_program_stack
from controller.reconcile import desire, incidents, standing, work
from controller.reconcile.guard import Limits
from controller.reconcile.incidents import IncidentKind
from controller.reconcile.planning import SystemProgram, plan_of
from controller.store import clock
from controller.store.engine import (
    ApprovalRow,
    ExecutionRow,
    ExecutionState,
    Operating,
    PlanRow,
    Provisioning,
    ResourceRow,
    StackRow,
    Wanted,
)

RETRY = timedelta(seconds=60)
LONGEST_RETRY = timedelta(hours=1)


@dataclass(frozen=True)
class Look:
    """What a look came to, in words for the log, and when to look again (real clock; None: when somebody asks).

    `failed`: something was tried, or was to be, and did not work.
    """

    summary: str
    again_at: datetime | None = None
    failed: bool = False


@dataclass(frozen=True)
class Found:
    """What the database holds of a stack when a look begins, read at once.

    `asked`: how often a look was asked for. `running`: the execution that is. `lost`: whether a call is not closed.
    `usable`: approvals that may still be used, the oldest first.
    """

    asked: int
    stack: StackRow | None
    running: int | None
    lost: bool
    usable: Sequence[int]

    @property
    def is_at_work(self) -> bool:
        """Whether something is to be done in the cloud at once."""
        return self.running is not None or self.lost or bool(self.usable)


@dataclass(frozen=True)
class Reconciler:
    """What looks need: the engine's means, the program, the guard's limits, and how long an approval may be used."""

    means: Means
    program: SystemProgram
    limits: Limits
    valid_for: timedelta

    def look(self, stack_id: int) -> Look:
        """Does what the stack needs now, in order: go on, start what is approved, plan and repair.

        Raises StaleFence where another worker took the stack over, or ended meanwhile what was to go on.
        """
        subject = work.Subject.stack(stack_id)
        with self.means.sessions() as session:
            found = _found(session, subject, stack_id)
        try:
            result = self._look(found)
        except StaleFence:
            raise
        except NotRunning as error:
            raise StaleFence(f"another worker was first: {error.message}") from error
        except Unfamiliar as error:
            result = Look(f"nothing is done: {error.message}", real_now() + RETRY, failed=True)
        except YunguanError as error:
            result = self._errored(stack_id, found, error)
        with self.means.sessions.begin() as session:
            if result.again_at is None:
                work.done(session, subject, found.asked)
            else:
                work.postpone(session, subject, found.asked, result.summary, result.again_at)
        return result

    def plan(self, stack_name: str) -> tuple[int, Plan]:
        """Makes the plan that the stack needs now and keeps it; returns its row's id. Nothing is changed."""
        with self.means.sessions() as session:
            stack = desire.stack(session, stack_name)
        if is_program_stack(stack_name) or (stack.spec is None and stack.wanted == Wanted.PRESENT):
            raise WrongUse("no approved specification says what it shall be", where=stack_name)
        return self._keep(stack, plan_of(self.means, self.program, stack))

    def approve(
        self, session: Session, plan_id: int, *, person: str, ground: str, gives_up: Collection[str] = ()
    ) -> work.Subject:
        """A person's yes to one plan; `gives_up` names each resource whose data goes with it (a plan to destroy: all).

        Raises Refused where one is not named, or all is as approved. The caller commits, then wakes the subject.
        """
        row = session.get_one(PlanRow, plan_id)
        stack = session.get_one(StackRow, row.stack_id)
        if _is_as_approved(stack, approval.read_plan(row, self.means.vault)):
            raise Refused(
                "there is nothing to approve: all is as approved",
                where=stack.name,
                remedy="yunguan stack show tells more",
            )
        approval.approve(
            session,
            plan_id,
            by=Person(person),
            ground=ground,
            valid_for=self.valid_for,
            vault=self.means.vault,
            gives_up=gives_up,
        )
        subject = work.Subject.stack(row.stack_id)
        work.ask(session, subject, f"plan {row.digest[:12]} approved")
        return subject

    def _look(self, found: Found) -> Look:
        if found.stack is None:
            return Look("the stack is not there any more")
        if is_program_stack(found.stack.name):
            return Look("left to whoever runs its program")
        if found.is_at_work:
            self.means.provider.recognise(found.stack.cloud)
        if found.running is not None:
            return self._carry_out(found.stack.id, found.running)
        if found.lost:
            recovery = recover(self.means, found.stack.id)
            if recovery.look_again_at is not None:
                return Look(f"calls with a lost reply are not settled yet: {recovery.reason}", recovery.look_again_at)
        execution_id = self._start_approved(found.stack, found.usable)
        if execution_id is not None:
            return self._carry_out(found.stack.id, execution_id)
        return self._plan_or_repair(found.stack)

    def _start_approved(self, stack: StackRow, usable: Sequence[int]) -> int | None:
        """Starts the oldest approval that can be used. One that turns out void stays behind, and a new plan is made.

        The audit trail tells of each that is not used: `start` of what is void, this of one whose plan was changed.
        """
        for approval_id in usable:
            try:
                return self._start(approval_id)
            except ForgedPlan as forged:
                self._note_forgery(stack, approval_id, forged)
            except Refused:
                continue
        return None

    def _note_forgery(self, stack: StackRow, approval_id: int, forged: ForgedPlan) -> None:
        with self.means.sessions.begin() as session:
            row = session.get_one(StackRow, stack.id, with_for_update=True)
            row.message, row.changed_at = str(forged), real_now()
            audit.record(
                session,
                actor="controller",
                action="approval.refused",
                target=row.name,
                details={"approval": approval_id, "reason": forged.message},
            )

    def _start(self, approval_id: int) -> int:
        means = self.means
        return approval.start(means.sessions, approval_id, means.vault, program_version=self.program.version)

    def _carry_out(self, stack_id: int, execution_id: int) -> Look:
        with self.means.sessions() as session:
            stack = session.get_one(StackRow, stack_id)
            plan = approval.plan_of(session, execution_id, self.means.vault)
        program = None if plan.purpose is Purpose.DESTROY else self.program.apply(stack, self.means.stopping)
        outcome = execute(self.means, execution_id, program)
        if outcome.look_again_at is not None:
            return Look(f"calls with a lost reply are not settled yet: {outcome.reason}", outcome.look_again_at)
        if outcome.state is ExecutionState.RUNNING:
            return Look("left where it is, because the process was told to end", real_now())
        return self._ended(stack_id, execution_id, plan, outcome)

    def _ended(self, stack_id: int, execution_id: int, plan: Plan, outcome: Outcome) -> Look:
        """What follows from the end. Raises StaleFence where another worker has started something since."""
        if outcome.state is not ExecutionState.SUCCEEDED:
            again = None if plan.purpose is Purpose.APPLY else real_now() + self._pause(stack_id)
            return Look(f"{plan.purpose} failed: {'; '.join(outcome.failures.values())}", again, failed=True)
        if outcome.undecided:
            self._report_leftovers(stack_id, outcome.undecided)
        with self.means.sessions.begin() as session:
            stack = session.get_one(StackRow, stack_id, with_for_update=True)
            if session.scalar(_NEWEST, {"stack_id": stack_id}) != execution_id:
                raise StaleFence("another worker has started something else since", where=stack.name)
            stack.operating = Operating.UNKNOWN if plan.purpose is Purpose.DESTROY else Operating.HEALTHY
            incidents.close_all(session, IncidentKind.GUARD, stack.name, f"{plan.purpose} succeeded")
            if stack.spec_digest != plan.spec_digest:
                return Look("applied; a newer specification waits", real_now())
            if not outcome.undecided and plan.purpose is not Purpose.DESTROY:
                stack.settled_digest = self.program.settled_digest(stack.spec_digest)
        return Look(f"{plan.purpose} succeeded")

    def _pause(self, stack_id: int) -> timedelta:
        """Before the next try of what failed: twice as long each time in a row, up to an hour."""
        with self.means.sessions() as session:
            states = session.scalars(
                select(ExecutionRow.state)
                .where(ExecutionRow.stack_id == stack_id)
                .order_by(ExecutionRow.id.desc())
                .limit(10)
            )
            failures = len(list(takewhile(lambda state: state == ExecutionState.FAILED, states)))
        return min(RETRY * (1 << max(failures - 1, 0)), LONGEST_RETRY)

    def _report_leftovers(self, stack_id: int, undecided: Sequence[str]) -> None:
        """What a replace or a lost call left over and bears data waits for a person (invariant 7)."""
        with self.means.sessions.begin() as session:
            stack = session.get_one(StackRow, stack_id)
            rows = session.scalars(
                select(ResourceRow).where(ResourceRow.stack_id == stack_id, ResourceRow.pending_delete)
            )
            for row in (one for one in rows if name_of_leftover(one.urn, one.physical_id) in undecided):
                incidents.report(
                    session,
                    kind=IncidentKind.LEFTOVER,
                    subject=incidents.one_thing(row.cloud, row.type, row.physical_id),
                    cloud=stack.cloud,
                    summary=f"{row.type} {row.physical_id} was left over in {stack.name} and bears data",
                    details={"urn": row.urn, "id": row.physical_id},
                    vault=self.means.vault,
                    stack_id=stack_id,
                )

    def _plan_or_repair(self, stack: StackRow) -> Look:
        if stack.provisioning == Provisioning.ENDED or (
            stack.provisioning == Provisioning.READY and self._is_settled(stack)
        ):
            return Look("nothing to do")
        if stack.spec is None and stack.wanted == Wanted.PRESENT:
            return Look("nothing says yet what it shall be")
        plan_id, plan = self._keep(stack, plan_of(self.means, self.program, stack))
        if _is_as_approved(stack, plan):
            return self._settle(stack)
        self.means.provider.recognise(stack.cloud)
        with self.means.sessions.begin() as session:
            yes = standing.yes_to(session, stack, plan_id, plan, limits=self.limits, vault=self.means.vault)
            if yes is None:
                return Look(f"plan {plan.digest(self.means.vault.hmac_key)[:12]} waits for a person")
            approval_id = approval.approve(
                session,
                plan_id,
                by=yes.by,
                ground=yes.ground,
                valid_for=self.valid_for,
                vault=self.means.vault,
                gives_up=yes.gives_up,
            )
        return self._carry_out(stack.id, self._start(approval_id))

    def _is_settled(self, stack: StackRow) -> bool:
        return stack.settled_digest == self.program.settled_digest(stack.spec_digest)

    def _settle(self, stack: StackRow) -> Look:
        with self.means.sessions.begin() as session:
            row = session.get_one(StackRow, stack.id, with_for_update=True)
            incidents.close_all(session, IncidentKind.GUARD, stack.name, "all is as approved")
            if row.spec_digest == stack.spec_digest:
                row.settled_digest = self.program.settled_digest(row.spec_digest)
                if row.provisioning != Provisioning.READY:
                    row.provisioning, row.message, row.changed_at = Provisioning.READY, "", real_now()
        return Look("nothing to do")

    def _keep(self, stack: StackRow, plan: Plan) -> tuple[int, Plan]:
        with self.means.sessions.begin() as session:
            plan_id = approval.store(session, stack.id, plan, self.means.vault, spec_commit=stack.spec_commit)
        return plan_id, plan

    def _errored(self, stack_id: int, found: Found, error: YunguanError) -> Look:
        """The operator must act; what was running goes on at the next look.

        What was written of the stack since the look began is newer than the error, and stays.
        """
        with self.means.sessions.begin() as session:
            stack = session.get_one(StackRow, stack_id, with_for_update=True)
            if found.stack is not None and stack.changed_at == found.stack.changed_at:
                stack.message, stack.changed_at = str(error), real_now()
                if approval.running(session, stack_id) is None:
                    stack.provisioning = Provisioning.ERRORED
            audit.record(
                session, actor="controller", action="look.failed", target=stack.name, details={"error": error.message}
            )
        return Look(f"failed: {error.message}", real_now() + RETRY, failed=True)


# Built once, since they are asked at every look.
_USABLE = (
    select(ApprovalRow.id)
    .join(PlanRow, PlanRow.id == ApprovalRow.plan_id)
    .outerjoin(ExecutionRow, ExecutionRow.approval_id == ApprovalRow.id)
    .where(
        PlanRow.stack_id == bindparam("stack_id"),
        ApprovalRow.voided == "",
        ApprovalRow.expires_at > bindparam("now"),
        ExecutionRow.id.is_(None),
    )
    .order_by(ApprovalRow.id)
)

_NEWEST = select(func.max(ExecutionRow.id)).where(ExecutionRow.stack_id == bindparam("stack_id"))


def _is_as_approved(stack: StackRow, plan: Plan) -> bool:
    """Whether what is approved was carried out, and the plan would do nothing."""
    return plan.is_empty and plan.purpose is not Purpose.DESTROY and stack.applied_digest == stack.spec_digest


def _found(session: Session, subject: work.Subject, stack_id: int) -> Found:
    return Found(
        asked=work.asked(session, subject),
        stack=session.get(StackRow, stack_id),
        running=approval.running(session, stack_id),
        lost=journal.has_open(session, stack_id),
        usable=session.scalars(_USABLE, {"stack_id": stack_id, "now": clock.now(session)}).all(),
    )
