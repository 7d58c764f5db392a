"""`--executor pulumi` hands a folder to the real command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.errors import Failed
from controller.store.engine import StackRow
from tests.programs.desk import Desk
from tests.programs.pulumi.cli import Pulumi
from tests.programs.pulumi.shapes import PROJECT, Shape, settings


@pytest.fixture
def project(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the shapes with two things among its settings."""
    for name, value in pulumi.environment().items():
        monkeypatch.setenv(name, value)
    folder = Path(shutil.copytree(PROJECT, tmp_path / "shapes"))
    pulumi.run(folder, "stack", "init", "dev")
    for setting in settings([Shape("a", {"value": "1"}), Shape("b", uses=("a",))], tmp_path / "log"):
        pulumi.run(folder, "config", "set", *setting.split("=", 1))
    return folder


def test_it_previews_makes_and_removes(desk: Desk, project: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    previewed = desk.type("program", "preview", project, "--stack", "dev", "--executor", "pulumi")
    assert previewed.exit_code == 0, previewed.exception
    assert "3 to create" in previewed.output
    assert not log.exists()

    for words in (["up", "--yes"], ["destroy", "--yes"]):
        done = desk.type("program", *words, project, "--stack", "dev", "--executor", "pulumi")
        assert done.exit_code == 0, done.exception
    assert log.read_text().splitlines() == ["create a", "create b", "delete b-1", "delete a-1"]
    with desk.sessions() as session:
        assert session.scalars(select(StackRow)).all() == []


def test_what_fails_there_is_a_failure_here(desk: Desk, project: Path) -> None:
    (project / "__main__.py").write_text("raise ValueError('no such thing')")
    result = desk.type("program", "up", "--yes", project, "--stack", "dev", "--executor", "pulumi")
    assert isinstance(result.exception, Failed)
    assert "no such thing" in result.output
