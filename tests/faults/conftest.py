"""Boundary: the engine with the systems' program and the kinds of OpenStack, workers as processes, over HTTP to the
simulated cloud in its own process, state in PostgreSQL. Nothing is replaced by a double; faults come from the cloud's
fault script and from SIGKILL.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from controller.domain.spec import ServerType, SystemSpec
from controller.providers.openstack.catalogue import CloudCatalogue
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry
from sandbox.cloud.process import RunningCloud
from tests.faults.workers import Workers
from tests.specs import Systems


@pytest.fixture(scope="session")
def workers(
    simulated: RunningCloud, database_server: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workers]:
    made = Workers(simulated, database_server, tmp_path_factory.mktemp("workers"))
    yield made
    made.close()


@pytest.fixture
def cloud(simulated: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> RunningCloud:
    """The cloud as it boots, without faults."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(simulated.clouds_yaml))
    simulated.ask("POST", "/reset")
    return simulated


@pytest.fixture
def largest(cloud: RunningCloud) -> SystemSpec:
    """The demo's largest system: two clusters behind load balancers, and a database with a data disk."""
    systems = Systems.on(CloudCatalogue(Registry(ProviderSettings(request_timeout=5.0)).cloud("sandbox")))
    return systems.system(
        systems.machine("web-1", ServerType.WEB, size=(4, 8), cluster="web"),
        systems.machine("web-2", ServerType.WEB, size=(4, 8), cluster="web"),
        systems.machine("app-1", ServerType.APP, cluster="app"),
        systems.machine("app-2", ServerType.APP, cluster="app"),
        systems.machine("db-1", ServerType.DAT, size=(8, 32), data_disk_gb=500),
    )
