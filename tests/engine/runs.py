"""Runs of small programs against a registrar that only notes what it is told."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from controller.engine.program.run import ProgramResult, run_program
from controller.engine.program.source import ProgramSource
from controller.engine.properties import UNKNOWN, PropertyMap
from controller.engine.registration import Answer, ErrorHook, Invocation, NamedHook, Registered, Registrar, Registration

PROGRAMS = Path(__file__).parent / "programs"
STACK = "liuzhou/unit/oa.internet"
ROOT = "urn:pulumi:liuzhou_unit_oa.internet::snippet::pulumi:pulumi:Stack::snippet-liuzhou_unit_oa.internet"


class Notes:
    """A registrar for `preview` or for real: real resources get an id and the output `made`; `act` may do more."""

    def __init__(self, *, preview: bool = False, act: Callable[[Registration], None] = lambda _: None) -> None:
        self.preview = preview
        self.registrations: dict[str, Registration] = {}
        self.outputs: dict[str, PropertyMap] = {}
        self.ids: dict[str, Any] = {}
        self.invocations: list[Invocation] = []
        self.hooks: dict[str, NamedHook] = {}
        self.error_hooks: dict[str, ErrorHook] = {}
        self.finished = False
        self._act = act
        self._lock = threading.Lock()

    def register(self, registration: Registration) -> Registered:
        with self._lock:
            self.registrations[registration.name] = registration
        self._act(registration)
        if not registration.custom:
            return Registered("", {})
        if self.preview:
            return Registered(UNKNOWN, registration.inputs)
        return Registered(f"id-{registration.name}", {**registration.inputs, "made": f"made-{registration.name}"})

    def read(self, registration: Registration, id: Any) -> Registered:
        with self._lock:
            self.registrations[registration.name] = registration
            self.ids[registration.name] = id
        return Registered(id, {**registration.inputs, "made": UNKNOWN if id is UNKNOWN else f"read-{id}"})

    def register_outputs(self, urn: str, outputs: PropertyMap) -> None:
        with self._lock:
            self.outputs[urn] = outputs

    def invoke(self, invocation: Invocation) -> Answer:
        with self._lock:
            self.invocations.append(invocation)
        if self.preview and "later" in invocation.args:
            return Answer(UNKNOWN)
        return Answer({}, "nothing is called so") if "missing" in invocation.args else Answer({"said": invocation.args})

    def add_hook(self, name: str, hook: NamedHook) -> None:
        with self._lock:
            self.hooks[name] = hook

    def add_error_hook(self, name: str, hook: ErrorHook) -> None:
        with self._lock:
            self.error_hooks[name] = hook

    def finish(self) -> None:
        self.finished = True

    def __getitem__(self, name: str) -> Registration:
        return self.registrations[name]


def run(
    body: str,
    registrar: Registrar,
    *,
    stack: str = STACK,
    preview: bool = False,
    config: Mapping[str, str] | None = None,
    **arguments: Any,
) -> ProgramResult:
    """Runs the lines of `body` in the program `snippet`."""
    return run_program(
        ProgramSource.at(PROGRAMS / "snippet"),
        stack=stack,
        config={"snippet:body": textwrap.dedent(body), **(config or {})},
        registrar=registrar,
        preview=preview,
        **arguments,
    )
