"""From a plan to its execution: stored, approved by digest, started once, ended.

Called by the reconciler and by `programs.py` (store, approve, start), and by `execute.py` (end). In between
`taking_up.py` takes the execution up, again after a crash.
An approval is a yes to one digest and is consumed by at most one execution, whose own results are not movement. What
others moved before the start makes the approval void (invariant 1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller import audit
from controller.clock import real_now
from controller.domain.errors import Refused, WrongUse
from controller.engine import storage
from controller.engine.applying import authenticity, decisions, journal, spent
from controller.engine.order import Key
from controller.engine.plan import Op, Plan, Purpose
from controller.engine.planning.planner import needs_decision, refuse_in_repair
from controller.engine.properties import PropertyMap
from controller.engine.sealing import sealed
from controller.engine.state import ResourceState
from controller.store import clock
from controller.store.database import Sessions
from controller.store.engine import (
    ApprovalRow,
    ExecutionRow,
    ExecutionState,
    PlanRow,
    Provisioning,
    StackRow,
    Wanted,
)
from controller.store.vault import Vault

_ANEW = frozenset({Op.CREATE, Op.IMPORT})
_RUNNING = select(ExecutionRow.id).where(
    ExecutionRow.stack_id == bindparam("stack_id"), ExecutionRow.state == ExecutionState.RUNNING
)


class ForgedPlan(Refused):
    """A plan's row is not as it was made: somebody changed it in the database."""


@dataclass(frozen=True)
class Person:
    """Somebody who answers for what he approves."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class StandingRule:
    """A rule on whose strength the controller itself approves: a repair to the approved state, an expiry."""

    rule: str

    def __str__(self) -> str:
        return f"rule {self.rule}"


def store(session: Session, stack_id: int, plan: Plan, vault: Vault, *, spec_commit: str) -> int:
    """Keeps a plan, sealed; returns its row's id.

    The same plan made again is the same row, of the newer commit, and whole again where it was changed meanwhile.
    """
    row = insert(PlanRow).values(
        stack_id=stack_id,
        digest=plan.digest(vault.hmac_key),
        purpose=plan.purpose,
        document=plan.to_document(vault),
        spec_commit=spec_commit,
        made_at=real_now(),
    )
    made_again = {name: row.excluded[name] for name in ("purpose", "document", "spec_commit", "made_at")}
    kept = row.on_conflict_do_update(index_elements=["stack_id", "digest"], set_=made_again).returning(PlanRow.id)
    return session.execute(kept).scalar_one()


def approve(
    session: Session,
    plan_id: int,
    *,
    by: Person | StandingRule,
    ground: str,
    valid_for: timedelta,
    vault: Vault,
    gives_up: Collection[str] = (),
) -> int:
    """Records a yes to the plan's digest, and with it a decision about each resource that bears data and would go.

    `ground` names the case or document. `gives_up` names what the person gives up: a URN what stands under it, and
    nothing else of that name; what is left over goes by `decisions.name_of_leftover`, and stays where it is not named.
    A termination (a plan to destroy) gives up all of its own. Raises Refused where the plan would remove data that
    stands and is not given up, or is about another thing than stands there now. Returns the approval's id.
    """
    row, plan = _plan(session, plan_id, vault)
    states = _as_planned(storage.load_state(session, row.stack_id, vault), plan)
    if exchanged := _exchange(plan, states):
        raise Refused(exchanged, where=plan.stack, remedy="make a new plan")
    given_up = _given_up(plan, states, gives_up)
    if given_up and not isinstance(by, Person):
        raise Refused("only a person can give up data", where=plan.stack, remedy="have a person approve this plan")
    for state in states:
        if (state.urn, state.generation) in given_up:
            decisions.give_up(session, row.stack_id, state.urn, state.id, person=str(by), ground=ground, vault=vault)
    now = clock.now(session)
    approval = ApprovalRow(
        plan_id=plan_id, approver=str(by), ground=ground, approved_at=now, expires_at=now + valid_for
    )
    session.add(approval)
    session.flush()
    approval.mac = authenticity.mac_of(approval, row, vault.hmac_key)
    audit.record(
        session,
        actor=str(by),
        action="plan.approved",
        target=plan.stack,
        details={
            "digest": row.digest,
            "purpose": row.purpose,
            "ground": ground,
            "gives_up": sorted(urn for urn, _ in given_up),
        },
    )
    return approval.id


def start(sessions: Sessions, approval_id: int, vault: Vault, *, program_version: str | None = None) -> int:
    """Consumes an approval into a running execution and returns its id.

    `program_version` is that of the program which is to be run; None where none of it can be another. Raises Refused
    where the approval is void, used or expired, where the stack is busy, or where it is not as it was given, or the
    state or the program moved since the plan was made: the approval is then void for good.
    """
    with sessions.begin() as session:
        approval, plan_row, stack = _lock(session, approval_id)
        plan = read_plan(plan_row, vault)
        _refuse_unless_free(session, approval, stack)
        states = _as_planned(storage.load_state(session, stack.id, vault), plan)
        moved = (
            _disproof(session, approval, plan_row, vault)
            or _another_program(plan, program_version)
            or _exchange(plan, states)
            or _movement(plan, plan_row, stack, states)
        )
        if moved is None:
            return _consume(session, approval, plan_row, stack, vault)
        approval.voided = moved
        audit.record(
            session,
            actor="engine",
            action="approval.voided",
            target=stack.name,
            details={"digest": plan_row.digest, "approval": approval.id, "reason": moved},
        )
    raise Refused(f"the approval is void: {moved}", where=plan.stack, remedy="make a new plan and have it approved")


def running(session: Session, stack_id: int) -> int | None:
    """The stack's running execution, where it has one."""
    return session.scalar(_RUNNING, {"stack_id": stack_id})


def plan_of(session: Session, execution_id: int, vault: Vault) -> Plan:
    """The plan that an execution carries out. Raises ForgedPlan as `read_plan`."""
    return read_plan(session.get_one(PlanRow, session.get_one(ExecutionRow, execution_id).plan_id), vault)


def end(
    session: Session,
    execution_id: int,
    plan: Plan,
    state: ExecutionState,
    *,
    failures: Mapping[str, str],
    outputs: PropertyMap | None,
    vault: Vault,
) -> None:
    """Writes how a run of `plan` ended; one that still runs only keeps its outputs. The caller holds the stack's fence.

    What was changed in the database meanwhile ends without a mark, and is no ground for anything.
    """
    row = session.get_one(ExecutionRow, execution_id)
    stack = session.get_one(StackRow, row.stack_id)
    if outputs is not None:
        stack.outputs = sealed(outputs, vault)
    if state is ExecutionState.RUNNING:
        return
    plan_row = session.get_one(PlanRow, row.plan_id)
    is_genuine = authenticity.is_genuine_execution(row, plan_row, vault.hmac_key)
    row.state, row.ended_at = state, real_now()
    row.mac = authenticity.mac_of_execution(row, plan_row, vault.hmac_key) if is_genuine else ""
    row.message = stack.message = "\n".join(failures.values())
    if state is ExecutionState.SUCCEEDED and plan.purpose is Purpose.APPLY:
        stack.applied_digest = plan.spec_digest
    if state is ExecutionState.SUCCEEDED and plan.purpose is Purpose.DESTROY:
        stack.applied_digest = ""
    stack.provisioning = _provisioning(state, plan.purpose, stack)
    stack.changed_at = real_now()
    audit.record(
        session,
        actor="engine",
        action="execution.ended",
        target=stack.name,
        details={"execution": execution_id, "state": state, "failed": sorted(failures)},
    )


def read_plan(row: PlanRow, vault: Vault) -> Plan:
    """The plan that the row keeps. Raises ForgedPlan where it has not the row's digest and purpose (invariant 1)."""
    plan = Plan.from_document(row.document, vault)
    if plan.digest(vault.hmac_key) != row.digest or plan.purpose != row.purpose:
        raise ForgedPlan(
            f"plan {row.digest[:12]} was changed after it was made",
            where=plan.stack,
            remedy="find out who changed it in the database, and make a new plan",
        )
    return plan


def _provisioning(state: ExecutionState, purpose: Purpose, stack: StackRow) -> Provisioning:
    """Where the stack stands after a run; what people decided meanwhile waits for the next plan."""
    if state is ExecutionState.FAILED:
        return Provisioning.ERRORED
    if stack.wanted == Wanted.ABSENT:
        return Provisioning.ENDED if purpose is Purpose.DESTROY else Provisioning.ENDING
    is_as_wanted = purpose is not Purpose.DESTROY and stack.applied_digest == stack.spec_digest
    return Provisioning.READY if is_as_wanted else Provisioning.PENDING


def _as_planned(states: Iterable[ResourceState], plan: Plan) -> list[ResourceState]:
    """The states under the URNs that the plan gives them."""
    return [state.renamed(plan.moves) for state in states]


def _given_up(plan: Plan, states: Iterable[ResourceState], gives_up: Collection[str]) -> set[Key]:
    """Generations whose data goes with the plan, by their URN there: those named, or all where it is to destroy.

    Raises Refused where one that stands is not named.
    """
    losing = {
        (operation.urn, operation.generation)
        for operation in plan.operations
        if needs_decision(operation.op, data_bearing=operation.data_bearing)
    }
    for urn, _ in losing:
        refuse_in_repair(plan.purpose, Op.DELETE, urn, data_bearing=True)
    if plan.purpose is Purpose.DESTROY:
        return losing
    left_over = {
        (state.urn, state.generation): decisions.name_of_leftover(state.urn, state.id)
        for state in states
        if state.pending_delete
    }
    named = {key for key in losing if left_over.get(key, key[0]) in gives_up}
    unnamed = {urn for urn, _ in losing - named - left_over.keys()}
    if unnamed:
        raise Refused(
            f"the plan removes resources that bear data: {', '.join(sorted(unnamed))}",
            where=plan.stack,
            remedy="if that is meant, name each of them: --give-up URN",
        )
    return named


def _plan(session: Session, plan_id: int, vault: Vault) -> tuple[PlanRow, Plan]:
    row = session.get(PlanRow, plan_id)
    if row is None:
        raise WrongUse(f"there is no plan {plan_id}")
    return row, read_plan(row, vault)


def _lock(session: Session, approval_id: int) -> tuple[ApprovalRow, PlanRow, StackRow]:
    """The approval's rows; nobody else starts anything on the stack until the commit."""
    approval = session.get(ApprovalRow, approval_id)
    if approval is None:
        raise WrongUse(f"there is no approval {approval_id}")
    plan_row = session.get_one(PlanRow, approval.plan_id)
    stack = session.scalars(select(StackRow).where(StackRow.id == plan_row.stack_id).with_for_update()).one()
    session.refresh(approval)
    return approval, plan_row, stack


def _refuse_unless_free(session: Session, approval: ApprovalRow, stack: StackRow) -> None:
    """Raises Refused for what a new plan would not mend."""
    used = session.scalar(select(ExecutionRow.id).where(ExecutionRow.approval_id == approval.id))
    busy = running(session, stack.id)
    if approval.voided:
        raise Refused(f"the approval is void: {approval.voided}", where=stack.name, remedy="make a new plan")
    if used is not None:
        raise Refused(f"the approval was used by execution {used}", where=stack.name, remedy="make a new plan")
    if clock.now(session) >= approval.expires_at:
        raise Refused("the approval has expired", where=stack.name, remedy="have the plan approved again")
    if busy is not None:
        raise Refused(f"execution {busy} of the stack is running", where=stack.name, remedy="wait until it has ended")
    if journal.has_open(session, stack.id):
        raise Refused("calls with a lost reply are not resolved yet", where=stack.name, remedy="try again after that")


def _disproof(session: Session, approval: ApprovalRow, plan_row: PlanRow, vault: Vault) -> str | None:
    """Why it is nobody's yes to that plan, or no longer one."""
    if not authenticity.is_genuine(approval, plan_row, vault.hmac_key):
        return "it is not as it was given"
    return "it was used or void before" if spent.is_spent(session, approval.id) else None


def _another_program(plan: Plan, version: str | None) -> str | None:
    """Why the program at hand may not carry the plan out: a newer worker's may register other things."""
    if plan.purpose is Purpose.DESTROY or version in (None, plan.program_version):
        return None
    return "it was made with another version of the program"


def _exchange(plan: Plan, states: Iterable[ResourceState]) -> str | None:
    """What has the id of another thing since the plan was made, None where nothing has."""
    ids = {(one.urn, one.generation): one.id for one in plan.operations if one.id}
    others = [one.urn for one in states if ids.get((one.urn, one.generation), one.id) != one.id]
    return f"{min(others)} is another one since" if others else None


def _movement(plan: Plan, plan_row: PlanRow, stack: StackRow, states: list[ResourceState]) -> str | None:
    """What others moved since the plan was made, None where nothing did."""
    if not stack.spec_commit or stack.spec_commit != plan_row.spec_commit:
        return "the approved specification is another one"
    pending = {(state.urn, state.generation) for state in states if state.pending_delete}
    deletes = {(one.urn, one.generation) for one in plan.operations if one.op is Op.DELETE or one.passed_over}
    if plan.purpose is not Purpose.REPAIR and pending - deletes:
        return f"{min(pending - deletes)[0]} is to be removed, but not in the plan"
    live = {state.urn: state for state in states if not state.pending_delete}
    planned = {one.urn: one for one in reversed(plan.operations) if (one.urn, one.generation) not in pending}
    for urn in sorted(live.keys() & planned.keys()):
        state, operation = live[urn], planned[urn]
        if operation.op is Op.READ or (state.external and operation.op in _ANEW):
            continue  # what is read is looked at again when the program runs
        if operation.op in _ANEW and not state.missing:
            return f"{urn} was made since"
        lost = state.missing and operation.op is not Op.DELETE and not operation.passed_over  # what is gone may go
        if operation.op not in _ANEW and (lost or state.version != operation.observed_version):
            return f"{urn} changed since"
    if unplanned := live.keys() - planned.keys():
        return f"{min(unplanned)} is in the state, but not in the plan"
    absent = {urn for urn, one in planned.items() if urn not in live and one.op not in _ANEW | {Op.READ}}
    return f"{min(absent)} is gone since" if absent else None


def _consume(session: Session, approval: ApprovalRow, plan_row: PlanRow, stack: StackRow, vault: Vault) -> int:
    execution = ExecutionRow(stack_id=stack.id, plan_id=plan_row.id, approval_id=approval.id, started_at=real_now())
    session.add(execution)
    session.flush()
    execution.mac = authenticity.mac_of_execution(execution, plan_row, vault.hmac_key)
    destroys = plan_row.purpose == Purpose.DESTROY
    stack.provisioning = Provisioning.ENDING if destroys else Provisioning.APPLYING
    stack.message, stack.changed_at = "", real_now()
    audit.record(
        session,
        actor="engine",
        action="execution.started",
        target=stack.name,
        details={
            "digest": plan_row.digest,
            "approval": approval.id,
            "approver": approval.approver,
            "ground": approval.ground,
        },
    )
    return execution.id
