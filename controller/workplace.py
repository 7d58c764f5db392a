"""Everything that a use case needs, opened once for a process: database, keys, clouds, estate, the reconciler.

The composition root that the CLI, the web and workers share.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from controller.casework.casefile.evidence import EvidenceStore
from controller.casework.ports import Ports
from controller.engine.applying.means import Means
from controller.estate.forge.local import LocalForge
from controller.estate.repository import Estate
from controller.providers.openstack.accounts import SharedAccounts
from controller.providers.openstack.budget import CloudLimits
from controller.providers.openstack.catalogue import CloudCatalogue
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry
from controller.reconcile.apply import Reconciler
from controller.reconcile.credentials import vouch
from controller.reconcile.guard import Allowance, Limits
from controller.reconcile.planning import SystemProgram
from controller.reconcile.queue import Queue
from controller.settings import CloudSettings, Settings
from controller.store.database import Database, Sessions, connect, open_database
from controller.store.signer import Signer
from controller.store.vault import Vault


@dataclass(frozen=True)
class Workplace:
    """The opened parts. `database` is for those who open connections of their own (workers)."""

    settings: Settings
    database: Database
    sessions: Sessions
    provider: Registry
    ports: Ports
    reconciler: Reconciler
    queue: Queue

    @property
    def means(self) -> Means:
        return self.reconciler.means


@contextmanager
def open_workplace(settings: Settings) -> Iterator[Workplace]:
    """Opens the home's parts; the embedded database runs as long as somebody holds one of these."""
    with open_database(settings) as database:
        engine, sessions = connect(database.url)
        try:
            with Queue(database.url) as queue:
                yield _assemble(settings, database, sessions, queue)
        finally:
            engine.dispose()


def _assemble(settings: Settings, database: Database, sessions: Sessions, queue: Queue) -> Workplace:
    vault = Vault.at(settings.home)
    provider = Registry(
        ProviderSettings(
            request_timeout=settings.request_timeout,
            settle_seconds=settings.settle_seconds,
            limits=_limits(settings, CloudSettings()),
            limits_of={name: _limits(settings, cloud) for name, cloud in settings.clouds.items()},
        ),
        SharedAccounts(sessions),
        vouch=partial(vouch, sessions, vault),
    )
    estate = Estate.open_or_create(settings.home / "estate.git")
    means = Means(
        sessions=sessions,
        vault=vault,
        provider=provider,
        request_timeout=settings.request_timeout,
    )
    return Workplace(
        settings=settings,
        database=database,
        sessions=sessions,
        provider=provider,
        ports=Ports(
            cloud=lambda name: CloudCatalogue(provider.cloud(name)),
            estate=estate,
            forge=LocalForge(estate),
            evidence=EvidenceStore(settings.home / "evidence"),
            signer=Signer.at(settings.home),
        ),
        reconciler=Reconciler(
            means=means,
            program=SystemProgram.installed(),
            limits=Limits(
                one_pass=Allowance(settings.guard_max_changes, settings.guard_max_share),
                cloud_day=Allowance(settings.guard_day_changes, settings.guard_day_share),
                day=settings.guard_day_changes_everywhere,
                repairs=settings.guard_day_repairs,
                gone=settings.guard_gone_share,
            ),
            valid_for=timedelta(hours=settings.plan_valid_hours),
        ),
        queue=queue,
    )


def _limits(settings: Settings, cloud: CloudSettings) -> CloudLimits:
    return CloudLimits(
        per_second=cloud.calls_per_second or settings.calls_per_second,
        burst=cloud.calls_burst or settings.calls_burst,
        concurrency=cloud.concurrency or settings.concurrency,
        concurrency_of={str(service): number for service, number in cloud.concurrency_of.items()},
    )
