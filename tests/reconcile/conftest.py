"""Boundary: the guard and verdicts are pure; work and incidents use a database; scans and looks run the systems'
program on the simulated cloud in its own process, over HTTP, with state in PostgreSQL. Nothing is replaced by a double:
drift is made by hand with openstacksdk, faults come from the cloud's fault script.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.store.database import Sessions
from controller.store.vault import Vault
from sandbox.cloud.process import RunningCloud
from tests.reconcile.site import Site


@pytest.fixture
def site(simulated: RunningCloud, sessions: Sessions, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The cloud as it boots, an empty database, and nobody but the test at work."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(simulated.clouds_yaml))
    simulated.ask("POST", "/reset")
    yield Site(simulated, sessions, vault)
    simulated.ask("DELETE", "/faults")
