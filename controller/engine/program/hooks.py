"""Hooks of the program: names in a registration → functions that call them. Used by `monitor.py`.

A program registers its hooks by name before it names them in an option. While previewing only those count that want to
be called then. Those around deletions and errors stay names, since what is deleted may not be registered any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import resource_pb2

from controller.domain.errors import Failed, Refused, Stopped
from controller.engine import hooks as points
from controller.engine import wire
from controller.engine.program.callbacks import Callbacks
from controller.engine.properties import PropertyMap
from controller.engine.registration import ErrorHook, Hook, HookCall, NamedHook

Warn = Callable[[str], None]


class Hooks:
    """The hooks of one run. Shared by the monitor's threads."""

    def __init__(self, callbacks: Callbacks, warn: Warn, *, preview: bool) -> None:
        self._callbacks = callbacks
        self._warn = warn
        self._preview = preview
        self._lock = threading.Lock()
        self._hooks: dict[str, resource_pb2.RegisterResourceHookRequest] = {}
        self._error_hooks: set[str] = set()

    def add(self, request: resource_pb2.RegisterResourceHookRequest) -> None:
        """From now on the hook can be named. Raises Refused where another has its name."""
        with self._lock:
            self._refuse_taken(request.name)
            self._hooks[request.name] = request

    def add_error_hook(self, request: resource_pb2.RegisterErrorHookRequest) -> ErrorHook:
        """From now on the hook around errors can be named. Raises Refused where another one has its name."""
        with self._lock:
            self._refuse_taken(request.name)
            self._error_hooks.add(request.name)
        return partial(self._ask, request)

    def bound(self, request: resource_pb2.RegisterResourceRequest, urn: str) -> Mapping[str, Sequence[Hook]]:
        """What is called around the operations of a resource, by the point in time.

        Raises Refused for a point in time that the engine does not know, and for a name that no hook has.
        """
        known = {*points.OF_REGISTRATION, *points.KEPT}
        others = [field.name for field, _ in request.hooks.ListFields() if field.name not in known]
        if others:
            raise Refused(
                f"not supported by this engine: the hooks {', '.join(others)}",
                where=urn,
                remedy="take them out of the program",
            )
        return {
            point: hooks
            for point in points.OF_REGISTRATION
            if (hooks := self._called_at(point, getattr(request.hooks, point)))
        }

    def kept(self, request: resource_pb2.RegisterResourceRequest) -> Mapping[str, Sequence[str]]:
        """The names of what is called around a resource's deletion and errors. Raises Refused for one that none has."""
        around_deletion = [name for point in points.AROUND_DELETION for name in getattr(request.hooks, point)]
        with self._lock:
            _refuse_unknown("resource hook", around_deletion, self._hooks)
            _refuse_unknown("error hook", request.hooks.on_error, self._error_hooks)
        found = {point: tuple(getattr(request.hooks, point)) for point in points.KEPT}
        return {point: names for point, names in found.items() if names}

    def named(self, hook: resource_pb2.RegisterResourceHookRequest) -> NamedHook:
        """What calls `hook`, if it counts in this run."""
        return partial(self._call, hook) if self._counts(hook) else _not_now

    def _refuse_taken(self, name: str) -> None:
        """As with Pulumi both sorts share their names."""
        if name in self._hooks or name in self._error_hooks:
            raise Refused(f"two hooks are called {name}", remedy="give each its own name")

    def _called_at(self, point: str, names: Sequence[str]) -> Sequence[Hook]:
        with self._lock:
            _refuse_unknown("resource hook", names, self._hooks)
            hooks = [self._hooks[name] for name in names]
        return [partial(self._call, hook, point) for hook in hooks if self._counts(hook)]

    def _counts(self, hook: resource_pb2.RegisterResourceHookRequest) -> bool:
        return hook.on_dry_run or not self._preview

    def _call(self, hook: resource_pb2.RegisterResourceHookRequest, point: str, call: HookCall) -> None:
        request = resource_pb2.ResourceHookRequest(
            **_about(call),
            new_outputs=_struct(call.new_outputs),
        )
        what = f"the hook {hook.name} ({point.replace('_', ' ')})"
        try:
            answer = self._callbacks.call(hook.callback, request, resource_pb2.ResourceHookResponse, what)
        except (Failed, Stopped) as error:  # the program is gone; what the hook comes after is done all the same
            if point.startswith("before"):
                raise
            self._warn(f"{error.message} ({call.urn})")
            return
        if not answer.error:
            return
        failure = f"{what} failed: {self._callbacks.masked(answer.error)}"
        if point.startswith("before") and not hook.ignore_errors:
            raise Failed(failure, where=call.urn, remedy="correct the program, or what its hook objects to")
        self._warn(f"{failure} ({call.urn})")

    def _ask(
        self, hook: resource_pb2.RegisterErrorHookRequest, operation: str, call: HookCall, refusals: Sequence[str]
    ) -> bool:
        request = resource_pb2.ErrorHookRequest(
            **_about(call),
            failed_operation=operation,
            errors=refusals,
        )
        what = f"the error hook {hook.name}"
        answer = self._callbacks.call(hook.callback, request, resource_pb2.ErrorHookResponse, what)
        if answer.error:
            reason = f"{what} failed: {self._callbacks.masked(answer.error)}, asked about: {refusals[0]}"
            raise Failed(reason, where=call.urn, remedy="correct the program, or what the cloud objects to")
        return answer.retry


def _refuse_unknown(sort: str, names: Iterable[str], known: Container[str]) -> None:
    for name in names:
        if name not in known:
            raise Refused(f"there is no {sort} {name}", remedy="register it before it is named")


def _not_now(point: str, call: HookCall) -> None:
    """A hook that does not want to see previews."""


def _struct(properties: PropertyMap | None) -> struct_pb2.Struct | None:
    return None if properties is None else wire.encode(properties)


def _about(call: HookCall) -> dict[str, Any]:
    """What every hook is told of the resource that it is called about."""
    return {
        "urn": call.urn,
        "id": call.id if isinstance(call.id, str) else "",
        "name": call.name,
        "type": call.type,
        "new_inputs": _struct(call.new_inputs),
        "old_inputs": _struct(call.old_inputs),
        "old_outputs": _struct(call.old_outputs),
    }
