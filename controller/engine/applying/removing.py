"""What goes in a run: what makes room for its successor, and at the end all that the plan says must go.

`execute.py` asks for it; hooks around deletions are called here.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from controller.domain.errors import Refused
from controller.engine.applying.decisions import name_of_leftover
from controller.engine.applying.means import Means
from controller.engine.applying.outcome import Failures
from controller.engine.applying.parallel import in_dependency_order
from controller.engine.applying.permits import Permits
from controller.engine.applying.rows import Rows
from controller.engine.applying.steps import Steps
from controller.engine.hooks import Named
from controller.engine.order import Key, deletions, foundations, going_along, must_go_first
from controller.engine.state import ResourceState


class Removals:
    """The removals of one run. Shared by its threads."""

    def __init__(
        self, means: Means, rows: Rows, steps: Steps, permits: Permits, *, failures: Failures, named: Named
    ) -> None:
        self._means = means
        self._rows = rows
        self._steps = steps
        self._permits = permits
        self._failures = failures
        self._named = named
        self._lock = threading.Lock()
        self._worked_on: dict[Key, AbstractContextManager[object]] = {}
        self._went_first: set[str] = set()

    def clear_the_way(self, prior: ResourceState) -> None:
        """Removes `prior`, and before it what hangs on it and goes or comes anew, too.

        What comes anew stands on as missing.
        """
        for one in self._permits.in_the_way(prior, self._rows.all()):
            with self.alone_with(one):
                row = self._rows.standing(one)
                if row is not None:
                    self._delete_first(replace(row, pending_delete=self._permits.foresee_removal(row)))
        self._delete_first(prior)

    def remove_all_but(self, kept: Collection[str]) -> Sequence[str]:
        """Removes old generations and what is not `kept`; returns the names of what waits for a decision.

        After failures all that was not brought about stays, with all that it stands on.
        """
        rows, spared = [row for row in self._rows.all() if not self._permits.pass_over(row)], frozenset[str]()
        if self._failures:
            undone = {row.urn for row in rows if row.urn not in kept and not self._permits.foresee_removal(row)}
            spared = foundations(rows, undone)
        try:
            doomed = deletions([row for row in rows if row.urn not in spared], kept)
            undecided = [one for one in doomed if self._permits.is_undecided(one)]
            doomed = [one for one in doomed if one not in undecided]
            for one in doomed:
                self._permits.check_removal(one)
        except Refused as error:
            self._failures.record(error.where, error)
            return ()
        by_key = {(one.urn, one.generation): replace(one, pending_delete=True) for one in doomed}
        with_what = going_along(doomed)

        def is_removed(key: Key) -> bool:
            remove_one = self._forget if key in with_what else self._delete
            try:
                remove_one(by_key[key])
            except Exception as error:
                self._failures.record(key[0], error)
                return False
            return True

        pool = self._means.threads.pool(self._means.deletes_at_once)
        in_dependency_order(must_go_first(doomed), is_removed, pool, goes_on=lambda: self._failures.allow_more)
        return [name_of_leftover(one.urn, one.id) for one in undecided]

    def alone_with(self, row: ResourceState | None) -> AbstractContextManager[object]:
        """Held while `row` is worked on, since one that is being replaced by itself may stand in the way of others.

        Whoever holds one waits only for what hangs on it, and so never in a circle.
        """
        if row is None:
            return nullcontext()
        with self._lock:
            return self._worked_on.setdefault((row.urn, row.generation), self._means.threads.lock())

    def _delete_first(self, row: ResourceState) -> None:
        self._delete(row)
        if row.managed and not row.retain_on_delete:
            with self._lock:
                self._went_first.add(row.urn)

    def _delete(self, row: ResourceState) -> None:
        with self._lock:
            went_along = row.deleted_with in self._went_first
        if went_along:
            self._forget(row)
            return
        self._steps.refuse_when_stopping(row)
        self._named.before_delete(row)
        self._named.persist_in_deleting(row, lambda: self._steps.delete(row))
        self._named.after_delete(row)

    def _forget(self, row: ResourceState) -> None:
        self._steps.refuse_when_stopping(row)
        self._named.before_delete(row)
        self._steps.forget(row)
        self._named.after_delete(row)
