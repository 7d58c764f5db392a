"""Units, persons and who plays which role: registered here, asked by every use case before it lets someone act."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller import audit, catalogue
from controller.casework.specifying.codes import code_for
from controller.domain.errors import Refused, WrongUse
from controller.domain.funding import UnitKind
from controller.domain.request import Person
from controller.domain.roles import ACCOUNT, CONTROLLER_ACTOR, Role
from controller.store.casework import PersonRow, UnitRow, UserRoleRow
from controller.store.locks import Lock, stand_in_line_of


@dataclass(frozen=True)
class Grant:
    """A user's role in a city; `unit` is the code of the unit that a unit's role is for."""

    account: str
    city: str
    role: Role
    unit: str | None = None


def register_unit(
    session: Session, *, city: str, name: str, kind: UnitKind, county: str | None = None, by: str
) -> UnitRow:
    """The unit of that name, made where it is not known yet. A county's department names its county government (LZ-5).

    Raises WrongUse where the county government is missing or unknown, or the unit is known as another kind.
    """
    catalogue.city(city)
    stand_in_line(session, city)
    known = unit_named(session, city, name)
    if known is not None:
        if known.kind != kind.value:
            raise WrongUse(f"{name}已登记为 {known.kind}，不能再登记为 {kind.value}")
        return known
    if (kind is UnitKind.COUNTY_DEPARTMENT) != (county is not None):
        raise WrongUse("县区部门须注明所属县区政府，其他单位不须注明", where=name)
    government = unit_named(session, city, county) if county is not None else None
    if county is not None and government is None:
        raise WrongUse(f"没有登记县区政府 {county}", remedy="请先登记县区政府")
    taken = session.scalars(select(UnitRow.code).where(UnitRow.city == city)).all()
    unit = UnitRow(
        city=city,
        code=code_for(name, taken),
        name=name,
        kind=kind.value,
        county_id=government.id if government is not None else None,
    )
    session.add(unit)
    session.flush()
    audit.record(session, actor=by, action="unit.register", target=f"{city}/{unit.code}", details={"kind": kind.value})
    return unit


def grant(session: Session, given: Grant, *, by: str) -> None:
    """Lets `given.account` play a role; giving it twice changes nothing.

    Raises WrongUse for a role that the city does not know, or a unit's role without a known unit.
    """
    city = catalogue.city(given.city)
    if not ACCOUNT.fullmatch(given.account):
        raise WrongUse(f"{given.account!r} 不能作为账号", remedy="账号由小写字母、数字和 . _ - 组成，以字母或数字开头")
    if given.account == CONTROLLER_ACTOR or given.role is Role.CONTROLLER:
        raise WrongUse(f"{CONTROLLER_ACTOR} 是规则自身的名义，不能授予任何人")
    if given.role is not Role.OPERATOR and city.role(given.role) is None:
        raise WrongUse(f"{city.name}的办法没有 {given.role.value} 这一角色")
    unit = session.scalar(select(UnitRow).where(UnitRow.city == given.city, UnitRow.code == given.unit))
    if (given.role is Role.UNIT) != (unit is not None):
        raise WrongUse("使用单位的角色须指明已登记的单位，其他角色不指明单位", where=str(given.unit))
    session.execute(
        insert(UserRoleRow)
        .values(account=given.account, city=given.city, role=given.role.value, unit_id=unit.id if unit else None)
        .on_conflict_do_nothing()
    )
    audit.record(
        session,
        actor=by,
        action="role.grant",
        target=given.account,
        details={"city": given.city, "role": given.role.value, "unit": given.unit},
    )


def revoke(session: Session, given: Grant, *, by: str) -> None:
    """Takes a role back. Raises WrongUse where it was not given, Refused for the last operator of a city."""
    stand_in_line(session, given.city)
    rows = session.scalars(
        select(UserRoleRow).where(UserRoleRow.city == given.city, UserRoleRow.role == given.role.value)
    ).all()
    unit_id = session.scalar(select(UnitRow.id).where(UnitRow.city == given.city, UnitRow.code == given.unit))
    row = next((one for one in rows if (one.account, one.unit_id) == (given.account, unit_id)), None)
    if row is None:
        raise WrongUse(f"{given.account} 没有这一角色", remedy="用 yunguan user list 查看")
    if given.role is Role.OPERATOR and len(rows) == 1:
        raise Refused("不能撤销最后一名操作员", where=given.account, remedy="请先授予另一账号")
    session.delete(row)
    audit.record(
        session,
        actor=by,
        action="role.revoke",
        target=given.account,
        details={"city": given.city, "role": given.role.value, "unit": given.unit},
    )


def stand_in_line(session: Session, city: str) -> None:
    """Only one registers at a time in a city, until the caller's transaction ends."""
    stand_in_line_of(session, Lock.PEOPLE, city)


@dataclass(frozen=True)
class Roles:
    """All roles that one account plays."""

    account: str
    rows: tuple[UserRoleRow, ...]

    def towards(self, unit: UnitRow) -> frozenset[Role]:
        """The roles towards a case of `unit`. A county government acts for its departments (LZ-5)."""
        if self.account == CONTROLLER_ACTOR:
            return frozenset({Role.CONTROLLER})
        return frozenset(
            Role(row.role)
            for row in self.rows
            if row.city == unit.city and row.unit_id in (None, unit.id, unit.county_id)
        )


def roles_of(session: Session, account: str) -> Roles:
    """What `account` may be, in all cities."""
    return Roles(account, tuple(session.scalars(select(UserRoleRow).where(UserRoleRow.account == account))))


def is_known(session: Session, account: str) -> bool:
    """Whether anybody was ever given a role under that name; the controller needs none."""
    return account == CONTROLLER_ACTOR or bool(roles_of(session, account).rows)


def roles_on(session: Session, account: str, unit: UnitRow) -> frozenset[Role]:
    """The roles that `account` plays towards a case of `unit`."""
    return roles_of(session, account).towards(unit)


def unit_named(session: Session, city: str, name: str) -> UnitRow | None:
    """The registered unit of that name, if there is one."""
    return session.scalar(select(UnitRow).where(UnitRow.city == city, UnitRow.name == name))


def account_of(session: Session, person: Person) -> PersonRow:
    """The row of a person, made where it is not known yet. The only door through which personal data enters."""
    session.execute(
        insert(PersonRow).values(name=person.name, email=person.email, mobile=person.mobile).on_conflict_do_nothing()
    )
    return session.scalars(
        select(PersonRow).where(
            PersonRow.name == person.name, PersonRow.email == person.email, PersonRow.mobile == person.mobile
        )
    ).one()
