"""A case file is opened: numbered, with its first row of the timeline, what was declared and what was handed in.

`opening`, `change` and `exit` call it; what they ask for differs, the file is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from controller import audit, catalogue
from controller.casework.casefile.clocks import CaseClock
from controller.casework.casefile.declarations import check_facts
from controller.casework.casefile.evidence import EvidenceStore, HandedIn
from controller.casework.casefile.steps import check_documents, keep_evidence
from controller.casework.people import roles_of, roles_on
from controller.domain.calendar import day_of
from controller.domain.demand import Demand
from controller.domain.errors import Refused, WrongUse
from controller.domain.funding import Applicant, UnitKind, funding_of
from controller.domain.roles import Role
from controller.store import clock
from controller.store.casework import CaseEventRow, CaseRow, EventKind, SystemRow, UnitRow


@dataclass(frozen=True)
class Filing:
    """What is filed: a procedure of the city for a system, by whom, with which demand, declarations and documents."""

    procedure: str
    system: SystemRow
    actor: str
    demand: Demand
    facts: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[HandedIn, ...] = ()
    unit_contact_id: int | None = None
    vendor_contact_id: int | None = None
    details: Mapping[str, object] = field(default_factory=dict)


def file_case(session: Session, filing: Filing, store: EvidenceStore) -> CaseRow:
    """Opens the case. Raises Refused where the actor may not file for the unit (LZ-5) or a case is open already."""
    unit = filing.system.unit
    city = catalogue.city(unit.city)
    procedure = city.procedure(filing.procedure)
    payer = _entitle(session, filing.actor, unit)
    check_facts(city, filing.facts, roles_on(session, filing.actor, unit))
    check_documents(procedure, filing.evidence)
    _refuse_second(session, filing.system)
    now = clock.now(session)
    id = session.scalar(text("SELECT nextval(pg_get_serial_sequence('case_file', 'id'))"))
    case = CaseRow(
        id=id,
        number=f"{city.regulation}-{day_of(now).year}-{id:05d}",
        city=unit.city,
        procedure=procedure.name,
        system_id=filing.system.id,
        stage=procedure.start,
        facts=dict(filing.facts),
        demand=filing.demand.model_dump(mode="json"),
        payer=payer,
        applicant=filing.actor,
        unit_contact_id=filing.unit_contact_id,
        vendor_contact_id=filing.vendor_contact_id,
        opened_at=now,
    )
    session.add(case)
    session.flush()
    session.refresh(case, ["system"])
    handed = keep_evidence(session, case, filing.evidence, filing.actor, store)
    details = {**filing.details, "facts": dict(filing.facts), "evidence": handed}
    session.add(
        CaseEventRow(
            case_id=case.id,
            at=now,
            kind=EventKind.ACTION.value,
            actor=filing.actor,
            role=Role.UNIT.value,
            action="apply",
            before="",
            after=case.stage,
            rule=procedure.rule,
            details=details,
        )
    )
    CaseClock(session, case, catalogue.work_calendar(case.city), now).start(procedure.stage(case.stage), None)
    audit.record(session, actor=filing.actor, action=f"{procedure.name}.apply", target=case.number, details=details)
    return case


def _entitle(session: Session, actor: str, unit: UnitRow) -> str:
    row = funding_of(catalogue.city(unit.city).funding, UnitKind(unit.kind))
    applicant = unit
    if row.applicant is Applicant.COUNTY_GOVERNMENT and unit.county_id is not None:
        applicant = session.get_one(UnitRow, unit.county_id)
    held = any(row.role == Role.UNIT.value and row.unit_id == applicant.id for row in roles_of(session, actor).rows)
    if not held:
        raise Refused(f"{actor} 不能为{unit.name}提出申请", remedy=f"应由{applicant.name}的人员提出申请", rule=row.rule)
    return row.payer.value


def _refuse_second(session: Session, system: SystemRow) -> None:
    session.refresh(system, with_for_update=True)
    number = session.scalar(select(CaseRow.number).where(CaseRow.system_id == system.id, CaseRow.closed_at.is_(None)))
    if number is not None:
        raise Refused(f"“{system.name}”已有在办案件", where=number, remedy="请先办结或撤回该案件")


def system_of_stack(session: Session, name: str) -> SystemRow:
    """The system that a stack `city/unit/system.zone` (or `city/unit/system`) belongs to. Raises WrongUse."""
    parts = name.split("/")
    system = None
    if len(parts) == 3:
        city, unit, code = parts[0], parts[1], parts[2].partition(".")[0]
        system = session.scalar(
            select(SystemRow).join(UnitRow).where(UnitRow.city == city, UnitRow.code == unit, SystemRow.code == code)
        )
    if system is None:
        raise WrongUse(f"没有系统 {name}", remedy="写法：城市/单位/系统，用 yunguan stack list 查看")
    return system


def in_service(system: SystemRow) -> Demand:
    """What the system is in service with. Raises Refused for one that is not."""
    if system.demand is None or system.ended_on is not None:
        raise Refused(f"“{system.name}”不在服务中，不能申请变更或终止", remedy="请先完成开通确认")
    return Demand.model_validate(system.demand)
