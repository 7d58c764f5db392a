"""Calls a resource's hooks around what is done to it. `preview.py` does so for those that want to see previews, too.

A hook before an operation may stop it, by raising; one after it only has its failure told. Each is called once, however
often the operation is tried. Those around a deletion are found by their names in the row, since what is deleted may
not be registered any more. A hook around errors says whether what the cloud refused is tried again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from controller.domain.errors import Refused
from controller.engine.plan import Op
from controller.engine.properties import PropertyMap
from controller.engine.provider import Rejected
from controller.engine.registration import ErrorHook, HookCall, NamedHook, Registered, Registration
from controller.engine.state import ResourceState
from controller.engine.urn import Urn

ATTEMPTS = 100
"""How often one operation is tried while hooks want it again: Pulumi's own bound."""

_Result = TypeVar("_Result")

_NAMES: Final[Mapping[Op, str]] = {Op.CREATE: "create", Op.REPLACE: "create", Op.UPDATE: "update"}
"""What hooks call an operation; around all others none is called."""

AROUND_DELETION: Final = ("before_delete", "after_delete")
ON_ERROR: Final = "on_error"
KEPT: Final = (*AROUND_DELETION, ON_ERROR)
"""Points in time whose hooks stay in the row by their names."""

OF_REGISTRATION: Final = ("before_create", "after_create", "before_update", "after_update")
"""Those whose hooks each registration brings anew."""


class Named:
    """The hooks of one run by their names. Shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hooks: dict[str, NamedHook] = {}
        self._error_hooks: dict[str, ErrorHook] = {}

    def __bool__(self) -> bool:
        return bool(self._hooks)

    def add(self, name: str, hook: NamedHook) -> None:
        """From now on `name` is found."""
        with self._lock:
            self._hooks[name] = hook

    def add_error_hook(self, name: str, hook: ErrorHook) -> None:
        """From now on `name` is asked about errors."""
        with self._lock:
            self._error_hooks[name] = hook

    def before_delete(self, row: ResourceState) -> None:
        """Calls the hooks before `row` is deleted. Raises Failed where one stops it, Refused where one is missing."""
        self.refuse_missing(row)
        self._call("before_delete", row)

    def after_delete(self, row: ResourceState) -> None:
        """Calls the hooks after `row` was deleted."""
        self._call("after_delete", row)

    def persist_in_deleting(self, row: ResourceState, delete: Callable[[], None]) -> None:
        """Deletes `row`; raises Rejected where the cloud refuses and no hook of a program that runs wants it again."""
        self._persist("delete", row.delete_hooks, _told_of_deletion(row), delete)

    def persist(
        self,
        registration: Registration,
        op: Op,
        prior: ResourceState | None,
        inputs: PropertyMap,
        act: Callable[[], _Result],
    ) -> _Result:
        """What `op` gives; raises Rejected where the cloud refuses it and no hook wants it again."""
        if op not in _NAMES:
            return act()
        call = _told(registration, op, prior, inputs, None)
        return self._persist(_NAMES[op], registration.delete_hooks, call, act)

    def _persist(
        self, operation: str, names: Mapping[str, Sequence[str]], call: HookCall, act: Callable[[], _Result]
    ) -> _Result:
        """As with Pulumi all hooks are asked about each refusal, and one of them that wants it again is enough."""
        asked = [hook for name in names.get(ON_ERROR, ()) if (hook := self._error_hooks.get(name)) is not None]
        refusals: list[str] = []
        while True:
            try:
                return act()
            except Rejected as error:
                refusals.insert(0, error.message)
                if len(refusals) >= ATTEMPTS:
                    raise
                wishes = [hook(operation, call, tuple(refusals)) for hook in asked]
                if not any(wishes):
                    raise

    def refuse_missing(self, row: ResourceState) -> None:
        """Raises Refused where the program that runs, if any, has not all hooks around the deletion of `row`."""
        needed = {name for point in AROUND_DELETION for name in row.delete_hooks.get(point, ())}
        missing = sorted(needed - self._hooks.keys())
        if missing:
            raise Refused(
                f"its deletion needs the hook {missing[0]}, and no program that has it is run",
                where=row.urn,
                remedy="have the program register the hook; to destroy, give program destroy --run-program",
            )

    def _call(self, point: str, row: ResourceState) -> None:
        call = _told_of_deletion(row)
        for name in row.delete_hooks.get(point, ()):
            self._hooks[name](point, call)


class Around:
    """The hooks around what is done to one resource in one run: called once each, whatever becomes of replies.

    A create whose reply was lost and that is found again has both; one that is made anew has none again.
    """

    def __init__(self, registration: Registration) -> None:
        self._registration = registration
        self._begun: tuple[Op, ResourceState | None] | None = None

    def before(self, op: Op, prior: ResourceState | None, inputs: PropertyMap) -> None:
        """Calls the hooks before `op`, unless one was begun already. Raises Failed where one of them stops it."""
        if self._begun is not None or op not in _NAMES:
            return
        call = _told(self._registration, op, prior, inputs, None)
        for hook in self._registration.hooks.get(f"before_{_NAMES[op]}", ()):
            hook(call)
        self._begun = op, prior

    def after(self, inputs: PropertyMap, made: Registered) -> None:
        """Calls the hooks after what was begun, if anything was; it made, or is foretold to make, `made`."""
        if self._begun is None:
            return
        op, prior = self._begun
        call = _told(self._registration, op, prior, inputs, made)
        for hook in self._registration.hooks.get(f"after_{_NAMES[op]}", ()):
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


def _told_of_deletion(row: ResourceState) -> HookCall:
    return HookCall(
        urn=row.urn,
        type=row.type,
        name=Urn.parse(row.urn).name,
        id=row.id,
        new_inputs=None,
        old_inputs=row.inputs,
        new_outputs=None,
        old_outputs=row.outputs,
    )
