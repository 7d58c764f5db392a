"""A cloud becomes verdicts: every kind is listed in bulk and compared with a compact map of the state.

Called by `worker.py` and `yunguan drift`. It writes a scan with its findings and changes nothing else; `drift.py`
decides what follows. An incomplete list never yields "missing": all of that kind that was not seen is unknown. Nor do
lists that hold nothing of ours at all: those are the lists of another project.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.domain.errors import Failed, Unknown
from controller.engine.applying.approval import running
from controller.engine.plan import Op
from controller.engine.provider import Fields, Kind, Observation, Provider, Scope
from controller.engine.storage import from_row
from controller.reconcile.verdict import Differences, Finding, Verdict, differences
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


@dataclass(frozen=True)
class Owner:
    """The resource of ours that something is a part of."""

    stack_id: int
    urn: str
    is_busy: bool


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
    """Lists everything that the credentials of `cloud` can see and compares it with the state of the stacks on it.

    Raises WrongUse for a cloud that clouds.yaml does not have; one that does not answer is an incomplete scan.
    """
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
        self._saw_ours = False
        self._unseen: list[tuple[Kind, str, Known]] = []

    def run(self) -> None:
        """Every kind in the provider's order; then what no list held is asked for by itself."""
        for kind in self._provider.kinds():
            self._scan_kind(kind)
        if len(self._unseen) > 1 and not self._saw_ours:
            self._result.incomplete.append(
                f"none of the {len(self._unseen)} resources that should be here was seen: "
                "the credentials are likely those of another project"
            )
            for kind, id, known in self._unseen:
                self._find(_finding(Verdict.UNKNOWN, kind, id, known))
            return
        for kind, id, known in self._unseen:
            self._confirm_missing(kind, id, known)

    def _scan_kind(self, kind: Kind) -> None:
        begun = real_now()
        unseen = self._known_of(kind.token)
        strangers: list[Observation] = []
        seen = 0
        try:
            for page in kind.list(self._connection, Scope()):
                for observation in page.items:
                    known = unseen.pop(observation.id, None)
                    if known is not None:
                        self._saw_ours = True
                        self._compare(kind, known, observation)
                    elif not observation.by_cloud:
                        strangers.append(observation)
                seen += len(page.items)
                self._progress(kind.token, seen)
        except (Unknown, Failed) as error:
            self._result.incomplete.append(f"{kind.token}: {error.message}")
            for id, known in unseen.items():
                self._find(_finding(Verdict.UNKNOWN, kind, id, known))
        else:
            self._unseen += [(kind, id, known) for id, known in unseen.items()]
        self._result.objects += seen
        for start in range(0, len(strangers), 1000):
            for orphan in self._orphans(kind, strangers[start : start + 1000], begun):
                self._find(orphan)

    def _known_of(self, token: str) -> dict[str, Known]:
        """The resources of this kind on this cloud that nobody is changing at the moment."""
        busy = select(ExecutionRow.stack_id).where(ExecutionRow.state == ExecutionState.RUNNING)
        rows = (
            select(ResourceRow.physical_id, ResourceRow.id, ResourceRow.stack_id, ResourceRow.urn, ResourceRow.version)
            .join(StackRow, StackRow.id == ResourceRow.stack_id)
            .where(
                ResourceRow.cloud == self._result.cloud,
                ResourceRow.type == token,
                ResourceRow.custom,
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
            row = _untouched(session, known)
        if row is None:
            return
        fields = {} if row.pending_delete else differences(self._desired(kind, row), observation.fields)
        if fields or row.missing:
            self._find(_finding(Verdict.CHANGED, kind, observation.id, known, name=observation.name, fields=fields))
        else:
            self._count(Verdict.SAME)

    def _desired(self, kind: Kind, row: ResourceRow) -> Fields:
        return kind.desired(from_row(row, self._vault).inputs)

    def _confirm_missing(self, kind: Kind, id: str, known: Known) -> None:
        """A complete list did not hold it: only a read of its own that says "not found" makes it missing."""
        with self._sessions() as session:
            row = _untouched(session, known)
        if row is None:
            return
        try:
            observation = kind.read(self._connection, id, from_row(row, self._vault).inputs)
        except (Unknown, Failed) as error:
            self._result.incomplete.append(f"{kind.token} {id}: {error.message}")
            self._find(_finding(Verdict.UNKNOWN, kind, id, known))
            return
        if observation is None:
            self._find(_finding(Verdict.MISSING, kind, id, known))
        else:
            self._compare(kind, known, observation)

    def _orphans(self, kind: Kind, strangers: list[Observation], begun: datetime) -> Iterator[Finding]:
        """Those that no state holds and no call of ours explains, and that are no part of what is being worked on."""
        ids = [one.id for one in strangers]
        identities = [one.identity for one in strangers if one.identity]
        owners = [one.owner for one in strangers if one.owner]
        with self._sessions() as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            ours = set(
                session.scalars(
                    select(ResourceRow.physical_id).where(
                        ResourceRow.type == kind.token, ResourceRow.physical_id.in_(ids)
                    )
                )
            )
            ours |= _deleted_since(session, kind.token, ids, begun)
            announced = set(
                session.scalars(
                    select(JournalRow.identity).where(JournalRow.identity.in_(identities), JournalRow.outcome == "")
                )
            )
            owned_by = _owners(session, owners)
        for one in strangers:
            owner = owned_by.get(one.owner)
            if one.id in ours or one.identity in announced or (owner and owner.is_busy):
                continue
            yield Finding(
                Verdict.ORPHAN,
                kind.token,
                one.id,
                name=one.name,
                stack_id=owner.stack_id if owner else None,
                owner_urn=owner.urn if owner else "",
                identity=one.identity or "",
            )

    def _count(self, verdict: Verdict) -> None:
        self._result.counts[verdict] += 1

    def _find(self, finding: Finding) -> None:
        self._count(finding.verdict)
        self._result.findings.append(finding)


def _finding(
    verdict: Verdict, kind: Kind, id: str, known: Known, *, name: str = "", fields: Differences | None = None
) -> Finding:
    return Finding(
        verdict,
        kind.token,
        id,
        name=name,
        stack_id=known.stack_id,
        urn=known.urn,
        resource_id=known.row_id,
        version=known.version,
        fields=fields or {},
    )


def _untouched(session: Session, known: Known) -> ResourceRow | None:
    """The row, None where it was worked on since it was read, or is being worked on: then nothing is concluded."""
    row = session.get(ResourceRow, known.row_id)
    touched = row is None or row.version != known.version or running(session, known.stack_id) is not None
    return None if touched else row


def _deleted_since(session: Session, token: str, ids: Sequence[str], begun: datetime) -> set[str]:
    """What a list may still show although the engine has deleted it meanwhile, or is about to."""
    return set(
        session.scalars(
            select(JournalRow.physical_id).where(
                JournalRow.type == token,
                JournalRow.op == Op.DELETE,
                JournalRow.physical_id.in_(ids),
                or_(JournalRow.outcome == "", JournalRow.closed_at >= begun),
            )
        )
    )


def _owners(session: Session, ids: Sequence[str]) -> dict[str, Owner]:
    """Those of `ids` that are resources of ours."""
    rows = session.execute(
        select(ResourceRow.physical_id, ResourceRow.stack_id, ResourceRow.urn, ExecutionRow.id)
        .outerjoin(
            ExecutionRow,
            and_(ExecutionRow.stack_id == ResourceRow.stack_id, ExecutionRow.state == ExecutionState.RUNNING),
        )
        .where(ResourceRow.physical_id.in_(ids), ResourceRow.pending_delete.is_(False))
        .order_by(ResourceRow.position.desc())
    )
    return {id: Owner(stack_id, urn, execution is not None) for id, stack_id, urn, execution in rows}


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
