"""Everything that a use case needs, opened once for a process: database, keys, clouds, estate. The CLI, the web and workers share it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from controller.estate.repository import Estate
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import OpenStack
from controller.reconcile.queue import Queue
from controller.settings import Settings
from controller.store.database import Sessions, connect, open_database
from controller.store.vault import Vault


@dataclass(frozen=True)
class Workplace:
    """The opened parts. `database_url` is for those who open connections of their own (workers)."""

    settings: Settings
    database_url: str
    sessions: Sessions
    vault: Vault
    provider: OpenStack
    estate: Estate
    queue: Queue


@contextmanager
def open_workplace(settings: Settings) -> Iterator[Workplace]:
    """Opens the home's parts; the embedded database runs as long as somebody holds one of these."""
    with open_database(settings) as url:
        engine, sessions = connect(url)
        try:
            with Queue(url) as queue:
                yield Workplace(
                    settings=settings,
                    database_url=url,
                    sessions=sessions,
                    vault=Vault.at(settings.home),
                    provider=OpenStack(
                        ProviderSettings(
                            request_timeout=settings.request_timeout,
                            settle_seconds=settings.settle_seconds,
                            concurrency=settings.concurrency,
                        )
                    ),
                    estate=Estate.open_or_create(settings.home / "estate.git"),
                    queue=queue,
                )
        finally:
            engine.dispose()
