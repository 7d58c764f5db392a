"""What an execution tells while it runs: each step, as it is reached, by resource and operation.

The CLI prints it, the worker logs it. A listener is called in the thread that does the work, so it must be quick.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from controller.engine.plan import Op


class Step(StrEnum):
    """The steps of one operation, in the order in which they are reached."""

    INTENDING = "intending"  # the intent is about to be committed
    INTENDED = "intended"  # it is committed
    CALLING = "calling"  # the call is about to be made
    CALLED = "called"  # the call came back, well or not
    CLOSING = "closing"  # the result is about to be committed
    CLOSED = "closed"  # it is committed


class Progress(Protocol):
    """Is told of each step."""

    def reached(self, step: Step, op: Op, urn: str) -> None: ...


class Silent:
    """Listens to nothing."""

    def reached(self, step: Step, op: Op, urn: str) -> None:
        """Does nothing."""
