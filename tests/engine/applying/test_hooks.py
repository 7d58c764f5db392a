"""Hooks around what an execution does: before the intent, after the result, around errors, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from controller.domain.errors import Failed
from controller.engine.applying.journal import Ending
from controller.engine.applying.progress import Step
from controller.engine.hooks import ATTEMPTS
from controller.engine.plan import Op, Purpose
from controller.engine.registration import HookCall, Registrar, Registration
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import NET, PROJECT
from tests.engine.scene import KillAt, Killed, Scene

URN = f"{PROJECT}::{NET}::a"


class Program:
    """One net, with a hook at each point that takes down what it is told; `stop` fails at the point of that name.

    Its hook around errors takes down the refusals, and wants another try until there are `tries` of them.
    """

    def __init__(self, scene: Scene, stop: str = "") -> None:
        self.scene = scene
        self.stop = stop
        self.size = 1
        self.cidr = "10.0.0.0/24"
        self.calls: list[tuple[str, HookCall]] = []
        self.journal: list[int] = []
        self.there = True
        self.tries = 0
        self.asked: Sequence[str] = ("again",)
        self.refused: list[tuple[str, HookCall, Sequence[str]]] = []

    def __call__(self, registrar: Registrar) -> None:
        inputs = {"cidr": self.cidr, "size": self.size}
        points = ("before_create", "after_create", "before_update", "after_update")
        hooks = {point: [self._hook(point)] for point in points}
        registrar.add_error_hook("again", self._asked)
        registrar.add_error_hook("never", self._declines)
        if self.there:
            net = Registration(URN, NET, "a", True, "", inputs, delete_hooks={"on_error": self.asked})
            registrar.register(replace(net, hooks=hooks))
        registrar.finish()

    def _asked(self, operation: str, call: HookCall, refusals: Sequence[str]) -> bool:
        self.refused.append((operation, call, refusals))
        return len(refusals) < self.tries

    def _declines(self, operation: str, call: HookCall, refusals: Sequence[str]) -> bool:
        self.refused.append((operation, call, refusals))
        return False

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


def test_what_the_cloud_refuses_is_tried_again_while_a_hook_wants_it(scene: Scene) -> None:
    program = Program(scene)
    program.tries = 3
    scene.cloud.faults["create"] = ["reject", "reject"]
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    assert [(row.generation, row.attempt, row.outcome) for row in scene.journal()] == [
        (1, 1, Ending.REJECTED),
        (1, 2, Ending.REJECTED),
        (1, 3, Ending.DONE),
    ]
    assert [(operation, len(refusals)) for operation, _, refusals in program.refused] == [("create", 1), ("create", 2)]
    assert all((call.id, call.old_inputs) == ("", None) for _, call, _ in program.refused)
    assert program.points() == ["before_create", "after_create"]
    scene.assert_whole()


def test_an_update_and_a_delete_are_tried_again_too(scene: Scene) -> None:
    program = Program(scene)
    applied(scene, program)
    was = scene.row(URN)
    program.size, program.tries = 2, 2
    scene.cloud.faults = {"update": ["reject"], "delete": ["reject"]}
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    program.there = False
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    assert [(operation, call.id) for operation, call, _ in program.refused] == [("update", was.id), ("delete", was.id)]
    assert [call.new_inputs is None for _, call, _ in program.refused] == [False, True]
    assert all(call.old_inputs and call.old_outputs for _, call, _ in program.refused)
    assert scene.cloud.things == {}
    scene.assert_whole()


def test_a_hook_that_does_not_want_another_try_leaves_the_refusal(scene: Scene) -> None:
    program = Program(scene)
    scene.cloud.faults["create"] = ["reject"]
    scene.start(program)
    outcome = scene.resume(program)
    assert outcome.state is ExecutionState.FAILED
    assert "the cloud refuses" in outcome.failures[URN]
    assert len(program.refused) == 1


def test_a_refusal_is_tried_again_so_often_and_no_more(scene: Scene) -> None:
    program = Program(scene)
    program.tries = 2 * ATTEMPTS
    scene.cloud.faults["create"] = ["reject"] * (2 * ATTEMPTS)
    assert applied(scene, program) is ExecutionState.FAILED
    assert len(program.refused) == ATTEMPTS - 1
    assert len(scene.journal()) == ATTEMPTS


def test_all_hooks_around_errors_are_asked_and_one_that_wants_another_try_is_enough(scene: Scene) -> None:
    program = Program(scene)
    program.tries, program.asked = 2, ("never", "again")
    scene.cloud.faults["create"] = ["reject"]
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    assert len(program.refused) == 2


def test_where_the_program_is_gone_nothing_refused_is_tried_again(scene: Scene) -> None:
    program = Program(scene)
    program.tries = 9
    applied(scene, program)
    scene.cloud.faults["delete"] = ["reject"]
    assert scene.apply(None, Purpose.DESTROY).state is ExecutionState.FAILED
    assert program.refused == []


@pytest.mark.parametrize("fault", ["lose_after", "lose_before", "late"])
def test_a_lost_reply_calls_each_hook_once(scene: Scene, fault: str) -> None:
    """Whether the call did its work, and is found again, or did not, and is made anew."""
    program = Program(scene)
    scene.cloud.faults = {"create": [fault], "update": [fault]}
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    assert [call.new_outputs["address"] for _, call in program.calls[1:]] == [scene.row(URN).outputs["address"]]
    assert program.points() == ["before_create", "after_create"]
    program.size = 2
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    assert program.points() == ["before_update", "after_update"]
    assert program.refused == []
    scene.assert_whole()


def test_a_lost_reply_is_settled_before_a_hook_is_asked(scene: Scene) -> None:
    program = Program(scene)
    program.tries = 2
    scene.cloud.faults["create"] = ["lose_before", "reject"]
    assert applied(scene, program) is ExecutionState.SUCCEEDED
    assert [row.outcome for row in scene.journal()] == [Ending.ABSENT, Ending.REJECTED, Ending.DONE]
    assert len(program.refused) == 1


@pytest.mark.parametrize("step", [Step.CALLED, Step.CLOSED])
def test_after_a_crash_what_had_been_sent_has_no_hooks_again(scene: Scene, step: Step) -> None:
    program = Program(scene)
    with pytest.raises(Killed):
        scene.apply(program, progress=KillAt(step, op=Op.CREATE))
    program.points()
    assert scene.resume(program).state is ExecutionState.SUCCEEDED
    assert program.points() == []
