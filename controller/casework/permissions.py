"""Who may do what outside the steps of a case (whose parties stand in the city's file): a table that commands ask.

Until there is sign-in, the account that acts is an unproven word (README, "Who acts"): the table keeps honest people
from deciding what is not theirs, and the audit trail says in whose name it was done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller import audit, catalogue
from controller.casework.people import stand_in_line
from controller.domain.errors import Refused, WrongUse
from controller.domain.place import entry_of
from controller.domain.roles import ACCOUNT, CONTROLLER_ACTOR, Role
from controller.engine.provider import Provider
from controller.reconcile.incidents import IncidentKind
from controller.store.casework import UserRoleRow
from controller.store.engine import StackRow
from controller.store.reconcile import IncidentRow


class Permission(StrEnum):
    """What is asked for, named as the command that does it."""

    APPROVE_PLAN = "stack approve"
    APPLY = "stack apply"
    EXPORT = "stack export"
    IMPORT = "stack import"
    REPAIR = "drift --repair"
    APPROVE_INCIDENT = "incident approve"
    GIVE_UP_DATA = "incident approve, where data is lost"
    TRUST_CLOUD = "incident approve, where a cloud is another one"
    DISMISS_INCIDENT = "incident dismiss"
    RUN_BILL = "bill run"
    ADD_UNIT = "unit add"
    GRANT = "user grant"
    REVOKE = "user revoke"
    MOVE_CLOCK = "clock advance"


ROLES: Mapping[Permission, Collection[Role]] = {
    Permission.APPROVE_PLAN: (Role.VENDOR,),
    # apply, repair and bill decide nothing: the operator may do by hand what the controller does by itself
    Permission.APPLY: (Role.VENDOR, Role.OPERATOR),
    Permission.REPAIR: (Role.VENDOR, Role.OPERATOR),
    # a state holds secrets, and what it says is here is not made anew
    Permission.EXPORT: (Role.VENDOR, Role.OPERATOR),
    Permission.IMPORT: (Role.OPERATOR,),
    Permission.APPROVE_INCIDENT: (Role.VENDOR, Role.AUTHORITY),
    Permission.GIVE_UP_DATA: (Role.AUTHORITY,),
    # whoever runs a cloud knows whether it is the same one; the operator, who writes clouds.yaml, does not decide
    Permission.TRUST_CLOUD: (Role.VENDOR,),
    Permission.DISMISS_INCIDENT: (Role.VENDOR, Role.AUTHORITY),
    Permission.RUN_BILL: (Role.FINANCE, Role.CENTRE, Role.OPERATOR),
    Permission.ADD_UNIT: (Role.OPERATOR,),
    Permission.GRANT: (Role.OPERATOR,),
    Permission.REVOKE: (Role.OPERATOR,),
    Permission.MOVE_CLOCK: (Role.OPERATOR,),
}


def require(session: Session, account: str, permission: Permission, *, cities: Collection[str]) -> None:
    """Raises Refused unless `account` plays one of the permission's roles in one of `cities` (invariant 6)."""
    roles = [role.value for role in ROLES[permission]]
    granted = select(UserRoleRow.role).where(UserRoleRow.account == account, UserRoleRow.city.in_(cities))
    played = sorted(set(session.scalars(granted)))
    if not set(played) & set(roles):
        holds = f"该账号的角色是 {'、'.join(played)}" if played else "该账号没有任何角色"
        raise Refused(
            f"{account} 不能执行 {permission}：{holds}",
            where="、".join(cities),
            remedy=f"应由具有以下角色之一的账号执行：{'、'.join(roles)}（用 --as 指明，yunguan user list 查看）；"
            + _way_to_a_role(session, account, roles[0], cities),
        )


def _way_to_a_role(session: Session, account: str, role: str, cities: Collection[str]) -> str:
    """How the account gets a role, for the person at the terminal."""
    has_operator = select(UserRoleRow.city).where(UserRoleRow.city.in_(cities), UserRoleRow.role == Role.OPERATOR.value)
    city = session.scalar(has_operator.limit(1))
    if city is None:
        return "尚无操作员：首个执行 yunguan unit add 或 yunguan user grant 的账号成为操作员"
    return f"角色由操作员授予：yunguan user grant {account} --city {city} --role {role}"


def require_operator(session: Session, account: str, permission: Permission, *, city: str) -> None:
    """Raises Refused unless `account` is an operator of the city; where it has none yet, the first is made one."""
    catalogue.city(city)
    stand_in_line(session, city)
    operators = select(UserRoleRow.id).where(UserRoleRow.city == city, UserRoleRow.role == Role.OPERATOR.value)
    if session.scalar(operators.limit(1)) is not None:
        require(session, account, permission, cities=[city])
        return
    if not ACCOUNT.fullmatch(account) or account == CONTROLLER_ACTOR:
        raise WrongUse(f"{account!r} 不能作为操作员账号")
    session.execute(insert(UserRoleRow).values(account=account, city=city, role=Role.OPERATOR.value))
    audit.record(session, actor=account, action="operator.first", target=account, details={"city": city})


def to_approve(incident: IncidentRow, provider: Provider) -> Permission:
    """What the approval of `incident` takes: more, where data would be lost by it (invariant 4)."""
    if incident.kind == IncidentKind.CREDENTIALS:
        return Permission.TRUST_CLOUD
    loses_data = (
        incident.kind == IncidentKind.LEFTOVER
        or bool(incident.details.get("gives_up"))
        or (incident.kind == IncidentKind.ORPHAN and provider.kind(incident.details["type"]).data_bearing)
    )
    return Permission.GIVE_UP_DATA if loses_data else Permission.APPROVE_INCIDENT


def cities_of(stack: StackRow) -> Collection[str]:
    """The city that a stack's name begins with; where it is nobody's system, all cities that use its cloud."""
    city = stack.name.partition("/")[0]
    return [city] if city in catalogue.cities() else cities_on(stack.cloud)


def cities_on(cloud: str) -> Collection[str]:
    """The cities that have a zone at that very place; where none has, those with one on the entry it is a place of."""
    places = {code: {zone.cloud for zone in catalogue.city(code).zones} for code in catalogue.cities()}
    there = [code for code, clouds in places.items() if cloud in clouds]
    return there or [code for code, clouds in places.items() if entry_of(cloud) in map(entry_of, clouds)]
