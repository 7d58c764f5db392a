"""Boundary: the simulated cloud as its clients see it. A real process on loopback, the real openstacksdk and the real
`openstack` command as clients; only the arithmetic of store, pages and routes is tested in this process.

One cloud serves a run's worker; every test finds it as it was after boot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import openstack
import pytest
from openstack.connection import Connection

from sandbox.cloud.process import RunningCloud, start

Connect = Callable[..., Connection]


@pytest.fixture(scope="session")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud at zero latency."""
    with start(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: RunningCloud) -> RunningCloud:
    """The cloud, back at the moment after boot."""
    running_cloud.ask("POST", "/reset")
    return running_cloud


@pytest.fixture
def connect(cloud: RunningCloud) -> Iterator[Connect]:
    """Connections by the name of their cloud in clouds.yaml, closed after the test."""
    opened: list[Connection] = []

    def open_one(name: str = "sandbox", **options: object) -> Connection:
        config = openstack.config.OpenStackConfig(config_files=[str(cloud.clouds_yaml)], load_envvars=False)
        connection = Connection(config=config.get_one(cloud=name, **options))
        opened.append(connection)
        return connection

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def member(connect: Connect) -> Connection:
    """A member of the project `demo`."""
    return connect("sandbox")


@pytest.fixture
def admin(connect: Connect) -> Connection:
    """The administrator."""
    return connect("sandbox-admin")
