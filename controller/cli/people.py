"""`yunguan unit` and `yunguan user`: who there is, and which role each account plays. The operator registers them."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import select

from controller.casework.people import Grant, grant, register_unit, revoke
from controller.casework.permissions import Permission, require_operator
from controller.cli.arguments import OPERATOR, CityCode, Operator, workplace
from controller.cli.output import Format, Output, print_rows, say
from controller.domain.funding import UnitKind
from controller.domain.roles import Role
from controller.store.casework import UnitRow, UserRoleRow

units = typer.Typer(no_args_is_help=True, help="Units that apply for resources")
users = typer.Typer(no_args_is_help=True, help="Accounts and the roles they play")

UnitCode = Annotated[str | None, typer.Option("--unit", help="Code of the unit, for the role unit")]
PlayedRole = Annotated[Role, typer.Option("--role")]


@units.command("add")
def add_unit(
    name: str,
    city: CityCode,
    kind: Annotated[UnitKind, typer.Option("--kind", help="What the unit is: it decides who pays")],
    county: Annotated[str | None, typer.Option("--county", help="Name of the county government it belongs to")] = None,
    user: Operator = OPERATOR,
) -> None:
    """Registers a unit by its Chinese name; prints the code that stands for it in names of stacks."""
    with workplace() as place, place.sessions.begin() as session:
        require_operator(session, user, Permission.ADD_UNIT, city=city)
        code = register_unit(session, city=city, name=name, kind=kind, county=county, by=user).code
    say(f"{name}: {code}")


@units.command("list")
def list_units(output: Output = Format.TABLE) -> None:
    """Every unit."""
    with workplace() as place, place.sessions() as session:
        rows = session.scalars(select(UnitRow).order_by(UnitRow.city, UnitRow.code))
        listed = [{"city": row.city, "code": row.code, "name": row.name, "kind": row.kind} for row in rows]
    print_rows(listed, {"city": "CITY", "code": "CODE", "name": "NAME", "kind": "KIND"}, output)


@users.command("grant")
def grant_(
    account: str,
    city: CityCode,
    role: PlayedRole,
    unit: UnitCode = None,
    user: Operator = OPERATOR,
) -> None:
    """Lets an account play a role in a city. Whoever registers first in a city becomes its operator."""
    with workplace() as place, place.sessions.begin() as session:
        require_operator(session, user, Permission.GRANT, city=city)
        grant(session, Grant(account, city, role, unit), by=user)
    say(f"{account}: {role} in {city}")


@users.command("revoke")
def revoke_(account: str, city: CityCode, role: PlayedRole, unit: UnitCode = None, user: Operator = OPERATOR) -> None:
    """Takes a role back from an account."""
    with workplace() as place, place.sessions.begin() as session:
        require_operator(session, user, Permission.REVOKE, city=city)
        revoke(session, Grant(account, city, role, unit), by=user)
    say(f"{account}: no longer {role} in {city}")


@users.command("list")
def list_users(output: Output = Format.TABLE) -> None:
    """Every account with its roles."""
    with workplace() as place, place.sessions() as session:
        rows = session.execute(
            select(UserRoleRow, UnitRow.code)
            .outerjoin(UnitRow, UnitRow.id == UserRoleRow.unit_id)
            .order_by(UserRoleRow.account)
        )
        listed = [{"account": row.account, "city": row.city, "role": row.role, "unit": unit} for row, unit in rows]
    print_rows(listed, {"account": "ACCOUNT", "city": "CITY", "role": "ROLE", "unit": "UNIT"}, output)
