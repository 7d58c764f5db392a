"""A cloud becomes verdicts: every kind is listed in bulk and compared with a compact map of the state.

Called by `worker.py` and `yunguan drift`. It writes a scan with its findings and changes nothing else; `drift.py`
decides what follows. An incomplete list never yields "missing": all of that kind that was not seen is unknown. Nor do
lists that hold nothing of ours at all: those are the lists of another project.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from controller.clock import real_now
from controller.domain.errors import Failed, Unknown
from controller.engine.applying.parallel import REAL_THREADS, Threads
from controller.engine.provider import Kind, Provider
from controller.engine.storage import from_row
from controller.reconcile import incidents
from controller.reconcile.incidents import IncidentKind
from controller.reconcile.known import Known, compared, untouched
from controller.reconcile.listing import Listing, Progress
from controller.reconcile.record import Part, Record, opened
from controller.reconcile.verdict import Finding, Verdict
from controller.store.database import Sessions
from controller.store.reconcile import Sort
from controller.store.vault import Vault

CLOCKS_DIFFER = timedelta(minutes=2)
"""How far the cloud's clock may be behind or before ours; what is listed twice for that does no harm."""

KINDS_AT_ONCE = 4
"""Lists that are read side by side; how many calls a service bears is the provider's budget."""


@dataclass
class ScanResult:
    """What was seen. `counts` has every verdict; `kinds` how far each was read; `incomplete` what was not, and why.

    `none_seen` holds all that is known, where lists that are whole have none of it: it was not even read one by one.
    """

    scan_id: int
    cloud: str
    sort: Sort = Sort.FULL
    objects: int = 0
    api_calls: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    incomplete: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    none_seen: list[Finding] = field(default_factory=list)
    kinds: list[Part] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not self.incomplete


def scan(
    sessions: Sessions,
    provider: Provider,
    vault: Vault,
    cloud: str,
    *,
    fresh_for: timedelta = timedelta(),
    progress: Progress = lambda _kind, _count: None,
    threads: Threads = REAL_THREADS,
) -> ScanResult:
    """Lists everything that the credentials of `cloud` can see and compares it with the state of the stacks on it.

    One that was cut off is taken up at the kinds it was at; those that it had finished less than `fresh_for` ago
    count. Raises WrongUse for a cloud that clouds.yaml does not have; one that does not answer is an incomplete scan.
    """
    provider.cloud(cloud)
    with opened(sessions, cloud, Sort.FULL, fresh_for=fresh_for) as record:
        scanner = Scanner(provider, vault, record, progress, threads)
        result = _told(provider, record, lambda: scanner.see_all(fresh_for))
        return replace(result, none_seen=scanner.none_seen)


def scan_changes(sessions: Sessions, provider: Provider, vault: Vault, cloud: str) -> ScanResult:
    """Lists what changed on `cloud` since the last scan that was followed up, of the kinds whose API can tell.

    What it does not see is as it was: it says nothing of missing or unknown ones. Raises WrongUse as `scan`.
    """
    provider.cloud(cloud)
    with opened(sessions, cloud, Sort.CHANGES, fresh_for=timedelta()) as record:
        return _told(
            provider, record, Scanner(provider, vault, record, lambda _kind, _count: None, REAL_THREADS).see_changes
        )


def _told(provider: Provider, record: Record, pass_over: Callable[[], list[str]]) -> ScanResult:
    """Makes the pass, closes its record, and tells what was seen."""
    started, before = time.monotonic(), provider.calls_made(record.cloud)
    problems = pass_over()
    calls, seconds = provider.calls_made(record.cloud) - before, time.monotonic() - started
    row = record.close(problems, api_calls=calls, seconds=seconds)
    return ScanResult(
        scan_id=row.id,
        cloud=row.cloud,
        sort=Sort(row.sort),
        objects=row.objects,
        api_calls=row.api_calls,
        seconds=row.seconds,
        counts={verdict: row.counts[verdict] for verdict in Verdict},
        incomplete=row.incomplete,
        findings=record.findings(),
        kinds=record.parts(),
    )


class Scanner:
    """One pass over one cloud."""

    def __init__(self, provider: Provider, vault: Vault, record: Record, progress: Progress, threads: Threads) -> None:
        self._provider = provider
        self._vault = vault
        self._record = record
        self._progress = progress
        self._threads = threads
        self._connection: Any = provider.cloud(record.cloud)
        self._stop = Event()
        self.none_seen: list[Finding] = []

    def see_all(self, fresh_for: timedelta) -> list[str]:
        """Every kind that is not finished yet; then what no list held is asked for by itself.

        What keeps the scan as a whole from being believed, nothing where it is.
        """
        finished = self._record.finished(since=real_now() - fresh_for)
        self._list([self._listing(kind) for kind in self._provider.kinds() if kind.token not in finished])
        return self._judge_unseen()

    def see_changes(self) -> list[str]:
        """Every kind that tells what changed, since it was last looked at; clocks may differ by `CLOCKS_DIFFER`."""
        looked = self._record.last_looked()
        kinds = [kind for kind in self._provider.kinds() if kind.lists_changes and kind.token in looked]
        self._list([self._listing(kind, since=looked[kind.token] - CLOCKS_DIFFER) for kind in kinds])
        return []

    def _list(self, listings: Sequence[Listing]) -> None:
        """All of them, side by side; none where the cloud lets nobody in."""
        try:
            own_project = self._provider.project(self._record.cloud)
        except Unknown as error:
            for listing in listings:
                listing.give_up(error.message)
            return
        self._side_by_side(Listing.run, listings)
        self._record.forget_orphans_outside({own_project, *self._record.projects()})

    def _listing(self, kind: Kind, since: datetime | None = None) -> Listing:
        return Listing(kind, self._connection, self._record, self._vault, self._progress, self._stop, since)

    def _judge_unseen(self) -> list[str]:
        unseen = self._record.unseen()
        if len(unseen) > 1 and not self._record.has_seen_ours() and not self._are_believed_gone(unseen):
            self.none_seen = unseen
            return [
                f"none of the {len(unseen)} resources that should be here was seen: "
                "the credentials are likely those of another project"
            ]
        problems: list[str] = []
        self._side_by_side(lambda finding: problems.extend(self._confirm_missing(finding)), unseen)
        return problems

    def _are_believed_gone(self, unseen: Sequence[Finding]) -> bool:
        """Whether a person has said of exactly these that they are gone."""
        digest = incidents.digest_of((one.type, one.id) for one in unseen)
        with self._record.sessions() as session:
            return incidents.is_approved(session, IncidentKind.GONE, self._record.cloud, digest)

    def _confirm_missing(self, unseen: Finding) -> list[str]:
        """A complete list did not hold it: only a read of its own that says "not found" makes it missing."""
        kind = self._provider.kind(unseen.type)
        row_id = unseen.resource_id or 0
        with self._record.sessions() as session:
            row = untouched(session, [Known(row_id, unseen.version)]).get(row_id)
        if row is None:
            self._record.settle(unseen, None)
            return []
        try:
            observation = kind.read(self._connection, unseen.id, from_row(row, self._vault).inputs)
        except (Unknown, Failed) as error:
            return [f"{unseen.type} {unseen.id}: {error.message}"]
        if observation is None:
            self._record.settle(unseen, replace(unseen, verdict=Verdict.MISSING))
            return []
        judged = compared(kind, row, observation, self._vault)
        self._record.settle(unseen, judged)
        if judged is None:
            self._record.count_same(unseen.type)
        return []

    def _side_by_side(self, do: Callable[[Any], object], what: Iterable[Any]) -> None:
        """Does it for each of them, `KINDS_AT_ONCE` at a time; what one raises ends all."""
        with self._threads.pool(KINDS_AT_ONCE) as pool:
            try:
                for done in [pool.submit(do, one) for one in what]:
                    done.result()
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
