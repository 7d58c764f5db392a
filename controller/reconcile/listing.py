"""One kind as one sign-in lists it: its pages are compared as they come, written down, forgotten. Called by `scan.py`.

Memory holds a page and the compact map of what is known, whatever the cloud holds. A list that is not whole never
makes anything missing: all of the kind that it was to tell of and did not is unknown, and the part says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from sqlalchemy import select

from controller.clock import real_now
from controller.domain.errors import Failed, Unknown
from controller.engine.provider import Kind, Observation, Provider, Scope, View
from controller.reconcile.attached import Attached
from controller.reconcile.known import Known, compared, finding, known_of, orphans, untouched
from controller.reconcile.record import Record
from controller.reconcile.verdict import Finding, Verdict
from controller.store.engine import ResourceRow
from controller.store.vault import Vault

Progress = Callable[[str, int], None]
"""(type token, with the place where there are several; objects seen in that list so far); from several threads."""

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class SignIn:
    """A view with the id of the project that it stands for, or why it shows nothing.

    `elsewhere` are projects that other sign-ins of the same scan stand for: what lies there is theirs to tell.
    """

    view: View
    project: str = ""
    problem: str = ""
    elsewhere: frozenset[str] = frozenset()


@dataclass
class Listing:
    """The list of one kind, or of what changed in it `since` (the cloud's clock), which leaves nothing unknown.

    `stop` is set where the scan is given up: the part then stays as it is, without an end.
    """

    kind: Kind
    sign_in: SignIn
    provider: Provider
    record: Record
    vault: Vault
    progress: Progress
    stop: Event
    since: datetime | None = None
    _part: int = 0
    _pages: int = 0
    _objects: int = 0
    _seen: set[str] = field(default_factory=set)
    _projects: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Every page, then all that no page held: unknown until a read of its own has judged it."""
        view = self.sign_in.view
        self._part = self.record.begin(self.kind.token, view)
        begun = real_now()
        known = known_of(self.record.sessions, view.names, self.kind.token)
        attached = self._attached()
        problem = self.sign_in.problem
        try:
            for page in self._pages_of(view):
                if self.stop.is_set():
                    return
                self._take(page, known, attached, begun)
        except (Unknown, Failed) as error:
            problem = f"page {self._pages + 1}, after {self._objects} objects: {error.message}"
        self.record.add(self._part, list(attached.findings(self.record.sessions)))
        self._end(known, problem)

    def _attached(self) -> Attached:
        """Where parts shall be; among changes nothing is, since a whole that was deleted leaves its parts changed."""
        if self.since is not None:
            return Attached({})
        return Attached.at(self.record.sessions, self.provider, self.kind, self.sign_in.view.names)

    @property
    def _name(self) -> str:
        """The kind, and the place where the cloud is not listed at one alone."""
        place = self.sign_in.view.cloud
        return self.kind.token if place == self.record.cloud else f"{self.kind.token} on {place}"

    def _pages_of(self, view: View) -> Iterator[Sequence[Observation]]:
        if not self.sign_in.problem:
            for page in self.kind.list(self.provider.cloud(view.cloud), Scope(changed_since=self.since)):
                yield page.items

    def _take(self, items: Sequence[Observation], known: dict[str, Known], attached: Attached, begun: datetime) -> None:
        """Compares one page; of what is known, only that which no page has held yet stays in `known`."""
        same, others, strangers = 0, [], []
        for observation in items:
            ours = known.pop(observation.id, None)
            if ours is None:
                if not observation.by_cloud and observation.project not in self.sign_in.elsewhere:
                    strangers.append(observation)
                continue
            attached.see(observation)
            self._seen.add(ours.cloud)
            self._projects.add(observation.project)
            if observation.version == ours.version:
                same += 1
            else:
                others.append((ours, observation))
        changed = list(self._compared(others)) if others else []
        same += sum(one is None for one in changed)
        found = [one for one in changed if one is not None]
        if strangers:
            found += orphans(self.record.sessions, self.kind, self.sign_in.view, strangers, begun)
        self._pages += 1
        self._objects += len(items)
        self.record.page(self._part, found, objects=len(items), same=same, seen=self._seen, projects=self._projects)
        self.progress(self._name, self._objects)

    def _compared(self, pairs: Sequence[tuple[Known, Observation]]) -> Iterator[Finding | None]:
        """Equal versions are equal fields; only where they differ are the rows themselves read."""
        with self.record.sessions() as session:
            rows = untouched(session, [known for known, _ in pairs])
        for known, observation in pairs:
            row = rows.get(known.row_id)
            if row is not None:
                yield compared(self.kind, row, observation, self.vault)

    def _end(self, unseen: Mapping[str, Known], problem: str) -> None:
        """All that was not seen is unknown, where all was to be seen."""
        if self.since is None:
            self._leave_unknown([known.row_id for known in unseen.values()])
        self.record.end(self._part, problem)

    def _leave_unknown(self, row_ids: Sequence[int]) -> None:
        for start in range(0, len(row_ids), _ROWS_AT_ONCE):
            with self.record.sessions() as session:
                rows = session.scalars(
                    select(ResourceRow).where(ResourceRow.id.in_(row_ids[start : start + _ROWS_AT_ONCE]))
                )
                self.record.add(self._part, [finding(Verdict.UNKNOWN, row) for row in rows])
