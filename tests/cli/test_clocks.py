"""The domain clock moves only in a home that is set up for drills."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.casework.people import Grant, grant
from controller.cli.commands import app
from controller.domain.errors import Refused
from controller.domain.roles import Role
from controller.store import clock
from controller.store.database import Sessions


@pytest.fixture
def home(sessions: Sessions, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sessions:
    monkeypatch.setenv("YUNGUAN_HOME", str(tmp_path))
    monkeypatch.setenv("YUNGUAN_DATABASE_URL", database_url)
    with sessions.begin() as session:
        grant(session, Grant("operator", "liuzhou", Role.OPERATOR), by="operator")
    return sessions


def test_a_production_home_keeps_real_time(home: Sessions) -> None:
    result = CliRunner().invoke(app, ["clock", "advance", "3"])
    assert isinstance(result.exception, Refused)
    with home() as session:
        assert clock.offset(session) == timedelta()


def test_a_drill_lets_days_pass(home: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNGUAN_DRILL", "true")
    assert CliRunner().invoke(app, ["clock", "advance", "3"]).exit_code == 0
    with home() as session:
        assert clock.offset(session) == timedelta(days=3)
    assert "3 days" in CliRunner().invoke(app, ["clock", "show", "-o", "json"]).stdout
