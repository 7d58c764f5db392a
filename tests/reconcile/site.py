"""A site: simulated cloud, database, the product's reconciler with the systems' program, and hands that meddle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import openstack
from sqlalchemy import select

from controller.domain.spec import Machine, Power, ServerType, SystemSpec
from controller.engine.applying.means import Means
from controller.engine.plan import Plan
from controller.providers.openstack.catalogue import CloudCatalogue
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry
from controller.reconcile import desire as desires
from controller.reconcile import drift, incidents, work
from controller.reconcile.apply import Look, Reconciler
from controller.reconcile.guard import Allowance, Limits
from controller.reconcile.planning import SystemProgram
from controller.reconcile.scan import ScanResult, scan
from controller.reconcile.verdict import Finding, Verdict
from controller.store.database import Sessions
from controller.store.engine import ExecutionRow, Provisioning, ResourceRow, StackRow
from controller.store.reconcile import IncidentRow
from controller.store.vault import Vault
from sandbox.cloud.process import RunningCloud
from tests.specs import Systems

CLOUD = "sandbox"
REQUEST_TIMEOUT, SETTLE = 2.0, 0.2
PROGRAM = SystemProgram.installed()
LIMITS = Limits(one_pass=Allowance(10, 0.3), cloud_day=Allowance(50, 0.5), day=100, repairs=24, gone=0.8)


def provider() -> Registry:
    """The product's provider, with short waits."""
    return Registry(
        ProviderSettings(request_timeout=REQUEST_TIMEOUT, settle_seconds=SETTLE, patience=2.0, retry_seconds=0.01)
    )


@dataclass
class Site:
    """What a test does on it: wish for systems, apply them, meddle by hand, scan, and let the controller follow up."""

    simulated: RunningCloud
    sessions: Sessions
    vault: Vault
    provider: Registry = field(default_factory=provider)
    program: SystemProgram = PROGRAM
    limits: Limits = LIMITS
    valid_for: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        self.systems = Systems.on(CloudCatalogue(self.provider.cloud(CLOUD)), "CentOS 7.9")
        self.hand: Any = openstack.connect(cloud=CLOUD)

    @property
    def reconciler(self) -> Reconciler:
        means = Means(
            self.sessions, self.vault, self.provider, request_timeout=REQUEST_TIMEOUT, patience=0.5, retry_seconds=0.1
        )
        return Reconciler(means=means, program=self.program, limits=self.limits, valid_for=self.valid_for)

    # Systems.

    def machine(self, name: str, role: ServerType, *, cluster: str | None = None, data: int = 0) -> Machine:
        return self.systems.machine(name, role, size=(2, 4), system_disk_gb=40, cluster=cluster, data_disk_gb=data)

    def system(self, *machines: Machine, name: str = "caiwu", cloud: str = CLOUD) -> SystemSpec:
        """A system of `machines`; of one database server with a data disk where none is given."""
        machines = machines or (self.machine("db-1", ServerType.DAT, data=100),)
        return self.systems.system(*machines, name=name, place=self.systems.placement(cloud=cloud))

    def cluster(self) -> SystemSpec:
        """Two web servers behind a load balancer."""
        return self.system(
            self.machine("web-1", ServerType.WEB, cluster="web"), self.machine("web-2", ServerType.WEB, cluster="web")
        )

    def stopped(self, spec: SystemSpec) -> SystemSpec:
        return spec.model_copy(update={"power": Power.STOPPED})

    # What people and the controller do.

    def desire(self, spec: SystemSpec, *, ground: str = "") -> int:
        """Merged, as an approval does it; the stack's row id."""
        with self.sessions.begin() as session:
            return desires.desire(session, spec, commit=spec.digest[:12], case_id=1, ground=ground).id

    def end(self, stack_id: int) -> None:
        name = self.stack(stack_id).name
        with self.sessions.begin() as session:
            desires.end(session, name, commit="end")

    def plan(self, stack_id: int) -> tuple[int, Plan]:
        return self.reconciler.plan(self.stack(stack_id).name)

    def approve(self, plan_id: int) -> None:
        with self.sessions.begin() as session:
            self.reconciler.approve(session, plan_id, person="vendor", ground="case 1")

    def look(self, stack_id: int) -> Look:
        return self.reconciler.look(stack_id)

    def applied(self, spec: SystemSpec | None = None) -> int:
        """A system that stands as approved."""
        stack_id = self.desire(spec or self.system())
        self.approve(self.plan(stack_id)[0])
        look = self.look(stack_id)
        assert self.stack(stack_id).provisioning == Provisioning.READY, look
        return stack_id

    def scan(self, cloud: str = CLOUD, **how: Any) -> ScanResult:
        return scan(self.sessions, self.provider, self.vault, cloud, **how)

    def follow(self, result: ScanResult) -> list[work.Subject]:
        return drift.follow_up(self.sessions, self.provider, self.vault, result, self.limits)

    def repaired(self, stack_id: int) -> Look:
        """Scanned, followed up, looked at."""
        self.follow(self.scan())
        return self.look(stack_id)

    # What stands in the database and in the cloud.

    def stack(self, stack_id: int) -> StackRow:
        with self.sessions() as session:
            return session.get_one(StackRow, stack_id)

    def resources(self, stack_id: int, kind: str = "") -> Sequence[ResourceRow]:
        """Rows of resources, by a part of their type."""
        with self.sessions() as session:
            rows = session.scalars(
                select(ResourceRow)
                .where(ResourceRow.stack_id == stack_id, ResourceRow.custom)
                .order_by(ResourceRow.position, ResourceRow.urn)
            )
            return [row for row in rows if kind in row.type]

    def resource(self, stack_id: int, kind: str, name: str = "") -> ResourceRow:
        """The one of a kind whose URN ends with `name`."""
        (row,) = (row for row in self.resources(stack_id, kind) if row.urn.endswith(name) and not row.pending_delete)
        return row

    def executions(self, stack_id: int) -> Sequence[ExecutionRow]:
        with self.sessions() as session:
            return session.scalars(
                select(ExecutionRow).where(ExecutionRow.stack_id == stack_id).order_by(ExecutionRow.id)
            ).all()

    def incidents(self) -> Sequence[IncidentRow]:
        with self.sessions() as session:
            return incidents.open_incidents(session)

    def changes_made(self) -> int:
        """Calls that changed something, since the counts were cleared."""
        return int(self.simulated.ask("GET", "/counts")["mutating"])

    def forget_counts(self) -> None:
        self.simulated.ask("DELETE", "/counts")

    def seed_volumes(self, count: int, project: str = "", **fields: Any) -> str:
        """Volumes that nobody asked for, in this project or a new one of that name "new"; the project's id."""
        projects = 1 if project == "new" else [project or self.provider.project(CLOUD)]
        order = {"projects": projects, "per_project": {"volume": count}, "fields": {"volume": fields}}
        return str(self.simulated.ask("POST", "/seed", order)["projects"][0])

    def fault(self, action: str, **rule: Any) -> None:
        self.simulated.ask("POST", "/faults", [{"action": action, **rule}])

    def faults_fired(self) -> int:
        return sum(rule["fired"] for rule in self.simulated.ask("GET", "/faults"))

    def end_faults(self) -> None:
        self.simulated.ask("DELETE", "/faults")

    def with_limits(self, **limits: Any) -> None:
        self.limits = replace(self.limits, **limits)


def found(result: ScanResult, verdict: Verdict) -> dict[str, Finding]:
    """Findings of a verdict, by the last part of their URN, or their name where they have none."""
    return {one.urn.rpartition("::")[2] or one.name or one.id: one for one in result.findings if one.verdict is verdict}
