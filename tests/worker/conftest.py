"""Boundary: the controller's own processes (`python -m controller.serve`) and its jobs on procrastinate, with
PostgreSQL, the simulated cloud and the systems' program; nothing is replaced by a double. A process that a test starts
is ended by its pid, and what it started must end with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from controller.settings import Settings
from controller.workplace import Workplace, open_workplace
from sandbox.cloud.process import RunningCloud
from tests.reconcile.site import REQUEST_TIMEOUT, SETTLE, Site
from tests.worker.processes import Controller


@pytest.fixture
def cloud(simulated: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningCloud]:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(simulated.clouds_yaml))
    simulated.ask("POST", "/reset")
    yield simulated
    simulated.ask("POST", "/reset")


@pytest.fixture
def place(cloud: RunningCloud, database_url: str, tmp_path: Path) -> Iterator[Workplace]:
    """A home as the product opens it, on a database of the test's own."""
    settings = Settings(
        home=tmp_path / "home",
        database_url=database_url,
        request_timeout=REQUEST_TIMEOUT,
        settle_seconds=SETTLE,
        scan_minutes=600,
        changes_minutes=0,
    )
    with open_workplace(settings) as opened:
        yield opened


@pytest.fixture
def site(place: Workplace, cloud: RunningCloud) -> Site:
    """What people and meddlers do, in the same home."""
    return Site(cloud, place.sessions, place.means.vault, place.provider)


@dataclass
class Controllers:
    """Starts the controller's processes in the home of `place`."""

    place: Workplace
    folder: Path
    started: ExitStack = field(default_factory=ExitStack)

    def start(self, *words: str, **variables: str) -> Controller:
        settings = self.place.settings
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("YUNGUAN_")},
            "YUNGUAN_HOME": str(settings.home),
            "YUNGUAN_DATABASE_URL": settings.database_url or "",
            "YUNGUAN_REQUEST_TIMEOUT": str(settings.request_timeout),
            "YUNGUAN_SETTLE_SECONDS": str(settings.settle_seconds),
            "YUNGUAN_SCAN_MINUTES": str(settings.scan_minutes),
            "YUNGUAN_CHANGES_MINUTES": str(settings.changes_minutes),
            **variables,
        }
        return self.started.enter_context(Controller.started(self.folder, words, environment))


@pytest.fixture
def controllers(place: Workplace, tmp_path: Path) -> Iterator[Controllers]:
    made = Controllers(place, tmp_path)
    with made.started:
        yield made
