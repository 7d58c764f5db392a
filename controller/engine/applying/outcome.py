"""How a run under an approved plan ends, and what a failure in it holds up. For `execute.py`."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from controller.domain.errors import Failed, Stopped, YunguanError
from controller.engine.applying.fence import StaleFence
from controller.engine.applying.recover import LookAgain
from controller.engine.order import needs
from controller.engine.registration import Registration
from controller.store.engine import ExecutionState


class OnFailure(StrEnum):
    """What a failing resource means for the others. What is in flight ends in any case."""

    STOP = "stop"  # nothing new is begun
    CONTINUE = "continue"  # what does not need it goes on


@dataclass(frozen=True)
class Outcome:
    """How a run ended. RUNNING: it is not at its end, and goes on when `execute` is called again, at `look_again_at`
    where a lost reply has to be waited for (for the `reason`), or at any time where the process was told to end.

    `failures`: what went wrong, by URN ("" for the program itself). `undecided`: leftovers that bear data and wait for
    a person's decision, as `decisions.name_of_leftover` names them.
    """

    state: ExecutionState
    failures: Mapping[str, str] = field(default_factory=dict)
    look_again_at: datetime | None = None
    undecided: Sequence[str] = ()
    reason: str = ""


class Failures:
    """What went wrong in one run so far, told from several threads."""

    def __init__(self, on_failure: OnFailure) -> None:
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._errors: dict[str, Exception] = {}
        self._skipped: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._errors)

    def record(self, urn: str, error: Exception) -> None:
        """Keeps the first error of a resource, or of the program ("")."""
        with self._lock:
            self._errors.setdefault(urn, error)

    @property
    def allow_more(self) -> bool:
        """Whether anything new may be begun."""
        with self._lock:
            return all(self._is_survived(urn, error) for urn, error in self._errors.items())

    def refuse_more(self, urn: str) -> None:
        """Raises Failed where nothing new may be begun."""
        if not self.allow_more:
            raise Failed("not begun, because another resource failed", where=urn)

    def skips(self, registration: Registration) -> bool:
        """Whether something that the resource needs failed or was skipped; it is skipped, too, then."""
        with self._lock:
            if self._skipped.isdisjoint(needs(registration)) and self._errors.keys().isdisjoint(needs(registration)):
                return False
            self._skipped.add(registration.urn)
            return True

    def holds_up(self, urn: str) -> bool:
        """Whether the resource failed or was skipped."""
        with self._lock:
            return urn in self._errors or urn in self._skipped

    def outcome(self, undecided: Sequence[str]) -> Outcome:
        """Where only waiting is left the execution stays running; else it has succeeded or failed.

        Raises StaleFence, and whatever is a defect.
        """
        for error in self._errors.values():
            if isinstance(error, StaleFence) or not isinstance(error, YunguanError):
                raise error
        waiting = [error for error in self._errors.values() if isinstance(error, LookAgain)]
        first = min(waiting, key=lambda error: error.at, default=None)
        again_at, reason = (first.at, str(first)) if first is not None else (None, "")
        failures = {
            urn: str(error) for urn, error in self._errors.items() if not isinstance(error, LookAgain | Stopped)
        }
        if failures:
            return Outcome(ExecutionState.FAILED, failures, again_at, tuple(undecided), reason)
        state = ExecutionState.RUNNING if self._errors else ExecutionState.SUCCEEDED
        return Outcome(state, {}, again_at, tuple(undecided), reason)

    def _is_survived(self, urn: str, error: Exception) -> bool:
        """Whether others go on after this error of a resource."""
        fatal = isinstance(error, StaleFence | Stopped) or not isinstance(error, YunguanError)
        return self._on_failure is OnFailure.CONTINUE and urn != "" and not fatal
