"""Hooks around what an execution does: before the intent, after the result, and around nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.domain.errors import Failed
from controller.engine.registration import HookCall, Registrar, Registration
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import NET, PROJECT
from tests.engine.scene import Scene

URN = f"{PROJECT}::{NET}::a"


class Program:
    """One net, with a hook at each point that takes down what it is told; `stop` fails at the point of that name."""

    def __init__(self, scene: Scene, stop: str = "") -> None:
        self.scene = scene
        self.stop = stop
        self.size = 1
        self.cidr = "10.0.0.0/24"
        self.calls: list[tuple[str, HookCall]] = []
        self.journal: list[int] = []

    def __call__(self, registrar: Registrar) -> None:
        inputs = {"cidr": self.cidr, "size": self.size}
        points = ("before_create", "after_create", "before_update", "after_update")
        hooks = {point: [self._hook(point)] for point in points}
        registrar.register(replace(Registration(URN, NET, "a", True, "", inputs), hooks=hooks))

    def _hook(self, point: str):
        def hook(call: HookCall) -> None:
            self.calls.append((point, call))
            self.journal.append(len(self.scene.journal()))
            if point == self.stop:
                raise Failed("not this one", where=call.urn)

        return hook

    def points(self) -> list[str]:
        found = [point for point, _ in self.calls]
        self.calls, self.journal = [], []
        return found


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def applied(scene: Scene, program: Program) -> ExecutionState:
    """Planned, then carried out; only the calls of the second count."""
    execution_id = scene.start(program)
    program.points()
    return scene.resume(program).state if execution_id else ExecutionState.FAILED


def test_hooks_are_called_before_the_intent_and_after_the_result(scene: Scene) -> None:
    program = Program(scene)
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    assert program.journal == [0, 1]
    (_, before), (_, after) = program.calls
    assert (before.id, before.new_outputs, before.old_inputs) == ("", None, None)
    assert (after.id, after.new_outputs) == (scene.row(URN).id, scene.row(URN).outputs)
    assert program.points() == ["before_create", "after_create"]


def test_updates_know_what_was_and_replaces_count_as_creates(scene: Scene) -> None:
    program = Program(scene)
    applied(scene, program)
    program.size = 2
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    assert [call.old_inputs["size"] for _, call in program.calls] == [1, 1]
    assert [call.new_inputs["size"] for _, call in program.calls] == [2, 2]
    assert program.points() == ["before_update", "after_update"]
    program.cidr = "10.1.0.0/24"
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    assert program.points() == ["before_create", "after_create"]


def test_nothing_is_called_where_nothing_is_done(scene: Scene) -> None:
    program = Program(scene)
    applied(scene, program)
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    assert program.points() == []


def test_a_hook_before_that_fails_leaves_no_intent_and_no_call(scene: Scene) -> None:
    program = Program(scene)
    execution_id = scene.start(program)
    program.stop = "before_create"
    assert execution_id
    outcome = scene.resume(program)
    assert outcome.state is ExecutionState.FAILED
    assert "not this one" in outcome.failures[URN]
    assert scene.journal() == []
    assert scene.cloud.calls == []
