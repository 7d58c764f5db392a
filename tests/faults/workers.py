"""Workers on the simulated cloud: a database of their own each run, killed where asked, and what they left compared."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Engine, NullPool, create_engine, select, text
from sqlalchemy.orm import Session

from controller import audit
from controller.domain.spec import SystemSpec
from controller.engine import storage
from controller.engine.integrity import verify_integrity
from controller.engine.provider import Observation, Scope
from controller.engine.state import ResourceState
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry
from controller.store.engine import JournalRow, StackRow
from controller.store.vault import Vault
from sandbox.cloud.process import RunningCloud
from tests.faults.job import Job, told

KILLED, STOPPED = -9, -19
FLOATING_IP = "openstack:networking/floatingIp:FloatingIp"


@dataclass(frozen=True)
class Left:
    """What a run left: the state, and everything of the project in the cloud."""

    states: list[ResourceState]
    observations: dict[str, list[Observation]]

    @property
    def strangers(self) -> list[Observation]:
        """What the cloud holds and the state does not."""
        held = {(one.type, one.id) for one in self.states}
        return [one for kind, found in self.observations.items() for one in found if (kind, one.id) not in held]

    @property
    def picture(self) -> dict[str, Any]:
        """Each resource by URN as the cloud shows it, comparable between runs.

        Ids stand as the URNs they belong to, and so do addresses that the cloud gives out as they are asked for.
        """
        shown = {(kind, one.id): one for kind, found in self.observations.items() for one in found}
        fields = {one.urn: dict(shown[one.type, one.id].fields) for one in self.states if one.custom}
        names = {one.id: one.urn for one in self.states if one.custom}
        names |= {ip["ipAddress"]: urn for urn, of in fields.items() for ip in of.get("fixedIps", ())}
        names |= {one.outputs["address"]: one.urn for one in self.states if one.type == FLOATING_IP}
        return {urn: _named(of, names) for urn, of in fields.items()}


_FIXED = ("allocationPools", "gatewayIp", "cidr")
"""Fields whose addresses are no port's, though a port may have the same."""


def _named(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with names put in; lists, whose order tells nothing, sorted; without what varies by itself."""
    if isinstance(value, Mapping):
        return {
            key: item if key in _FIXED else _named(item, names) for key, item in value.items() if key != "macAddress"
        }
    if isinstance(value, list):
        return sorted((_named(item, names) for item in value), key=str)
    return names.get(value, value) if isinstance(value, str) else value


class Workers:
    """The nursery and the cloud, for runs one after the other."""

    def __init__(self, simulated: RunningCloud, server: Engine, folder: Path) -> None:
        self.simulated = simulated
        self._server = server
        self._folder = folder
        self._numbers = itertools.count(1)
        self._key = Fernet.generate_key().decode()
        self._database = ""
        self.vault = Vault(self._key.encode())
        self._provider = Registry(ProviderSettings(request_timeout=5.0))
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "workers.log").open("ab"),
            env={**os.environ, "OS_CLIENT_CONFIG_FILE": str(simulated.clouds_yaml)},
            cwd=Path(__file__).parents[2],
            text=True,
        )

    def close(self) -> None:
        """Ends the nursery."""
        self._nursery.communicate(timeout=20)

    @contextmanager
    def database(self, template: str) -> Iterator[str]:
        """A database of its own, copied from `template`; workers are told of it until the block ends."""
        name = f"faults_{os.getpid()}_{next(self._numbers)}"
        self._sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        before, self._database = self._database, name
        yield name
        self._database = before
        self._sql(f"DROP DATABASE {name} WITH (FORCE)")

    def prepare(self, spec: SystemSpec | None) -> None:
        """Plans, approves and starts `spec`; to destroy the system where it is None."""
        document = spec.model_dump(mode="json", by_alias=True) if spec else None
        assert self._tell("prepare", spec=document) == 0, self.log()

    def go_on(self, *, kill: str = "", tried: Sequence[str] | None = None) -> dict[str, Any]:
        """A worker takes the running execution up; its report, {"killed_at": …} where it was killed as asked."""
        code, found = self._report("go_on", kill=kill, tried=tried)
        assert code in {0, KILLED}, self.log()
        assert (code == KILLED) == ("killed_at" in found)
        return found

    def go_on_until_stopped(self, stop: str) -> None:
        """A worker takes the running execution up, and is stopped (SIGSTOP) at that point."""
        assert self._tell("go_on", stop=stop) == STOPPED, self.log()

    def wake(self) -> dict[str, Any]:
        """The stopped worker comes back, and lives to its end; its report."""
        code, found = self._report("wake")
        assert code == 0, self.log()
        return found

    def log(self) -> str:
        """The end of what workers printed."""
        return (self._folder / "workers.log").read_text()[-4000:]

    def left(self) -> Left:
        """State and cloud as they are now."""
        with self._session() as session:
            stack = session.scalars(select(StackRow)).one()
            states = storage.load_state(session, stack.id, self.vault)
        provider, cloud = self._provider, self._provider.cloud("sandbox")
        scope = Scope(cloud.project_id)
        found = {
            kind.token: [one for page in kind.list(cloud, scope) for one in page.items if not one.by_cloud]
            for kind in provider.kinds()
        }
        return Left(states, found)

    def unsound(self, left: Left) -> list[str]:
        """What is wrong with what a run left, a sentence each: state, journal, audit, and state against cloud."""
        shown = Counter((kind, one.id) for kind, found in left.observations.items() for one in found)
        held = Counter((one.type, one.id) for one in left.states if one.custom)
        identities = Counter(one.identity for found in left.observations.values() for one in found if one.identity)
        wrong = verify_integrity(left.states)
        wrong += [f"{kind} {id} is in no state" for kind, id in (shown - held)]
        wrong += [f"{kind} {id} is not in the cloud" for kind, id in (held - shown)]
        wrong += [f"{count} things carry {identity}" for identity, count in identities.items() if count > 1]
        wrong += [f"{one.urn} waits for removal" for one in left.states if one.pending_delete]
        wrong += [f"{one.urn} is not settled" for one in left.states if one.unsettled or one.missing]
        with self._session() as session:
            opened = session.scalars(select(JournalRow.urn).where(JournalRow.outcome == "")).all()
            wrong += [f"the journal of {urn} is open" for urn in opened]
            wrong += ["the audit chain is broken"] if audit.verify(session).broken_at is not None else []
        return wrong

    def journaled_ops(self) -> set[str]:
        """What sorts of operations were ever announced."""
        with self._session() as session:
            return set(session.scalars(select(JournalRow.op).distinct()))

    @contextmanager
    def _session(self) -> Iterator[Session]:
        engine = create_engine(self._url(), poolclass=NullPool)
        with Session(engine) as session:
            yield session
        engine.dispose()

    def _url(self) -> str:
        return self._server.url.set(database=self._database).render_as_string(hide_password=False)

    def _report(self, task: str, **job: Any) -> tuple[int, dict[str, Any]]:
        report = self._folder / "report.json"
        report.unlink(missing_ok=True)
        code = self._tell(task, **job)
        return code, json.loads(report.read_text()) if report.exists() else {}

    def _tell(self, task: str, **job: Any) -> int:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        report = str(self._folder / "report.json")
        line = told(Job(task=task, database_url=self._url(), vault_key=self._key, report=report, **job))
        self._nursery.stdin.write(line)
        self._nursery.stdin.flush()
        answer = self._nursery.stdout.readline()
        assert answer, self.log()
        return int(answer)

    def _sql(self, statement: str) -> None:
        with self._server.connect() as connection:
            connection.execute(text(statement))
