"""What a party declares about a system and what the authority excepts: each a row of the timeline (LZ-2, LZ-21-4)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from controller import audit, catalogue
from controller.casework.casefile.steps import locked_case
from controller.casework.people import roles_on
from controller.domain.city import City
from controller.domain.errors import Refused, WrongUse
from controller.domain.roles import Role
from controller.store import clock
from controller.store.casework import CaseEventRow, CaseRow, EventKind


def check_facts(city: City, facts: Mapping[str, str], roles: frozenset[Role]) -> None:
    """Raises WrongUse for a fact or value that the city does not know, Refused where the role may not declare it."""
    for name, value in facts.items():
        fact = city.fact(name)
        if value not in fact.values:
            known = "、".join(f"{value}（{title}）" for value, title in fact.values.items())
            raise WrongUse(f"“{fact.title}”不能是 {value}", remedy=f"可用：{known}")
        if not roles & set(fact.by):
            allowed = "、".join(catalogue.role_title(city, role) for role in fact.by)
            raise Refused(f"您的角色不能声明“{fact.title}”", remedy=f"应由以下角色声明：{allowed}", rule=fact.rule)


def declare(session: Session, number: str, facts: Mapping[str, str], *, actor: str) -> None:
    """Records declarations on an open case; a later one replaces an earlier, both stay in the timeline."""
    case = _open_case(session, number)
    city = catalogue.city(case.city)
    roles = roles_on(session, actor, case.system.unit)
    check_facts(city, facts, roles)
    case.facts = {**case.facts, **facts}
    for name, value in facts.items():
        fact = city.fact(name)
        role = next(role for role in fact.by if role in roles)
        _note(session, case, EventKind.DECLARATION, actor=actor, role=role, rule=fact.rule, details={name: value})
    audit.record(session, actor=actor, action="case.declare", target=number, details=dict(facts))


def record_exception(session: Session, number: str, *, rule: str, reason: str, actor: str) -> None:
    """Records a reasoned exception where the text says 原则上. Raises Refused where rule or role allow none."""
    case = _open_case(session, number)
    city = catalogue.city(case.city)
    allowed = city.exceptions
    roles = roles_on(session, actor, case.system.unit)
    if rule not in allowed.rules:
        raise Refused(
            "该规则没有“原则上”，不能有例外", remedy=f"可记录例外的规则：{'、'.join(allowed.rules)}", rule=rule
        )
    role = next((role for role in allowed.by if role in roles), None)
    if role is None:
        names = "、".join(catalogue.role_title(city, role) for role in allowed.by)
        raise Refused("您的角色不能记录例外", remedy=f"应由以下角色记录：{names}", rule=rule)
    if not reason.strip():
        raise Refused("例外须写明理由", rule=rule)
    _note(session, case, EventKind.EXCEPTION, actor=actor, role=role, rule=rule, details={}, reason=reason)
    audit.record(session, actor=actor, action="case.except", target=number, details={"rule": rule, "reason": reason})


def _open_case(session: Session, number: str) -> CaseRow:
    case = locked_case(session, number)
    if case.closed_at is not None:
        raise Refused("案件已办结，不能再记录", where=number)
    return case


def _note(
    session: Session,
    case: CaseRow,
    kind: EventKind,
    *,
    actor: str,
    role: Role,
    rule: str,
    details: dict[str, str],
    reason: str = "",
) -> None:
    session.add(
        CaseEventRow(
            case_id=case.id,
            at=clock.now(session),
            kind=kind.value,
            actor=actor,
            role=role.value,
            action="",
            before=case.stage,
            after=case.stage,
            rule=rule,
            reason=reason,
            details=details,
        )
    )
