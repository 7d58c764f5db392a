"""State between the two engines: Pulumi's command line takes what is exported here, and gives it back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.programs.desk import HERE, Desk, ops
from tests.programs.pulumi.cli import PHRASE, Pulumi


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


def _comparable(value: object) -> object:
    """Every encryption draws a nonce of its own, and Pulumi writes no trailing zeros of a time's fraction."""
    if isinstance(value, dict):
        return {
            key: item.rstrip("0Z") if key in {"created", "modified"} else _comparable(item)
            for key, item in value.items()
            if key != "ciphertext"
        }
    return [_comparable(item) for item in value] if isinstance(value, list) else value
