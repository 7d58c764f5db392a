"""The database of a home: opened, migrated and handed out as sessions. Called by the composition roots (cli, web,
worker) and by tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from controller.settings import Settings
from controller.store.embedded import EmbeddedPostgres
from controller.store.vault import Vault

Sessions = sessionmaker[Session]


@dataclass(frozen=True)
class Database:
    """Where the database answers. `revive` starts the embedded one again where it was killed; a server of the
    installation's own is not the controller's to start.
    """

    url: str
    revive: Callable[[], None]


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The settings' database, migrated to this version's tables; the embedded server runs as long as the block."""
    with ExitStack() as stack:
        if settings.database_url:
            database = Database(settings.database_url, revive=lambda: None)
        else:
            server = stack.enter_context(EmbeddedPostgres(settings.home / "database"))
            database = Database(server.url, revive=server.revive)
        migrate(database.url, Vault.at(settings.home).hmac_key)
        yield database


def connect(url: str, *, pool_size: int = 20, idle_seconds: float = 120.0) -> tuple[Engine, Sessions]:
    """An engine and its sessions. Objects stay readable after commit; nothing is flushed before it is asked for.

    A transaction that its worker leaves alone for `idle_seconds` is ended by the server: a stopped worker must not keep
    the locks that whoever takes its stack over needs.
    """
    options = f"-c idle_in_transaction_session_timeout={idle_seconds * 1000:.0f}"
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=20, pool_pre_ping=True, connect_args={"options": options}
    )
    return engine, sessionmaker(engine, expire_on_commit=False)


def migrate(url: str, key: bytes) -> None:
    """Brings the tables to this version's; `key` (the vault's) marks what stood there before there were marks.

    Raises Alembic's errors; a lock time-out guards a running controller.
    """
    command.upgrade(revisions(url, key), "heads")


def revisions(url: str, key: bytes) -> Config:
    """What Alembic is told: where the revisions are, of which database, and the key for `migrate`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes.update(url=url, key=key)
    return config
