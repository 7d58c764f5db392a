"""Boundary: commands as they are typed, through the entry point, on a home with a real database. Where a command needs
a cloud it is the simulated one, in its own process.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.store.database import Sessions
from controller.store.vault import Vault
from sandbox.cloud.process import RunningCloud
from tests.cli.typed import CommandLine
from tests.reconcile.site import Site


@pytest.fixture
def typed(
    sessions: Sessions,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """The command line on an empty home, in a folder without settings."""
    monkeypatch.setenv("YUNGUAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("YUNGUAN_DATABASE_URL", database_url)
    monkeypatch.delenv("YUNGUAN_USER", raising=False)
    monkeypatch.chdir(tmp_path)
    return CommandLine(monkeypatch, capsys)


@pytest.fixture
def site(
    simulated: RunningCloud, sessions: Sessions, typed: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """The cloud as it boots, and what people and meddlers do in the command line's home."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(simulated.clouds_yaml))
    monkeypatch.setenv("YUNGUAN_REQUEST_TIMEOUT", "2")
    monkeypatch.setenv("YUNGUAN_SETTLE_SECONDS", "0.2")
    simulated.ask("POST", "/reset")
    yield Site(simulated, sessions, Vault.at(tmp_path / "home"))
    simulated.ask("DELETE", "/faults")
