"""Boundary: the engine with the systems' program and the kinds of OpenStack, workers as processes, over HTTP to the
simulated cloud in its own process, state in PostgreSQL. Nothing is replaced by a double; faults come from the cloud's
fault script and from SIGKILL.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from controller.domain.spec import CloudImage, CloudNetwork, Machine, Metadata, Phase, Placement, ServerType, SystemSpec
from controller.providers.openstack.catalogue import CloudCatalogue
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import OpenStack
from sandbox.cloud.process import RunningCloud
from tests.faults.workers import Workers


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
    catalogue = CloudCatalogue(OpenStack(ProviderSettings(request_timeout=5.0)).cloud("sandbox"))
    image = CloudImage(name="openEuler 22.03", id=catalogue.image("openEuler 22.03"))

    def machine(
        name: str, role: ServerType, size: tuple[int, int], *, cluster: str | None = None, data: int = 0
    ) -> Machine:
        return Machine(
            name=name,
            role=role,
            vcpu=size[0],
            memory_gb=size[1],
            system_disk_gb=60,
            data_disk_gb=data,
            image=image,
            flavor=catalogue.flavor(*size),
            cluster=cluster,
            owners=("p-1",),
        )

    return SystemSpec(
        metadata=Metadata(
            city="liuzhou",
            unit="caizhengju",
            unit_name="柳州市财政局",
            system="caiwu",
            system_name="财务管理系统",
            zone="internet",
            zone_name="互联网区",
            request="R-2026-0001",
        ),
        phase=Phase.SERVICE,
        placement=Placement(
            cloud="sandbox",
            availability_zone="az-internet",
            cidr="10.20.0.0/24",
            dns=("10.0.0.53",),
            external_network=CloudNetwork(name="ext-internet", id=catalogue.network("ext-internet")),
            volume_type="ssd",
            reachable_from=("0.0.0.0/0",),
            bastions=("10.1.1.0/28",),
        ),
        machines=(
            machine("web-1", ServerType.WEB, (4, 8), cluster="web"),
            machine("web-2", ServerType.WEB, (4, 8), cluster="web"),
            machine("app-1", ServerType.APP, (8, 16), cluster="app"),
            machine("app-2", ServerType.APP, (8, 16), cluster="app"),
            machine("db-1", ServerType.DAT, (8, 32), data=500),
        ),
    )
