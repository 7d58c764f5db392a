"""Calls a resource's hooks around what is done to it. `preview.py` does so for those that want to see previews, too.

A hook before an operation may stop it, by raising; one after it only has its failure told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from controller.engine.plan import Op
from controller.engine.properties import PropertyMap
from controller.engine.registration import HookCall, Registered, Registration
from controller.engine.state import ResourceState

_NAMES: Final[Mapping[Op, str]] = {Op.CREATE: "create", Op.REPLACE: "create", Op.UPDATE: "update"}
"""What hooks call an operation; around all others none is called."""


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
