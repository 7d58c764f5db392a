"""The search can fail: an engine that is broken on purpose is found out within the ordinary number of cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from controller.domain.errors import Failed, Unknown
from controller.engine.applying import fence, steps
from controller.engine.applying.journal import Ending, Intent, Journal
from controller.engine.applying.permits import Permits
from controller.engine.applying.recover import Resolver
from controller.engine.applying.rows import seen
from controller.engine.applying.steps import Steps
from controller.engine.identity import identity_of
from controller.engine.plan import Op
from controller.engine.provider import Kind
from controller.engine.state import ResourceState
from controller.store.database import Sessions
from controller.store.vault import Vault
from tests.faults.search.generate import case_of
from tests.faults.search.run import broken_by

ORDINARY = 2000
"""How many cases a run of all tests tries."""

Break = Callable[[pytest.MonkeyPatch], None]


def announces_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The intent of a create is committed after the call."""

    def create(self: Steps, target: ResourceState, kind: Kind) -> ResourceState:
        identity = identity_of(self._journal.held.stack, target.urn, target.generation)
        observation = kind.create(self._means.connection(target, kind), target.inputs, identity)
        intent = self._journal.intend_create(self._execution_id, target)
        return self._settle(intent, seen(intent.target, observation), [seen(intent.target, observation)], [])

    monkeypatch.setattr(Steps, "create", create)


def ignores_the_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence, "_compare", lambda held, current: None)


def takes_no_answer_for_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(self: Resolver, intent: Intent, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except (Unknown, Failed):
            return () if intent.op is Op.CREATE else None

    monkeypatch.setattr(Resolver, "_ask", ask)


def waits_for_nothing_to_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list without the resource counts as absence at once."""
    lose = Journal.lose
    monkeypatch.setattr(
        Journal, "lose", lambda self, intent, at: lose(self, intent, datetime.min.replace(tzinfo=at.tzinfo))
    )


def makes_it_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost create is taken not to have happened, without asking."""
    monkeypatch.setattr(Resolver, "_resolve_create", lambda self, intent: self._close(intent, Ending.ABSENT))


def writes_result_and_state_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state rows follow in a transaction of their own."""
    close = Journal.close

    def apart(
        self: Journal,
        intent: Intent,
        ending: Ending,
        *,
        saves: Sequence[ResourceState] = (),
        removes: Sequence[ResourceState] = (),
        claims: Sequence[ResourceState] = (),
        message: str = "",
    ) -> None:
        close(self, intent, ending, message=message)
        self.note(saves=saves, removes=removes, claims=claims)

    monkeypatch.setattr(Journal, "close", apart)


def forgets_what_was_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that stands before a new one is dropped instead of waiting for its removal."""
    monkeypatch.setattr(steps, "taking_over", lambda new, prior: ([new], [prior] if prior else []))


def removes_data_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leftovers that bear data go like any other."""
    monkeypatch.setattr(Permits, "is_undecided", lambda self, resource: False)
    monkeypatch.setattr(Permits, "_require_decision", lambda self, resource: None)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("breaks", "found_by"),  # the invariant, or what else the oracle says first
    [
        (announces_too_late, {"2"}),
        (ignores_the_fence, {"7"}),
        (takes_no_answer_for_absence, {"3"}),
        (waits_for_nothing_to_settle, {"3"}),
        (makes_it_again_at_once, {"3"}),
        (writes_result_and_state_apart, {"1", "2", "no end", "state"}),
        (forgets_what_was_replaced, {"no end", "2"}),
        (removes_data_unasked, {"4"}),
    ],
)
def test_a_broken_engine_is_found_out(
    breaks: Break, found_by: set[str], sessions: Sessions, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    errors = (broken_by(case_of(seed), sessions, vault) for seed in range(ORDINARY))
    found = next((error for error in errors if error is not None), None)
    assert found is not None, f"nothing is found in {ORDINARY} cases"
    assert str(found).partition(":")[0] in found_by
