"""Answers a program that is run for its hooks alone, because its stack is destroyed: with what the state has.

`preview.py` runs it so to learn whether all hooks are there, `execute.py` to call them. Nothing is registered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.engine.hooks import Named
from controller.engine.lookup import Lookup
from controller.engine.planning import reading
from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue, holds_unknown
from controller.engine.registration import Answer, ErrorHook, Invocation, NamedHook, Registered, Registration, Result
from controller.engine.state import ResourceState


@dataclass(frozen=True)
class Departing:
    """A registrar; `live` finds the row of a URN, `remove` does, or foretells, what follows the program."""

    live: Callable[[str], ResourceState | None]
    lookup: Lookup
    named: Named
    remove: Callable[[], None]

    def register(self, registration: Registration) -> Registered:
        """As the state has it; what is not there, or not any more, is unknown."""
        row = self.live(registration.urn)
        if row is not None:
            return Registered(row.id, registration.with_secrets({**row.inputs, **row.outputs}))
        if not registration.custom:
            return Registered("", registration.inputs)
        return Registered(UNKNOWN, {}, Result.SKIPPED)

    def read(self, registration: Registration, id: PropertyValue) -> Registered:  # noqa: ARG002 - the state knows it
        """As the state has it."""
        return self.register(registration)

    def register_outputs(self, urn: str, outputs: PropertyMap) -> None:
        """A stack that goes keeps the outputs that it had."""

    def invoke(self, invocation: Invocation) -> Answer:
        """The function's answer now; a plan to destroy rests on none."""
        if holds_unknown(invocation.args):
            return Answer(UNKNOWN)
        return self.lookup.invoke(invocation, reading.cloud_of_call(invocation, self._inputs_of, self.lookup.cloud))

    def add_hook(self, name: str, hook: NamedHook) -> None:
        """What the program is run for."""
        self.named.add(name, hook)

    def add_error_hook(self, name: str, hook: ErrorHook) -> None:
        """The same of one around errors."""
        self.named.add_error_hook(name, hook)

    def finish(self) -> None:
        """Removes all, while the program still runs."""
        self.remove()

    def _inputs_of(self, urn: str) -> PropertyMap:
        row = self.live(urn)
        return row.inputs if row is not None else {}
