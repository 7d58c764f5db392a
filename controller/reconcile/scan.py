"""A cloud becomes verdicts: every kind is listed in bulk and compared with a compact map of the state.

Called by `worker.py` and `yunguan drift`. A cloud is an entry of clouds.yaml with all regions and projects that its
credentials reach, each listed by a sign-in of its own or all projects at once (docs/decisions/0013). A scan writes its
findings and changes nothing else; `drift.py` decides what follows. An incomplete list never yields "missing": all of
that kind that was to be seen there and was not is unknown. Nor do lists that hold nothing at all of what is known at
a place: those are the lists of another project.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event
from typing import TypeVar

from controller.clock import real_now
from controller.domain.errors import Failed, Unknown, WrongUse
from controller.domain.place import Place, entry_of
from controller.engine.applying.parallel import REAL_THREADS, Threads
from controller.engine.provider import Kind, Provider, View
from controller.engine.storage import from_row
from controller.reconcile import incidents
from controller.reconcile.known import Known, compared, places_of, untouched
from controller.reconcile.listing import Listing, Progress, SignIn
from controller.reconcile.record import Part, Record, opened
from controller.reconcile.verdict import Finding, Verdict
from controller.store.database import Sessions
from controller.store.reconcile import Sort
from controller.store.vault import Vault

CLOCKS_DIFFER = timedelta(minutes=2)
"""How far the cloud's clock may be behind or before ours; what is listed twice for that does no harm."""

_Thing = TypeVar("_Thing")
_Told = TypeVar("_Told")

LISTS_AT_ONCE = 4
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
    """Lists everything that the credentials of a cloud can see and compares it with the state of the stacks on it.

    `cloud` is its entry in clouds.yaml, or any place of that. A scan that was cut off is taken up at the lists it was
    at; those that it had finished less than `fresh_for` ago count. Raises WrongUse for an entry that clouds.yaml does
    not have; one that does not answer is an incomplete scan.
    """
    entry = entry_of(cloud)
    provider.cloud(entry)
    with opened(sessions, entry, Sort.FULL, fresh_for=fresh_for) as record:
        scanner = Scanner(provider, vault, record, progress, threads)
        result = _told(provider, record, lambda: scanner.see_all(fresh_for))
        return replace(result, none_seen=scanner.none_seen)


def scan_changes(sessions: Sessions, provider: Provider, vault: Vault, cloud: str) -> ScanResult:
    """Lists what changed on `cloud` since the last scan that was followed up, of the kinds whose API can tell.

    What it does not see is as it was: it says nothing of missing or unknown ones. Raises WrongUse as `scan`.
    """
    entry = entry_of(cloud)
    provider.cloud(entry)
    with opened(sessions, entry, Sort.CHANGES, fresh_for=timedelta()) as record:
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
        self._stop = Event()
        self.none_seen: list[Finding] = []

    def see_all(self, fresh_for: timedelta) -> list[str]:
        """Every list that is not finished yet; then what no list held is asked for by itself.

        What keeps the scan as a whole from being believed, nothing where it is.
        """
        finished = self._record.finished(since=real_now() - fresh_for)
        sign_ins = self._sign_ins()
        self._list(
            sign_ins,
            [
                self._listing(kind, one)
                for one in sign_ins
                for kind in self._provider.kinds()
                if (kind.token, one.view.cloud) not in finished
            ],
        )
        problems = self._judge_unseen()
        self._record.join_wholes()
        return problems

    def see_changes(self) -> list[str]:
        """Every kind that tells what changed, since it was last looked at; clocks may differ by `CLOCKS_DIFFER`."""
        looked = self._record.last_looked()
        sign_ins = self._sign_ins()
        self._list(
            sign_ins,
            [
                self._listing(kind, one, since=looked[kind.token, one.view.cloud] - CLOCKS_DIFFER)
                for one in sign_ins
                for kind in self._provider.kinds()
                if kind.lists_changes and (kind.token, one.view.cloud) in looked
            ],
        )
        return []

    def _sign_ins(self) -> list[SignIn]:
        """All that show something of the cloud, or why they do not; one that shows nothing, where nothing tells."""
        entry = self._record.cloud
        with self._record.sessions() as session:
            names = places_of(session, entry)
        try:
            views = self._provider.views(entry, names)
        except Unknown as error:
            return [SignIn(View(entry, names), problem=error.message)]
        tried = self._side_by_side(self._sign_in, views)
        projects = frozenset(one.project for one in tried if one.project)
        return [replace(one, elsewhere=projects - {one.project}) for one in tried]

    def _sign_in(self, view: View) -> SignIn:
        try:
            return SignIn(view, self._provider.project(view.cloud))
        except (Unknown, WrongUse) as error:
            return SignIn(view, problem=error.message)

    def _list(self, sign_ins: Sequence[SignIn], listings: Sequence[Listing]) -> None:
        """All of them, side by side; then what turns out to be nobody's orphan is forgotten."""
        self._side_by_side(Listing.run, listings)
        own = {one.project for one in sign_ins if not Place.parse(one.view.cloud).project}
        self._record.forget_orphans_outside(own | self._record.projects())
        if len(sign_ins) > 1:
            self._record.forget_orphans_told_twice()

    def _listing(self, kind: Kind, sign_in: SignIn, since: datetime | None = None) -> Listing:
        return Listing(kind, sign_in, self._provider, self._record, self._vault, self._progress, self._stop, since)

    def _judge_unseen(self) -> list[str]:
        """Place by place: one of which nothing at all was seen is not believed to be empty."""
        at_place: dict[str, list[Finding]] = {}
        for one in self._record.unseen():
            at_place.setdefault(one.cloud, []).append(one)
        problems: list[str] = []
        for place, unseen in at_place.items():
            if len(unseen) > 1 and place not in self._record.places_seen() and not self._is_believed(place, unseen):
                self.none_seen += unseen
                problems.append(
                    f"none of the {len(unseen)} resources that should be on {place} was seen: "
                    "the credentials are likely those of another project"
                )
            else:
                problems += [line for lines in self._side_by_side(self._confirm_missing, unseen) for line in lines]
        return problems

    def _is_believed(self, place: str, unseen: Sequence[Finding]) -> bool:
        """Whether a person has said of exactly these that they are gone."""
        with self._record.sessions() as session:
            return incidents.is_gone(session, place, [one.line for one in unseen], self._vault)

    def _confirm_missing(self, unseen: Finding) -> list[str]:
        """A complete list did not hold it: only a read of its own that says "not found" makes it missing."""
        kind = self._provider.kind(unseen.type)
        row_id = unseen.resource_id or 0
        with self._record.sessions() as session:
            row = untouched(session, [Known(row_id, unseen.version, unseen.cloud)]).get(row_id)
        if row is None:
            self._record.leave(unseen)
            return []
        try:
            place = self._provider.cloud(unseen.cloud)
            observation = kind.read(place, unseen.id, from_row(row, self._vault).inputs)
        except (Unknown, Failed) as error:
            return [f"{unseen.type} {unseen.id}: {error.message}"]
        judged = compared(kind, row, observation, self._vault) if observation is not None else _missing(unseen)
        if judged is None:
            self._record.settle_same(unseen)
        else:
            self._record.settle(unseen, judged)
        return []

    def _side_by_side(self, do: Callable[[_Thing], _Told], what: Iterable[_Thing]) -> list[_Told]:
        """Does it for each of them, `LISTS_AT_ONCE` at a time; what one raises ends all."""
        with self._threads.pool(LISTS_AT_ONCE) as pool:
            try:
                return [done.result() for done in [pool.submit(do, one) for one in what]]
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _missing(unseen: Finding) -> Finding:
    return replace(unseen, verdict=Verdict.MISSING)
