"""Cases as people and scripts read them: rows become plain values, cut to what the reader's roles may see.

A unit sees its own cases (a county government those of its departments), everyone else of the city all of them. Names,
e-mails and telephones are shown only to roles that the city's file lets see people; others see account ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import catalogue
from controller.casework.casefile.clocks import running
from controller.casework.casefile.filing import system_of_stack
from controller.casework.casefile.steps import exceptions_of, standing_of
from controller.casework.people import roles_of, roles_on
from controller.casework.specifying.inventory import stacks_of
from controller.casework.specifying.publishing import flavors_of, has_approved
from controller.casework.specifying.resolve import stack_names
from controller.domain.city import City
from controller.domain.demand import Demand, DemandedMachine, Difference
from controller.domain.errors import Refused, WrongUse
from controller.domain.lifecycle import lacking, offered
from controller.domain.roles import Role
from controller.store import clock
from controller.store.casework import CaseEventRow, CaseRow, ClockRow, EvidenceRow, PersonRow


@dataclass(frozen=True)
class Summary:
    """A line of the listing. `due` is the last day of the running clock; None where none runs or the case is paused."""

    number: str
    city: str
    procedure: str
    title: str
    unit: str
    system: str
    stage: str
    stage_title: str
    paused: bool
    due: date | None
    provisional: bool
    overdue: bool
    closed: bool


@dataclass(frozen=True)
class Offer:
    """Something that can be done next: by which roles (and what the city calls them), what is missing in the file."""

    action: str
    title: str
    roles: tuple[str, ...]
    role_titles: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """A row of the timeline. `title` and `role_title` are what the city calls its action and role, else the words."""

    at: datetime
    kind: str
    actor: str
    role: str
    role_title: str
    action: str
    title: str
    before: str
    after: str
    rule: str
    reason: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """A document of the file, by its hash."""

    document: str
    file_name: str
    sha256: str
    size: int
    handed_by: str
    handed_at: datetime


@dataclass(frozen=True)
class People:
    """Whom to call: contacts of unit and vendor, and the owners of bastion accounts by account id."""

    unit_contact: Mapping[str, str] | None
    vendor_contact: Mapping[str, str] | None
    owners: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class StackStanding:
    """Where a stack of the case stands with the controller; `message` is what keeps it from standing as approved."""

    name: str
    provisioning: str
    message: str


@dataclass(frozen=True)
class Detail:
    """A whole case. `changes` is what a change asked for; `people` is None for a reader who may not see them.

    `flavors` names the cloud's flavor that each machine was given at the approval: the smallest that has its sizes.
    `standings` are those of the system's stacks while an open case has something approved; else empty.
    """

    summary: Summary
    payer: str
    facts: Mapping[str, str]
    exceptions: tuple[str, ...]
    machines: tuple[DemandedMachine, ...]
    flavors: Mapping[str, str]
    changes: tuple[Difference, ...]
    stacks: tuple[str, ...]
    standings: tuple[StackStanding, ...]
    offers: tuple[Offer, ...]
    evidence: tuple[Evidence, ...]
    timeline: tuple[Event, ...]
    people: People | None


def list_cases(session: Session, *, city: str | None = None, actor: str | None = None) -> list[Summary]:
    """Cases in the order of their filing, of one city or all; only those that `actor` may see, all for the operator."""
    query = select(CaseRow, ClockRow).outerjoin(
        ClockRow, (ClockRow.case_id == CaseRow.id) & ClockRow.ended_at.is_(None)
    )
    if city is not None:
        query = query.where(CaseRow.city == city)
    roles = roles_of(session, actor) if actor is not None else None
    now = clock.now(session)
    return [
        summary_of(case, timer, now)
        for case, timer in session.execute(query.order_by(CaseRow.id))
        if roles is None or roles.towards(case.system.unit)
    ]


def show_case(session: Session, number: str, *, actor: str | None = None) -> Detail:
    """The whole case; an operator (`actor` None) sees no people. Raises WrongUse or Refused where it is not theirs."""
    case = session.scalar(select(CaseRow).where(CaseRow.number == number))
    if case is None:
        raise WrongUse(f"没有案件 {number}", remedy="用 yunguan request list 查看所有案件")
    roles = roles_on(session, actor, case.system.unit) if actor is not None else frozenset[Role]()
    if actor is not None and not roles:
        raise Refused(f"{actor} 无权查看该案件", where=number)
    city = catalogue.city(case.city)
    demand = Demand.model_validate(case.demand)
    kept = session.scalars(select(EvidenceRow).where(EvidenceRow.case_id == case.id).order_by(EvidenceRow.id)).all()
    events = session.scalars(
        select(CaseEventRow).where(CaseEventRow.case_id == case.id).order_by(CaseEventRow.id)
    ).all()
    return Detail(
        summary=summary_of(case, running(session, case), clock.now(session)),
        payer=case.payer,
        facts=case.facts,
        exceptions=tuple(sorted(exceptions_of(session, case))),
        machines=demand.machines,
        flavors=flavors_of(session, case),
        changes=tuple(Difference.model_validate(one) for one in events[0].details.get("changes", ())),
        stacks=stack_names(case.system, city, demand),
        standings=_standings(session, case),
        offers=_offers(session, city, case, frozenset(row.document for row in kept)),
        evidence=tuple(
            Evidence(row.document, row.file_name, row.sha256, row.size, row.handed_by, row.handed_at) for row in kept
        ),
        timeline=tuple(_event(row, city, case.procedure) for row in events),
        people=_people(session, case, demand) if _sees_people(city, roles) else None,
    )


def case_of_stack(session: Session, stack: str) -> str:
    """The number of the open case on the system that `stack` belongs to: what `yunguan confirm STACK` acts on.

    Raises WrongUse where there is none; it names the one that was closed last, since a case is for all of a system.
    """
    system = system_of_stack(session, stack)
    newest = select(CaseRow).where(CaseRow.system_id == system.id).order_by(CaseRow.closed_at.desc().nulls_first())
    case = session.scalar(newest.limit(1))
    if case is None:
        raise WrongUse(f"{stack} 没有在办案件", remedy="用 yunguan request list 查看所有案件")
    if case.closed_at is not None:
        stage = catalogue.city(case.city).procedure(case.procedure).stage(case.stage)
        raise WrongUse(
            f"{stack} 没有在办案件，最近的案件 {case.number} 已办结：{stage.title}",
            remedy="案件按系统办理，对其各分区一并有效，不必逐个分区办理；用 yunguan request list 查看所有案件",
        )
    return case.number


def summary_of(case: CaseRow, timer: ClockRow | None, now: datetime) -> Summary:
    """The line of `case`, with the clock that runs in it, at `now` on the domain clock."""
    procedure = catalogue.city(case.city).procedure(case.procedure)
    return Summary(
        number=case.number,
        city=case.city,
        procedure=case.procedure,
        title=procedure.title,
        unit=case.system.unit.name,
        system=case.system.name,
        stage=case.stage,
        stage_title=procedure.stage(case.stage).title,
        paused=case.paused,
        due=timer.due_on if timer else None,
        provisional=timer.provisional if timer else False,
        overdue=bool(timer and timer.due_at and now >= timer.due_at),
        closed=case.closed_at is not None,
    )


def _offers(session: Session, city: City, case: CaseRow, kept: frozenset[str]) -> tuple[Offer, ...]:
    exceptions = exceptions_of(session, case)
    return tuple(
        Offer(
            action=action.name,
            title=action.title,
            roles=tuple(role.value for role in action.roles),
            role_titles=tuple(catalogue.role_title(city, role) for role in action.roles),
            missing=tuple(one.wanted for one in lacking(action, case.facts, kept, exceptions)),
        )
        for action in offered(city.procedure(case.procedure), standing_of(case))
    )


def _standings(session: Session, case: CaseRow) -> tuple[StackStanding, ...]:
    """None of a closed case: its stacks are another's by now, or gone."""
    if case.closed_at is not None or not has_approved(session, case):
        return ()
    return tuple(StackStanding(row.name, row.provisioning, row.message) for row in stacks_of(session, case.system))


def _event(row: CaseEventRow, city: City, procedure: str) -> Event:
    action = city.procedure(procedure).stage(row.before).action(row.action) if row.before and row.action else None
    return Event(
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        role=row.role,
        role_title=catalogue.role_title(city, Role(row.role)) if row.role else "",
        action=row.action,
        title=action.title if action else catalogue.term("step", row.action or row.kind),
        before=row.before,
        after=row.after,
        rule=row.rule,
        reason=row.reason,
        details=row.details,
    )


def _sees_people(city: City, roles: frozenset[Role]) -> bool:
    return any(entry.sees_people for role in roles if (entry := city.role(role)) is not None)


def _people(session: Session, case: CaseRow, demand: Demand) -> People:
    accounts = sorted({owner for machine in demand.machines for owner in machine.owners})
    ids = [int(account.removeprefix("p-")) for account in accounts]
    rows: Sequence[PersonRow] = session.scalars(select(PersonRow).where(PersonRow.id.in_(ids))).all()
    return People(
        unit_contact=_person(session, case.unit_contact_id),
        vendor_contact=_person(session, case.vendor_contact_id),
        owners={row.account: {"name": row.name, "email": row.email, "mobile": row.mobile} for row in rows},
    )


def _person(session: Session, id: int | None) -> Mapping[str, str] | None:
    row = session.get(PersonRow, id) if id is not None else None
    return {"name": row.name, "email": row.email, "mobile": row.mobile} if row else None
