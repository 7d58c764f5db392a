"""State between the two engines: Pulumi's command line takes what is exported here, and gives it back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.programs.desk import HERE, Desk, config, ops
from tests.programs.pulumi.cli import PHRASE, Pulumi
from tests.programs.pulumi.shapes import PROJECT, Shape, settings


def test_pulumi_takes_an_export_reads_its_secrets_and_gives_it_back(
    desk: Desk, pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PHRASE)
    settings = desk.settings("secretive")
    desk.up("secretive", *settings)
    state = tmp_path / "state.json"
    state.write_text(desk.type("stack", "export", "program/secretive/dev").stdout)
    project = Path(shutil.copytree(HERE / "secretive", tmp_path / "secretive"))

    pulumi.run(project, "stack", "init", "dev")
    pulumi.run(project, "stack", "import", "--file", state)

    assert pulumi.document(project, "stack", "output", "--show-secrets", "--json") == {
        "plain": "server",
        "token": "hush-hush",
        "told": "TOKEN=hush-hush",
        "within": {"a": ["plain", "hush-hush"]},
    }
    back = pulumi.run(project, "stack", "export")
    assert "hush" not in back
    ours, theirs = json.loads(state.read_text())["deployment"], json.loads(back)["deployment"]
    assert _comparable(theirs["resources"]) == _comparable(ours["resources"])

    state.write_text(back)
    with desk.sessions.begin() as session:
        session.execute(text("TRUNCATE stack CASCADE"))
    desk.changes()
    imported = desk.type("stack", "import", "program/secretive/dev", state)
    assert imported.exit_code == 0, imported.exception
    assert ops(desk.up("secretive", *settings)) == {}
    assert desk.changes() == 0


WORK = [
    Shape("above", group=True),
    Shape("a", {"value": "1", "fixed": "1"}, options={"parent": "above", "protect": True}),
    Shape("b", {"first": "1"}, uses=("a",), options={"retain_on_delete": True, "depends_on": ["above"]}),
    Shape("c", uses=("a", "b"), options={"deleted_with": "b", "replace_with": ["a"], "hide_diffs": ["value"]}),
]


@pytest.fixture
def project(pulumi: Pulumi, tmp_path: Path) -> Path:
    """The shapes, with a stack of Pulumi's whose settings are those of WORK."""
    folder = Path(shutil.copytree(PROJECT, tmp_path / "shapes"))
    pulumi.run(folder, "stack", "init", "dev")
    for setting in settings(WORK, tmp_path / "log"):
        pulumi.run(folder, "config", "set", *setting.split("=", 1))
    return folder


def test_pulumi_takes_names_of_hooks(
    desk: Desk, pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PHRASE)
    desk.up("mourned", *config(book=tmp_path / "book"))
    state = tmp_path / "state.json"
    state.write_text(desk.type("stack", "export", "program/mourned/dev").stdout)
    project = Path(shutil.copytree(HERE / "mourned", tmp_path / "mourned"))

    pulumi.run(project, "stack", "init", "dev")
    pulumi.run(project, "stack", "import", "--file", state)

    back = pulumi.document(project, "stack", "export")
    assert [one["resourceHooks"] for one in back["deployment"]["resources"] if "resourceHooks" in one] == [
        {"BeforeDelete": ["write"]}
    ]


def test_pulumi_goes_on_where_this_engine_stood(
    desk: Desk, pulumi: Pulumi, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PHRASE)
    desk.up(project)
    state = tmp_path / "state.json"
    state.write_text(desk.type("stack", "export", "program/shapes/dev").stdout)
    pulumi.run(project, "stack", "import", "--file", state)
    made = (tmp_path / "log").read_text()

    pulumi.run(project, "up", "--yes", "--skip-preview", "--expect-no-changes")
    assert (tmp_path / "log").read_text() == made


def test_this_engine_goes_on_where_pulumi_stood(
    desk: Desk, pulumi: Pulumi, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PHRASE)
    pulumi.run(project, "up", "--yes", "--skip-preview")
    state = tmp_path / "state.json"
    state.write_text(pulumi.run(project, "stack", "export"))
    made = (tmp_path / "log").read_text()
    imported = desk.type("stack", "import", "program/shapes/dev", state, "--cloud", "sandbox")
    assert imported.exit_code == 0, imported.exception

    assert ops(desk.up(project)) == {}
    assert (tmp_path / "log").read_text() == made


def _comparable(value: object) -> object:
    """Every encryption draws a nonce of its own, and Pulumi writes no trailing zeros of a time's fraction."""
    if isinstance(value, dict):
        return {
            key: item.rstrip("0Z") if key in {"created", "modified"} else _comparable(item)
            for key, item in value.items()
            if key != "ciphertext"
        }
    return [_comparable(item) for item in value] if isinstance(value, list) else value
