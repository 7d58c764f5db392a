"""A cloud becomes verdicts: every kind is listed in bulk and compared with a compact map of the state.

Called by `worker.py` and `yunguan drift`. It writes a scan with its findings and changes nothing else; `drift.py`
decides what follows. An incomplete list never yields "missing": all of that kind that was not seen is unknown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.domain.errors import YunguanError
from controller.engine.provider import Kind, Observation, Provider, Scope
from controller.engine.storage import from_row
from controller.reconcile.verdict import Finding, Verdict, differences
from controller.store.database import Sessions
from controller.store.engine import ExecutionRow, ExecutionState, JournalRow, ResourceRow, StackRow
from controller.store.reconcile import FindingRow, ScanRow
from controller.store.vault import Vault

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Known:
    """One resource of ours, as small as a hundred thousand of them have to be."""

    row_id: int
    stack_id: int
    urn: str
    version: str


@dataclass
class ScanResult:
    """What was seen. `counts` has every verdict; `incomplete` says what could not be read, and why."""

    scan_id: int
    cloud: str
    objects: int = 0
    api_calls: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    incomplete: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not self.incomplete


def scan(
    sessions: Sessions, provider: Provider, vault: Vault, cloud: str, *, progress: Progress = lambda _kind, _count: None
) -> ScanResult:
    """Lists everything that the credentials of `cloud` can see and compares it with the state of the stacks on it."""
    started, before = time.monotonic(), provider.calls_made(cloud)
    with sessions.begin() as session:
        row = ScanRow(cloud=cloud, started_at=real_now())
        session.add(row)
        session.flush()
        result = ScanResult(scan_id=row.id, cloud=cloud)
    Scanner(sessions, provider, vault, result, progress).run()
    result.api_calls = provider.calls_made(cloud) - before
    result.seconds = time.monotonic() - started
    _store(sessions, result)
    return result


class Scanner:
    """One pass over one cloud: holds the map of what is known and what of it has not been seen yet."""

    def __init__(
        self, sessions: Sessions, provider: Provider, vault: Vault, result: ScanResult, progress: Progress
    ) -> None:
        self._sessions = sessions
        self._provider = provider
        self._vault = vault
        self._result = result
        self._progress = progress
        self._connection: Any = provider.cloud(result.cloud)
        self._owners: dict[str, tuple[int, str]] = {}

    def run(self) -> None:
        """Every kind in the provider's order: owners come before what they own."""
        for kind in self._provider.kinds():
            self._scan_kind(kind)

    def _scan_kind(self, kind: Kind) -> None:
        unseen = self._known_of(kind.token)
        self._owners.update({id: (known.stack_id, known.urn) for id, known in unseen.items()})
        strangers: list[Observation] = []
        seen = 0
        try:
            for page in kind.list(self._connection, Scope()):
                for observation in page.items:
                    known = unseen.pop(observation.id, None)
                    if known is not None:
                        self._compare(kind, known, observation)
                    elif not observation.by_cloud:
                        strangers.append(observation)
                seen += len(page.items)
                self._progress(kind.token, seen)
        except YunguanError as error:
            self._result.incomplete.append(f"{kind.token}: {error.message}")
            for id, known in unseen.items():
                self._find(Finding(Verdict.UNKNOWN, kind.token, id, stack_id=known.stack_id, urn=known.urn))
        else:
            for id, known in unseen.items():
                self._confirm_missing(kind, id, known)
        self._result.objects += seen
        for observation in self._still_strange(kind, strangers):
            self._find(self._orphan(kind, observation))

    def _known_of(self, token: str) -> dict[str, Known]:
        """The resources of this kind on this cloud that nobody is changing at the moment."""
        busy = select(ExecutionRow.stack_id).where(ExecutionRow.state == ExecutionState.RUNNING)
        rows = (
            select(ResourceRow.physical_id, ResourceRow.id, ResourceRow.stack_id, ResourceRow.urn, ResourceRow.version)
            .join(StackRow, StackRow.id == ResourceRow.stack_id)
            .where(
                StackRow.cloud == self._result.cloud,
                ResourceRow.type == token,
                ResourceRow.custom,
                ResourceRow.missing.is_(False),
                StackRow.id.not_in(busy),
            )
        )
        with self._sessions() as session:
            return {
                id: Known(row_id, stack_id, urn, version)
                for id, row_id, stack_id, urn, version in session.execute(rows.execution_options(yield_per=5000))
            }

    def _compare(self, kind: Kind, known: Known, observation: Observation) -> None:
        """Equal versions are equal fields; only where they differ is the row itself read."""
        if observation.version == known.version:
            self._count(Verdict.SAME)
            return
        with self._sessions() as session:
            row = session.get(ResourceRow, known.row_id)
            if row is None:
                return
            desired = kind.desired(from_row(row, self._vault).inputs)
        fields = differences(desired, observation.fields)
        if not fields:
            self._count(Verdict.SAME)
            return
        self._find(
            Finding(
                Verdict.CHANGED,
                kind.token,
                observation.id,
                name=observation.name,
                stack_id=known.stack_id,
                urn=known.urn,
                resource_id=known.row_id,
                fields=fields,
            )
        )

    def _confirm_missing(self, kind: Kind, id: str, known: Known) -> None:
        """A complete list did not hold it: only a read of its own that says "not found" makes it missing."""
        with self._sessions() as session:
            row = session.get(ResourceRow, known.row_id)
            if row is None or _is_busy(session, known.stack_id):
                return
            inputs = from_row(row, self._vault).inputs
        finding = Finding(
            Verdict.MISSING, kind.token, id, stack_id=known.stack_id, urn=known.urn, resource_id=known.row_id
        )
        try:
            observation = kind.read(self._connection, id, inputs)
        except YunguanError as error:
            self._result.incomplete.append(f"{kind.token} {id}: {error.message}")
            self._find(Finding(Verdict.UNKNOWN, kind.token, id, stack_id=known.stack_id, urn=known.urn))
            return
        if observation is None:
            self._find(finding)
        else:
            self._compare(kind, known, observation)

    def _still_strange(self, kind: Kind, strangers: list[Observation]) -> Iterator[Observation]:
        """Those that did not become ours while the list was read: neither in state nor announced by an open intent."""
        for start in range(0, len(strangers), 1000):
            batch = strangers[start : start + 1000]
            ids = [observation.id for observation in batch]
            identities = [observation.identity for observation in batch if observation.identity]
            with self._sessions() as session:
                ours = set(
                    session.scalars(
                        select(ResourceRow.physical_id).where(
                            ResourceRow.type == kind.token, ResourceRow.physical_id.in_(ids)
                        )
                    )
                )
                announced = set(
                    session.scalars(
                        select(JournalRow.identity).where(JournalRow.identity.in_(identities), JournalRow.outcome == "")
                    )
                )
            yield from (item for item in batch if item.id not in ours and item.identity not in announced)

    def _orphan(self, kind: Kind, observation: Observation) -> Finding:
        stack_id, owner_urn = self._owners.get(observation.owner, (None, ""))
        return Finding(
            Verdict.ORPHAN,
            kind.token,
            observation.id,
            name=observation.name,
            stack_id=stack_id,
            owner_urn=owner_urn,
            identity=observation.identity or "",
        )

    def _count(self, verdict: Verdict) -> None:
        self._result.counts[verdict] += 1

    def _find(self, finding: Finding) -> None:
        self._count(finding.verdict)
        self._result.findings.append(finding)


def _is_busy(session: Session, stack_id: int) -> bool:
    running = select(ExecutionRow.id).where(
        ExecutionRow.stack_id == stack_id, ExecutionRow.state == ExecutionState.RUNNING
    )
    return session.scalar(running) is not None


def _store(sessions: Sessions, result: ScanResult) -> None:
    with sessions.begin() as session:
        row = session.get_one(ScanRow, result.scan_id)
        row.ended_at, row.complete, row.incomplete = real_now(), result.complete, result.incomplete
        row.objects, row.api_calls, row.seconds = result.objects, result.api_calls, result.seconds
        row.counts = {str(verdict): count for verdict, count in result.counts.items()}
        session.add_all(
            FindingRow(
                scan_id=result.scan_id,
                stack_id=finding.stack_id,
                urn=finding.urn or finding.owner_urn,
                type=finding.type,
                physical_id=finding.id,
                name=finding.name,
                verdict=finding.verdict,
                fields={path: list(pair) for path, pair in finding.fields.items()},
            )
            for finding in result.findings
        )
