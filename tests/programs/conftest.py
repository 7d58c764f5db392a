"""Boundary: `yunguan program` as it is typed, on projects in the folders beside this file, against the simulated cloud
over HTTP and a real database. Each test has a home and a cloud as after boot; nothing is replaced by a double.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.store.database import Sessions
from sandbox.cloud.process import RunningCloud
from tests.programs.desk import Desk


@pytest.fixture
def desk(
    simulated: RunningCloud, sessions: Sessions, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    for name, value in {
        "YUNGUAN_HOME": str(tmp_path / "home"),
        "YUNGUAN_DATABASE_URL": database_url,
        "YUNGUAN_REQUEST_TIMEOUT": "2",
        "YUNGUAN_SETTLE_SECONDS": "0.2",
        "OS_CLIENT_CONFIG_FILE": str(simulated.clouds_yaml),
        "YUNGUAN_USER": "wang",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    simulated.ask("POST", "/reset")
    simulated.ask("DELETE", "/counts")
    yield Desk(simulated, sessions, tmp_path)
    simulated.ask("DELETE", "/faults")
