"""Boundary: metering on a real, migrated PostgreSQL (tests/conftest.py), and its pure arithmetic. No cloud, no estate.

Prices are those of catalog/prices/liuzhou.yaml; whoever needs others hands them to `rate` directly.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from controller.store.database import connect


@pytest.fixture(scope="package")
def shared_engine(database_server: Engine, database_template: str) -> Iterator[Engine]:
    """A migrated database for all tests here that commit nothing."""
    name = f"metering_{os.getpid()}"
    with database_server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {database_template}"))
    engine, _ = connect(database_server.url.set(database=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with database_server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def session(shared_engine: Engine) -> Iterator[Session]:
    """A session that is rolled back. Tests that commit ask for `sessions`, a database of their own."""
    with Session(shared_engine, expire_on_commit=False) as opened:
        yield opened
        opened.rollback()
