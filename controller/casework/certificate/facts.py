"""Case file, journal and ledger become the facts of a certificate of reclaim. `issue.py` calls it.

A case that is not closed, was not searched or whose ledger is still open has no such facts yet: Refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import catalogue
from controller.domain.city import City
from controller.domain.errors import Refused
from controller.domain.lifecycle import Effect, Procedure
from controller.domain.reclaim import (
    Decided,
    Destruction,
    HandedOver,
    LedgerEnd,
    Named,
    ReclaimedResource,
    ReclaimedStack,
    ReclaimFacts,
    Searched,
)
from controller.domain.roles import Role
from controller.engine.applying.journal import Ending
from controller.engine.plan import Op, Purpose
from controller.engine.urn import Urn
from controller.reconcile.leftovers import STACK_TAG
from controller.store import clock
from controller.store.casework import CaseEventRow, CaseRow, EventKind, EvidenceRow
from controller.store.certificate import ReclaimSearchRow
from controller.store.engine import (
    ApprovalRow,
    DecisionRow,
    ExecutionRow,
    ExecutionState,
    JournalRow,
    PlanRow,
    StackRow,
)
from controller.store.metering import LedgerEventRow, MeterEvent

SEARCHED_BY = ("identity", "id", f"tag:{STACK_TAG}")
"""How `reconcile.leftovers` knows a thing of the stacks among all that it lists."""

EFFECTS_OF_RECLAIM = {Effect.RECLAIM, Effect.RELEASE}


def collect_facts(session: Session, number: str) -> ReclaimFacts:
    """What is to be certified about the reclaim of case `number`. Raises Refused where it is not complete."""
    case, search = _complete(session, number)
    city = catalogue.city(case.city)
    procedure = city.procedure(case.procedure)
    unit = case.system.unit
    decisions = _decisions(session, case, city, procedure)
    documents = _documents(session, case, procedure)
    return ReclaimFacts(
        city=Named(code=city.code, name=city.name),
        unit=Named(code=unit.code, name=unit.name),
        system=Named(code=case.system.code, name=case.system.name),
        case=case.number,
        procedure=Named(code=procedure.name, name=procedure.title),
        rules=tuple(sorted({one.rule for one in decisions} | {one.rule for one in documents if one.rule})),
        stacks=tuple(_stack(session, city, name) for name in search.stacks),
        searched_by=SEARCHED_BY,
        searches=tuple(Searched.model_validate(one) for one in search.searches),
        documents=documents,
        decisions=decisions,
        ledger=_ledger(session, search.stacks),
        clock_offset_seconds=round(clock.offset(session).total_seconds()),
    )


def _complete(session: Session, number: str) -> tuple[CaseRow, ReclaimSearchRow]:
    case = session.scalars(select(CaseRow).where(CaseRow.number == number)).one()
    search = session.scalar(select(ReclaimSearchRow).where(ReclaimSearchRow.case_id == case.id))
    if search is None:
        raise Refused("尚未完整查验云平台，不能出具回收证明", where=number)
    if case.closed_at is None:
        raise Refused("案件尚未办结，不能出具回收证明", where=number, remedy="请双方先确认终止")
    return case, search


def _decisions(session: Session, case: CaseRow, city: City, procedure: Procedure) -> tuple[Decided, ...]:
    steps = session.scalars(
        select(CaseEventRow)
        .where(CaseEventRow.case_id == case.id, CaseEventRow.kind == EventKind.ACTION)
        .order_by(CaseEventRow.id)
    )
    return tuple(
        Decided(
            action=Named(code=step.action, name=_title(procedure, step)),
            account=step.actor,
            role=Named(code=step.role, name=_role_title(city, step.role)),
            rule=step.rule,
            at=step.at,
        )
        for step in steps
    )


def _title(procedure: Procedure, step: CaseEventRow) -> str:
    action = procedure.stage(step.before).action(step.action) if step.before else None
    return action.title if action else "提出申请"


def _role_title(city: City, role: str) -> str:
    entry = city.role(Role(role))
    return entry.title if entry else "按规则自动办理"


def _documents(session: Session, case: CaseRow, procedure: Procedure) -> tuple[HandedOver, ...]:
    actions = [action for stage in procedure.stages for action in stage.actions]
    known = {one.code: one for action in actions for one in action.documents}
    proving = {one.code for action in actions if action.effect in EFFECTS_OF_RECLAIM for one in action.documents}
    rows = session.scalars(select(EvidenceRow).where(EvidenceRow.case_id == case.id).order_by(EvidenceRow.id))
    return tuple(
        HandedOver(
            document=row.document,
            title=known[row.document].title if row.document in known else row.document,
            rule=known[row.document].rule if row.document in known else "",
            sha256=row.sha256,
            size=row.size,
            by=row.handed_by,
            at=row.handed_at,
            proves_hand_over=row.document in proving,
        )
        for row in rows
    )


def _stack(session: Session, city: City, name: str) -> ReclaimedStack:
    row = session.scalars(select(StackRow).where(StackRow.name == name)).one()
    code = name.rpartition(".")[2]
    zone = next((zone.name for zone in city.zones if zone.code == code), code)
    return ReclaimedStack(
        name=name,
        zone=Named(code=code, name=zone),
        cloud=row.cloud,
        destructions=_destructions(session, row),
        resources=_resources(session, row),
    )


def _destructions(session: Session, stack: StackRow) -> tuple[Destruction, ...]:
    rows = session.execute(
        select(PlanRow.digest, ApprovalRow.approver, ApprovalRow.ground, ApprovalRow.approved_at, ExecutionRow.ended_at)
        .join(PlanRow, PlanRow.id == ExecutionRow.plan_id)
        .join(ApprovalRow, ApprovalRow.id == ExecutionRow.approval_id)
        .where(
            ExecutionRow.stack_id == stack.id,
            ExecutionRow.state == ExecutionState.SUCCEEDED,
            PlanRow.purpose == Purpose.DESTROY,
        )
        .order_by(ExecutionRow.id)
    )
    return tuple(
        Destruction(plan=digest, approved_by=approver, ground=ground, approved_at=approved_at, ended_at=ended_at)
        for digest, approver, ground, approved_at, ended_at in rows
    )


def _resources(session: Session, stack: StackRow) -> tuple[ReclaimedResource, ...]:
    """Every resource that the journal made or removed: creates and deletes of one URN and id belong together."""
    given_up = {
        (one.urn, one.physical_id): one.person
        for one in session.scalars(select(DecisionRow).where(DecisionRow.stack_id == stack.id))
    }
    rows = session.execute(
        select(JournalRow.type, JournalRow.urn, JournalRow.physical_id, JournalRow.op, JournalRow.closed_at)
        .where(
            JournalRow.stack_id == stack.id,
            JournalRow.op.in_([Op.CREATE, Op.DELETE]),
            JournalRow.outcome.in_([Ending.DONE, Ending.ADOPTED]),
            JournalRow.physical_id != "",
        )
        .order_by(JournalRow.id)
    )
    closed: dict[tuple[str, str, str], dict[str, datetime | None]] = defaultdict(dict)
    for type, urn, id, op, at in rows:
        closed[type, urn, id][op] = at
    return tuple(
        ReclaimedResource(
            type=type,
            name=Urn.parse(urn).name,
            id=id,
            urn=urn,
            created_at=at.get(Op.CREATE),
            deleted_at=at.get(Op.DELETE),
            given_up_by=given_up.get((urn, id), ""),
        )
        for (type, urn, id), at in closed.items()
    )


def _ledger(session: Session, stacks: Sequence[str]) -> tuple[LedgerEnd, ...]:
    """The last life of each resource of `stacks` that was ever charged. Raises Refused where one still is."""
    events = session.execute(
        select(LedgerEventRow.resource, LedgerEventRow.item, LedgerEventRow.kind, LedgerEventRow.day)
        .where(LedgerEventRow.stack.in_(stacks))
        .order_by(LedgerEventRow.resource, LedgerEventRow.item, LedgerEventRow.sequence)
    )
    opened: dict[tuple[str, str], date] = {}
    ended: dict[tuple[str, str], date | None] = {}
    for resource, item, kind, day in events:
        meter = (resource, item)
        if kind == MeterEvent.OPENED:
            opened[meter] = day
        ended[meter] = day if kind == MeterEvent.ENDED else None
    if still := next((resource for (resource, _), day in ended.items() if day is None), None):
        raise Refused("计量台账尚未结束，不能出具回收证明", where=still, remedy="请双方先确认终止")
    lives: dict[tuple[str, date, date], list[str]] = defaultdict(list)
    for (resource, item), end in ended.items():
        if end is not None:
            lives[resource, opened[resource, item], end].append(item)
    return tuple(
        LedgerEnd(resource=resource, items=tuple(items), opened_on=start, ended_on=end)
        for (resource, start, end), items in lives.items()
    )
