"""Every command that changes something asks who may do it, or stands here with the reason why it does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import delete, select
from typer.testing import CliRunner

from controller.casework.people import Grant, grant
from controller.casework.permissions import ROLES, Permission
from controller.cli.commands import app
from controller.domain.errors import Refused, WrongUse
from controller.domain.roles import Role
from controller.reconcile.incidents import IncidentKind, report
from controller.store.audit import AuditRow
from controller.store.casework import UserRoleRow
from controller.store.database import Sessions
from controller.store.engine import StackRow
from controller.store.reconcile import IncidentRow
from controller.store.vault import Vault

AT = datetime(2026, 9, 28, tzinfo=UTC)
STACK = "liuzhou/caizhengju/caiwu.gov"

BY_THE_CITYS_FILE = {
    "request accept", "request approve", "request assess", "request declare", "request do", "request except",
    "request import", "request reject", "request return", "confirm", "change", "exit",
}  # fmt: skip
"""Steps of cases: `casework` asks the procedure who may take them (tests/casework)."""

FREE = {
    "demo": "lives in a world of its own",
    "serve": "whoever starts a process on this machine has its database",
    "worker": "the same",
    "request template": "writes a file of the caller's",
    "request list": "reads", "request show": "reads; people only as far as the account may see them",
    "stack list": "reads", "stack show": "reads", "stack history": "reads",
    "program preview": "changes nothing",
    "program up": "a program's stack is nobody's system; whoever runs it has the cloud's credentials himself",
    "program destroy": "the same",
    "program resolve": "the same",
    "stack plan": "keeps a plan, of which nothing is done until somebody approves it",
    "stack drift": "reads",
    "drift": "reads; with --repair it asks",
    "certificate show": "reads", "certificate verify": "reads", "certificate key": "reads the public key",
    "incident list": "reads", "incident show": "reads",
    "clock show": "reads", "deadline": "counts days", "rules": "reads", "kinds": "reads",
    "bill show": "reads", "bill export": "reads", "bill rate": "reads a file of the caller's",
    "unit list": "reads", "user list": "reads",
    "audit verify": "reads", "audit export": "reads",
}  # fmt: skip

CALLS = {
    Permission.APPROVE_PLAN: ("stack", "approve", STACK),
    Permission.APPLY: ("stack", "apply", STACK),
    Permission.EXPORT: ("stack", "export", STACK),
    Permission.IMPORT: ("stack", "import", STACK, __file__),
    Permission.REPAIR: ("drift", "--cloud", "sandbox", "--repair"),
    Permission.APPROVE_INCIDENT: ("incident", "approve", "1"),
    Permission.GIVE_UP_DATA: ("incident", "approve", "2"),
    Permission.TRUST_CLOUD: ("incident", "approve", "3"),
    Permission.DISMISS_INCIDENT: ("incident", "dismiss", "1", "--reason", "已知"),
    Permission.RUN_BILL: ("bill", "run", "--city", "liuzhou", "--period", "2026-09"),
    Permission.ADD_UNIT: ("unit", "add", "柳州市教育局", "--city", "liuzhou", "--kind", "municipal_organ"),
    Permission.GRANT: ("user", "grant", "wei", "--city", "liuzhou", "--role", "vendor"),
    Permission.REVOKE: ("user", "revoke", "vendor", "--city", "liuzhou", "--role", "vendor"),
    Permission.MOVE_CLOCK: ("clock", "advance", "1"),
}


@pytest.fixture
def home(sessions: Sessions, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sessions:
    """A city with an account for each role, one stack, and incidents: the second would lose data, the third trusts."""
    monkeypatch.setenv("YUNGUAN_HOME", str(tmp_path))
    monkeypatch.setenv("YUNGUAN_DATABASE_URL", database_url)
    monkeypatch.setenv("YUNGUAN_DRILL", "true")
    monkeypatch.delenv("YUNGUAN_USER", raising=False)
    with sessions.begin() as session:
        for role in (Role.AUTHORITY, Role.CENTRE, Role.VENDOR, Role.SUPERVISOR, Role.FINANCE, Role.OPERATOR):
            grant(session, Grant(role.value, "liuzhou", role), by="operator")
        session.add(StackRow(name=STACK, cloud="sandbox", changed_at=AT))
        for kind, subject, details in (
            (IncidentKind.GUARD, STACK, {"reasons": []}),
            (IncidentKind.GUARD, f"{STACK} with data", {"reasons": [], "gives_up": ["urn"]}),
            (IncidentKind.CREDENTIALS, "sandbox", {"seen": {}}),
        ):
            report(
                session,
                kind=kind,
                subject=subject,
                cloud="sandbox",
                summary="",
                details=details,
                vault=Vault.at(tmp_path),
            )
    return sessions


def run(*words: str) -> str:
    """Runs a command, raising what it raises."""
    result = CliRunner().invoke(app, words, catch_exceptions=True)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def trail(home: Sessions) -> int:
    with home() as session:
        return len(session.scalars(select(AuditRow.id)).all())


def test_every_command_is_permitted_to_somebody_or_free_for_a_reason() -> None:
    asking = {permission.partition(",")[0].partition(" --")[0] for permission in Permission}
    known = asking | BY_THE_CITYS_FILE | set(FREE)
    commands = {one for one in _commands(typer.main.get_command(app)) if not one.startswith("bench ")}
    assert commands == known
    assert asking & set(FREE) == {"drift"}


def test_every_permission_names_roles() -> None:
    assert set(ROLES) == set(CALLS) == set(Permission)
    assert all(ROLES.values())


@pytest.mark.parametrize("permission", Permission)
def test_nobody_else_may(home: Sessions, permission: Permission) -> None:
    before = trail(home)
    for account in [role for role in (*Role, "stranger") if role not in {*ROLES[permission], Role.CONTROLLER}]:
        with pytest.raises(Refused, match=f"不能执行 {permission}"):
            run(*CALLS[permission], "--as", str(account))
    assert trail(home) == before
    with home() as session:
        assert {row.state for row in session.scalars(select(IncidentRow))} == {"open"}


def test_who_may_not_is_told_his_roles_and_how_to_get_one(home: Sessions) -> None:
    with pytest.raises(Refused, match="不能执行 stack apply：该账号没有任何角色") as raised:
        run(*CALLS[Permission.APPLY], "--as", "wei")
    assert "vendor、operator" in raised.value.remedy
    assert "yunguan user grant wei --city liuzhou --role vendor" in raised.value.remedy
    with pytest.raises(Refused, match="不能执行 stack apply：该账号的角色是 finance"):
        run(*CALLS[Permission.APPLY], "--as", "finance")
    with home.begin() as session:
        session.execute(delete(UserRoleRow))
    with pytest.raises(Refused, match="operator 不能执行 stack apply：该账号没有任何角色") as raised:
        run(*CALLS[Permission.APPLY], "--as", "operator")
    assert "首个执行 yunguan unit add" in raised.value.remedy


@pytest.mark.parametrize(
    ("permission", "account", "action"),
    [
        (Permission.DISMISS_INCIDENT, "vendor", "incident.dismissed"),
        (Permission.APPROVE_INCIDENT, "authority", "incident.approved"),
        (Permission.GIVE_UP_DATA, "authority", "incident.approved"),
        (Permission.TRUST_CLOUD, "vendor", "incident.approved"),
        (Permission.RUN_BILL, "finance", "bill.run"),
        (Permission.ADD_UNIT, "operator", "unit.register"),
        (Permission.GRANT, "operator", "role.grant"),
        (Permission.REVOKE, "operator", "role.revoke"),
    ],
)
def test_who_may_does_it_in_that_name(home: Sessions, permission: Permission, account: str, action: str) -> None:
    run(*CALLS[permission], "--as", account)
    with home() as session:
        row = session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
    assert row is not None
    assert (row.actor, row.action) == (account, action)


def test_whoever_registers_first_becomes_the_operator_and_then_only_operators_do(
    sessions: Sessions, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUNGUAN_HOME", str(tmp_path))
    monkeypatch.setenv("YUNGUAN_DATABASE_URL", database_url)
    run(*CALLS[Permission.ADD_UNIT], "--as", "lao-li")
    with sessions() as session:
        roles = [(row.account, row.role) for row in session.scalars(select(UserRoleRow))]
        first = session.scalars(select(AuditRow.action).order_by(AuditRow.id)).first()
    assert (roles, first) == ([("lao-li", "operator")], "operator.first")
    with pytest.raises(Refused, match="不能执行"):
        run(*CALLS[Permission.GRANT], "--as", "wei")
    run("user", "grant", "xiao-wang", "--city", "liuzhou", "--role", "operator", "--as", "lao-li")
    run("user", "revoke", "lao-li", "--city", "liuzhou", "--role", "operator", "--as", "xiao-wang")
    with pytest.raises(Refused, match="最后一名"):
        run("user", "revoke", "xiao-wang", "--city", "liuzhou", "--role", "operator", "--as", "xiao-wang")


def test_a_role_that_was_not_given_is_not_taken_back(home: Sessions) -> None:
    with pytest.raises(WrongUse, match="没有这一角色"):
        run("user", "revoke", "wei", "--city", "liuzhou", "--role", "vendor")


def _commands(command: Any, prefix: str = "") -> Iterator[str]:
    inner = getattr(command, "commands", {})
    if not inner:
        yield prefix
    for name, one in inner.items():
        yield from _commands(one, f"{prefix} {name}".strip())
