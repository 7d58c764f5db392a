"""Whose yes a plan already has: a rule's, the standing approval of what was merged, or a person's recorded decisions.

`apply.py` asks before it leaves a plan to a person. What the guard refuses to do under the standing approval becomes an
incident (invariants 1 and 4).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.domain.calendar import day_of
from controller.engine.applying.approval import Person, StandingRule
from controller.engine.applying.decisions import leftovers_given_up, name_of_leftover
from controller.engine.applying.proven import proven_execution
from controller.engine.order import Key
from controller.engine.plan import Op, Operation, Plan, Purpose
from controller.engine.planning.planner import needs_decision
from controller.reconcile import incidents
from controller.reconcile.guard import Limits, Today, acting, destructive, judge, only_stops
from controller.reconcile.incidents import IncidentKind
from controller.reconcile.planning import applied_plan
from controller.store import clock
from controller.store.engine import ExecutionState, ResourceRow, StackRow
from controller.store.locks import Lock, stand_in_line
from controller.store.reconcile import RepairRow
from controller.store.vault import Vault

REPAIR_RULE = "standing approval of the merged plan"
NOTHING_RULE = "nothing stands that an end would remove"


@dataclass(frozen=True)
class Yes:
    """Who says it, on what ground, and what is given up with it, by the names that `approval.approve` takes."""

    by: Person | StandingRule
    ground: str
    gives_up: Collection[str] = ()


def yes_to(session: Session, stack: StackRow, plan_id: int, plan: Plan, *, limits: Limits, vault: Vault) -> Yes | None:
    """The yes that the plan has without anybody being asked, or None: then a person must look at it.

    It rests on what persons said, as the vault's key marks it. A repair that gets its yes is counted on its day. The
    caller commits.
    """
    decided = _decided(session, stack, plan, vault)
    if decided is not None:
        return decided
    if plan.purpose is Purpose.DESTROY:
        return _nothing_stands(session, stack) or _continued(session, stack, plan, vault)
    if plan.purpose is Purpose.APPLY and stack.ground:
        return _by_rule(session, stack, plan_id, plan, vault)
    applied = applied_plan(session, stack.id, vault)
    if applied is None or not stack.applied_digest == stack.spec_digest == applied.spec_digest:
        return None
    stand_in_line(session, Lock.GUARD)  # two repairs at once would each count without the other
    reasons = _objections(session, stack, applied, plan, limits)
    if reasons:
        _report(session, stack, plan_id, plan, reasons, vault=vault)
        return None
    session.add(
        RepairRow(
            stack_id=stack.id,
            plan_id=plan_id,
            cloud=stack.cloud,
            day=_day(session),
            destructive=destructive(plan.operations),
        )
    )
    return Yes(StandingRule(REPAIR_RULE), REPAIR_RULE)


def _by_rule(session: Session, stack: StackRow, plan_id: int, plan: Plan, vault: Vault) -> Yes | None:
    """The rule's, where nothing is done but what the rule is for; what coincides with it is for a person."""
    if only_stops(plan.operations):
        return Yes(StandingRule(stack.ground), stack.ground)
    reasons = [f"{stack.ground} stops machines and does nothing else; this plan does more"]
    _report(session, stack, plan_id, plan, reasons, vault=vault)
    return None


def _report(
    session: Session, stack: StackRow, plan_id: int, plan: Plan, reasons: Sequence[str], *, vault: Vault
) -> None:
    incidents.report(
        session,
        kind=IncidentKind.GUARD,
        subject=stack.name,
        cloud=stack.cloud,
        summary=f"a {plan.purpose} of {stack.name} needs a person: {reasons[0]}",
        details={
            "reasons": list(reasons),
            "operations": [f"{one.op} {one.urn}" for one in acting(plan.operations)],
            "gives_up": _losing(plan, _left_over(session, stack, plan)),
        },
        vault=vault,
        stack_id=stack.id,
        plan_id=plan_id,
    )


def _day(session: Session) -> date:
    return day_of(clock.now(session))


def _done_today(session: Session, stack: StackRow) -> Today:
    """What repairs did today so far."""
    on_cloud, everywhere, repairs = session.execute(
        select(
            func.coalesce(func.sum(RepairRow.destructive).filter(RepairRow.cloud == stack.cloud), 0),
            func.coalesce(func.sum(RepairRow.destructive), 0),
            func.count().filter(RepairRow.stack_id == stack.id),
        ).where(RepairRow.day == _day(session))
    ).one()
    resources = session.scalar(
        select(func.count())
        .select_from(ResourceRow)
        .where(
            ResourceRow.cloud == stack.cloud,
            ResourceRow.custom,
            ResourceRow.external.is_(False),
            ResourceRow.missing.is_(False),
        )
    )
    return Today(on_cloud=on_cloud, everywhere=everywhere, repairs=repairs, resources=resources or 0)


def _decided(session: Session, stack: StackRow, plan: Plan, vault: Vault) -> Yes | None:
    """A person's, where all that would be done is to remove what that person gave up, by its very id.

    What is left over, bears data and nobody gave up stands in the way of nothing: it stays, unless all is destroyed.
    """
    steps = acting(plan.operations)
    if not steps or any(one.op is not Op.DELETE for one in steps):
        return None
    given_up = {
        (plan.moves.get(row.urn, row.urn), row.generation): decision
        for row, decision in leftovers_given_up(session, stack.id, vault)
    }
    left_over = _left_over(session, stack, plan)
    going = [key for key in map(_key, steps) if key in given_up]
    undecided = [one for one in steps if _key(one) not in given_up]
    stay = plan.purpose is not Purpose.DESTROY and all(one.data_bearing and _key(one) in left_over for one in undecided)
    if not going or (undecided and not stay):
        return None
    last = given_up[going[-1]]
    return Yes(Person(last.person), last.ground, [left_over[key] for key in going])


def _left_over(session: Session, stack: StackRow, plan: Plan) -> Mapping[Key, str]:
    """What only waits for its removal, under its URN in the plan, by the name that gives it up."""
    rows = session.scalars(select(ResourceRow).where(ResourceRow.stack_id == stack.id, ResourceRow.pending_delete))
    moved = [(plan.moves.get(row.urn, row.urn), row) for row in rows]
    return {(urn, row.generation): name_of_leftover(urn, row.physical_id) for urn, row in moved}


def _losing(plan: Plan, left_over: Mapping[Key, str]) -> list[str]:
    """The names of what bears data and would be gone."""
    losing = [one for one in plan.operations if needs_decision(one.op, data_bearing=one.data_bearing)]
    return [left_over.get(_key(one), one.urn) for one in losing]


def _key(operation: Operation) -> Key:
    return operation.urn, operation.generation


def _nothing_stands(session: Session, stack: StackRow) -> Yes | None:
    """The rule's, where an approved end finds at most components: the cloud refused all that the stack was to be."""
    made = select(ResourceRow.id).where(
        ResourceRow.stack_id == stack.id, ResourceRow.custom, ResourceRow.external.is_(False)
    )
    return Yes(StandingRule(NOTHING_RULE), NOTHING_RULE) if session.scalar(made.limit(1)) is None else None


def _continued(session: Session, stack: StackRow, plan: Plan, vault: Vault) -> Yes | None:
    """A person's, where an approved plan to destroy failed halfway and this one names nothing that it did not name.

    It must be the last that was done to the stack: a yes to an earlier end is none to what was made since.
    """
    last = proven_execution(session, stack.id, vault)
    if last is None or last.state is not ExecutionState.FAILED or last.plan.purpose is not Purpose.DESTROY:
        return None
    named = {_key(one) for one in last.plan.operations}
    if last.spec_commit != stack.spec_commit or any(_key(one) not in named for one in plan.operations):
        return None
    return Yes(Person(last.approver), last.ground)


def _objections(session: Session, stack: StackRow, applied: Plan, plan: Plan, limits: Limits) -> Sequence[str]:
    rows = session.scalars(select(ResourceRow).where(ResourceRow.stack_id == stack.id)).all()
    judgement = judge(
        plan.operations,
        approved_urns={one.urn for one in applied.operations},
        removable_urns={row.urn for row in rows if row.pending_delete},
        data_bearing={one.urn for one in plan.operations if one.data_bearing},
        lost={row.urn for row in rows if row.missing},
        standing={
            row.urn for row in rows if row.custom and not row.external and not row.missing and not row.pending_delete
        },
        today=_done_today(session, stack),
        limits=limits,
    )
    changed = [] if plan.purpose is Purpose.REPAIR else ["it would not be a repair, but a change"]
    return [*changed, *judgement.reasons]
