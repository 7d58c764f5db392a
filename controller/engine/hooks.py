"""Calls a resource's hooks around what is done to it. `preview.py` does so for those that want to see previews, too.

A hook before an operation may stop it, by raising; one after it only has its failure told. Those around a deletion are
found by their names in the row, since what is deleted may not be registered any more.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from controller.domain.errors import Refused
from controller.engine.plan import Op
from controller.engine.properties import PropertyMap
from controller.engine.registration import HookCall, NamedHook, Registered, Registration
from controller.engine.state import ResourceState

_NAMES: Final[Mapping[Op, str]] = {Op.CREATE: "create", Op.REPLACE: "create", Op.UPDATE: "update"}
"""What hooks call an operation; around all others none is called."""


class Named:
    """The hooks of one run by their names. Shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hooks: dict[str, NamedHook] = {}

    def __bool__(self) -> bool:
        return bool(self._hooks)

    def add(self, name: str, hook: NamedHook) -> None:
        """From now on `name` is found."""
        with self._lock:
            self._hooks[name] = hook

    def before_delete(self, row: ResourceState) -> None:
        """Calls the hooks before `row` is deleted. Raises Failed where one stops it, Refused where one is missing."""
        self.refuse_missing(row)
        self._call("before_delete", row)

    def after_delete(self, row: ResourceState) -> None:
        """Calls the hooks after `row` was deleted."""
        self._call("after_delete", row)

    def refuse_missing(self, row: ResourceState) -> None:
        """Raises Refused where the program that runs, if any, has not all hooks around the deletion of `row`."""
        missing = sorted({name for names in row.delete_hooks.values() for name in names} - self._hooks.keys())
        if missing:
            raise Refused(
                f"its deletion needs the hook {missing[0]}, and no program that has it is run",
                where=row.urn,
                remedy="have the program register the hook; to destroy, give program destroy --run-program",
            )

    def _call(self, point: str, row: ResourceState) -> None:
        call = HookCall(
            urn=row.urn,
            type=row.type,
            name=row.urn.rpartition("::")[2],
            id=row.id,
            new_inputs=None,
            old_inputs=row.inputs,
            new_outputs=None,
            old_outputs=row.outputs,
        )
        for name in row.delete_hooks.get(point, ()):
            self._hooks[name](point, call)


def before(registration: Registration, op: Op, prior: ResourceState | None, inputs: PropertyMap) -> None:
    """Calls the hooks before `op`. Raises Failed where one of them stops it."""
    _call("before", registration, op, _told(registration, op, prior, inputs, None))


def after(
    registration: Registration, op: Op, prior: ResourceState | None, inputs: PropertyMap, made: Registered
) -> None:
    """Calls the hooks after `op`, which made, or is foretold to make, `made`."""
    _call("after", registration, op, _told(registration, op, prior, inputs, made))


def _call(when: str, registration: Registration, op: Op, call: HookCall) -> None:
    for hook in registration.hooks.get(f"{when}_{_NAMES[op]}", ()) if op in _NAMES else ():
        hook(call)


def _told(
    registration: Registration, op: Op, prior: ResourceState | None, inputs: PropertyMap, made: Registered | None
) -> HookCall:
    old = prior if op is Op.UPDATE else None
    known = made or old
    return HookCall(
        urn=registration.urn,
        type=registration.type,
        name=registration.name,
        id=known.id if known is not None else "",
        new_inputs=inputs,
        old_inputs=old.inputs if old is not None else None,
        new_outputs=made.outputs if made is not None else None,
        old_outputs=old.outputs if old is not None else None,
    )
