"""One kind of one cloud: its pages are compared as they come, written down and forgotten. Called by `scan.py`.

Memory holds a page and the compact map of what is known, whatever the cloud holds. A list that is not whole never
makes anything missing: all of the kind that was not seen is unknown, and the part says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any

from sqlalchemy import select

from controller.clock import real_now
from controller.domain.errors import Failed, Unknown
from controller.engine.provider import Kind, Observation, Scope
from controller.reconcile.known import Known, compared, finding, known_of, orphans, untouched
from controller.reconcile.record import Record
from controller.reconcile.verdict import Finding, Verdict
from controller.store.engine import ResourceRow
from controller.store.vault import Vault

Progress = Callable[[str, int], None]
"""(type token, objects seen of it so far); called from several threads."""

_ROWS_AT_ONCE = 1000


@dataclass
class Listing:
    """The list of one kind, or of what changed in it `since` (the cloud's clock), which leaves nothing unknown.

    `stop` is set where the scan is given up: the part then stays as it is, without an end.
    """

    kind: Kind
    connection: Any
    record: Record
    vault: Vault
    progress: Progress
    stop: Event
    since: datetime | None = None
    _pages: int = 0
    _seen: int = 0
    _projects: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Every page, then all that no page held: unknown until a read of its own has judged it."""
        self.record.begin(self.kind.token)
        begun = real_now()
        known = known_of(self.record.sessions, self.record.cloud, self.kind.token)
        problem = ""
        try:
            for page in self.kind.list(self.connection, Scope(changed_since=self.since)):
                if self.stop.is_set():
                    return
                self._take(page.items, known, begun)
        except (Unknown, Failed) as error:
            problem = f"page {self._pages + 1}, after {self._seen} objects: {error.message}"
        self._end(known, problem)

    def give_up(self, problem: str) -> None:
        """Nothing of the kind was asked for: all of it is unknown."""
        self.record.begin(self.kind.token)
        known = known_of(self.record.sessions, self.record.cloud, self.kind.token)
        self._end(known, problem)

    def _take(self, items: Sequence[Observation], known: dict[str, Known], begun: datetime) -> None:
        """Compares one page; of what is known, only that which no page has held yet stays in `known`."""
        same, others, strangers = 0, [], []
        for observation in items:
            ours = known.pop(observation.id, None)
            if ours is None:
                if not observation.by_cloud:
                    strangers.append(observation)
                continue
            self._projects.add(observation.project)
            if observation.version == ours.version:
                same += 1
            else:
                others.append((ours, observation))
        changed = list(self._compared(others)) if others else []
        same += sum(one is None for one in changed)
        found = [one for one in changed if one is not None]
        if strangers:
            found += orphans(self.record.sessions, self.kind, strangers, begun)
        self._pages += 1
        self._seen += len(items)
        self.record.page(self.kind.token, found, objects=len(items), same=same, projects=self._projects)
        self.progress(self.kind.token, self._seen)

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
        self.record.end(self.kind.token, problem)

    def _leave_unknown(self, row_ids: Sequence[int]) -> None:
        for start in range(0, len(row_ids), _ROWS_AT_ONCE):
            with self.record.sessions() as session:
                rows = session.scalars(
                    select(ResourceRow).where(ResourceRow.id.in_(row_ids[start : start + _ROWS_AT_ONCE]))
                )
                self.record.add([finding(Verdict.UNKNOWN, row) for row in rows])
