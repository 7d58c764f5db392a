"""What every folder of tests may ask for: a migrated database of its own, and a simulated cloud.

The server is the product's own embedded PostgreSQL. Workers of one run share it; each makes a template once, and every
test that asks for a database gets a copy, dropped after it. Each worker starts one cloud, which tests reset.

Whatever asks for a server, or lies in a folder of whole worlds, is marked `world`, so that `make check` leaves it out.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, create_engine, make_url, text

from controller.store.database import Sessions, connect, migrate
from controller.store.vault import Vault
from sandbox.cloud import process
from sandbox.cloud.process import RunningCloud

WORLDS = {"bench", "e2e", "faults", "openstacksdk", "programs", "worker"}
"""Folders whose tests start processes of the product, or worlds of their own."""

SERVERS = {"simulated", "running_cloud", "database_server"}
"""Fixtures that start one."""

settings.register_profile("without deadlines", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("without deadlines")

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Of the fault search (tests/faults/search)."""
    parser.addoption("--fault-cases", default="2000", help="how many cases the fault search tries")
    parser.addoption("--fault-seed", default="", help="the one case that it tries")
    parser.addoption("--fault-case", default="", help="the one case that it tries, as a failure printed it")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what starts a world."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in WORLDS or SERVERS & set(fixtures):
            item.add_marker(pytest.mark.world)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A simulated cloud without latency, in a process of its own. A test resets it before it begins."""
    with process.start(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="session")
def database_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The server's maintenance connection: autocommit, in no test's database."""
    folder = tmp_path_factory.getbasetemp()
    shared: Path = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.database_server", str(shared / "database")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        start_new_session=True,
        text=True,
    )
    assert keeper.stdout is not None
    url = make_url(keeper.stdout.readline().strip())
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()
    keeper.communicate(timeout=60)


@pytest.fixture(scope="session")
def database_template(database_server: Engine, vault: Vault) -> str:
    """Name of a migrated, empty database; nobody stays connected to it."""
    name = f"template_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with database_server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    migrate(_url(database_server, name), vault.hmac_key)
    return name


@pytest.fixture
def database_url(database_server: Engine, database_template: str) -> Iterator[str]:
    """SQLAlchemy URL of a database that only this test knows."""
    with _database(database_server, database_template) as url:
        yield url


@pytest.fixture
def other_database_url(database_server: Engine, database_template: str) -> Iterator[str]:
    """That of another home's database."""
    with _database(database_server, database_template) as url:
        yield url


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    """Sessions on this test's database."""
    engine, made = connect(database_url)
    yield made
    engine.dispose()


@pytest.fixture(scope="session")
def vault() -> Vault:
    """A vault with a key of the test session."""
    return Vault(Fernet.generate_key())


@contextmanager
def _database(server: Engine, template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield _url(server, name)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _url(server: Engine, database: str) -> str:
    return server.url.set(database=database).render_as_string(hide_password=False)
