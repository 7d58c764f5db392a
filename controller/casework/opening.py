"""A unit's request becomes cases, one a system; a decided opening becomes specs, a confirmed one goes into service.

What each stage asks for stands in the city's file. Rules: LZ-5 by `filing`, LZ-21-1, LZ-21-5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.casework.casefile.confirming import confirmed
from controller.casework.casefile.evidence import HandedIn
from controller.casework.casefile.filing import Filing, file_case
from controller.casework.casefile.outcome import CaseOutcome, Confirmation
from controller.casework.casefile.steps import Taken
from controller.casework.people import account_of, unit_named
from controller.casework.ports import Ports
from controller.casework.specifying.codes import code_for
from controller.casework.specifying.merging import approved, merge_demand
from controller.domain import request
from controller.domain.demand import demand_of
from controller.domain.errors import Refused, WrongUse
from controller.domain.spec import Phase
from controller.store.casework import CaseRow, SystemRow, UnitRow

PROCEDURE = "opening"


@dataclass(frozen=True)
class Application:
    """A request as it is filed: by which account, with which declarations and documents for all of its systems.

    `unit` names the unit where the request does not.
    """

    request: request.Request
    actor: str
    facts: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[HandedIn, ...] = ()
    unit: str | None = None


def apply(session: Session, application: Application, ports: Ports) -> list[CaseRow]:
    """One case a system, all or none. Raises Refused or WrongUse, saying why; nothing is left then."""
    asked = application.request
    name = asked.unit or application.unit
    if name is None:
        raise WrongUse("需求表没有写明申请单位", remedy="请在表中填写申请单位，或在命令中指明")
    unit = unit_named(session, asked.city, name)
    if unit is None:
        raise WrongUse(f"没有登记单位 {name}", remedy="请先登记该单位及其类型")
    session.refresh(unit, with_for_update=True)  # who files at the same time waits, and then finds the systems
    return [_apply_one(session, application, unit, system, ports) for system in asked.systems]


def _apply_one(
    session: Session, application: Application, unit: UnitRow, asked: request.System, ports: Ports
) -> CaseRow:
    system = _system(session, unit, asked.name)
    if system.demand is not None and system.ended_on is None:
        raise Refused(f"“{system.name}”已在服务中", remedy="需要调整资源时请申请变更", rule="LZ-21-6")
    return file_case(
        session,
        Filing(
            procedure=PROCEDURE,
            system=system,
            actor=application.actor,
            demand=demand_of(asked.machines, lambda owner: account_of(session, owner).account),
            facts=application.facts,
            evidence=application.evidence,
            unit_contact_id=account_of(session, asked.unit_contact).id,
            vendor_contact_id=account_of(session, asked.vendor_contact).id,
        ),
        ports.evidence,
    )


def _system(session: Session, unit: UnitRow, name: str) -> SystemRow:
    known = session.scalar(select(SystemRow).where(SystemRow.unit_id == unit.id, SystemRow.name == name))
    if known is not None:
        return known
    taken = session.scalars(select(SystemRow.code).where(SystemRow.unit_id == unit.id)).all()
    system = SystemRow(unit_id=unit.id, code=code_for(name, taken), name=name)
    session.add(system)
    session.flush()
    return system


def specify_service(taken: Taken) -> CaseOutcome:
    """The opening after the trial: the same machines, running, in service; a plan of its own (LZ-21-5)."""
    return taken.outcome(merged=merge_demand(taken, Phase.SERVICE))


def confirm_opening(taken: Taken) -> CaseOutcome:
    """Both parties have confirmed: the system is in service from that day, and the ledger opens (LZ-21-5)."""
    opening = confirmed(taken, Confirmation.OPENING, approved(taken))
    system = taken.case.system
    system.demand, system.opened_on, system.ended_on = taken.case.demand, opening.on, None
    return taken.outcome(confirmed=opening)
