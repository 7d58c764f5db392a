"""What a failure holds up, and what it does not; and a process that is told to end in the middle."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import partial

import pytest

from controller.engine.applying.execute import execute
from controller.engine.applying.journal import Ending
from controller.engine.applying.outcome import OnFailure, Outcome
from controller.engine.applying.progress import Step
from controller.engine.plan import Op, Purpose
from controller.engine.properties import UNKNOWN
from controller.engine.registration import Program, Registrar, Result
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import SETTLE, Out, TestProgram, Want, changed
from tests.engine.scene import Scene

A = Want("a", inputs={"cidr": "10.0.0.0/24"})
ON_A = Want("b", inputs={"cidr": "10.0.0.0/25", "name": Out("a")})
ON_B = Want("c", inputs={"cidr": "10.0.0.0/26"}, after=["b"])
ASIDE = Want("x", inputs={"cidr": "10.1.0.0/24"})
ON_ASIDE = Want("y", inputs={"cidr": "10.1.0.0/25", "name": Out("x")})


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def going_on(scene: Scene, program: Program) -> Outcome:
    return execute(scene.means(), scene.start(program), program, OnFailure.CONTINUE)


def names(scene: Scene) -> set[str]:
    return {one.urn.rsplit("::", 1)[1] for one in scene.state() if one.custom and not one.missing}


def test_what_does_not_need_what_failed_goes_on(scene: Scene) -> None:
    program = TestProgram(A, ON_A, ON_B, ASIDE, ON_ASIDE)
    scene.cloud.faults["create"] = ["reject"]
    outcome = going_on(scene, program)

    assert outcome.state is ExecutionState.FAILED
    assert list(outcome.failures) == [A.urn]
    assert names(scene) == {"x", "y"}
    scene.assert_whole()
    assert scene.apply(program).state is ExecutionState.SUCCEEDED


def test_every_failure_is_told(scene: Scene) -> None:
    scene.cloud.faults["create"] = ["reject", "none", "reject"]
    outcome = going_on(scene, TestProgram(A, ASIDE, ON_ASIDE))

    assert outcome.failures.keys() == {A.urn, ON_ASIDE.urn}
    assert names(scene) == {"x"}


def test_without_it_nothing_new_is_begun(scene: Scene) -> None:
    scene.cloud.faults["create"] = ["reject"]

    assert list(scene.apply(TestProgram(A, ASIDE)).failures) == [A.urn]
    assert names(scene) == set()


def test_what_the_failed_one_still_stands_on_is_not_removed(scene: Scene) -> None:
    """The new `a` is there, but `b` could not be moved over to it: the old one stays. What stands aside goes."""
    scene.apply(TestProgram(A, ON_A, ASIDE))
    program = TestProgram(changed(A, cidr="10.9.0.0/24"), ON_A)
    scene.cloud.faults["update"] = ["reject"]
    outcome = going_on(scene, program)

    assert list(outcome.failures) == [ON_A.urn]
    assert [row.op for row in scene.journal() if row.urn == A.urn] == ["create", "create"]
    assert names(scene) == {"a", "b"}
    scene.assert_whole()
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert len(scene.cloud.things) == 2


def test_what_a_failure_keeps_from_being_registered_is_not_removed(scene: Scene) -> None:
    """As where a program registers resources within an apply: they are unknown to it, but not unwanted."""

    def program(registrar: Registrar, first: Want = A) -> None:
        outer = TestProgram(first)
        outer(registrar)
        if outer.answers["a"].result is Result.SUCCESS:
            TestProgram(ON_ASIDE, ASIDE)(registrar)

    scene.apply(program)
    scene.cloud.faults["update"] = ["reject"]
    outcome = going_on(scene, partial(program, first=changed(A, name="new")))

    assert list(outcome.failures) == [A.urn]
    assert names(scene) == {"a", "x", "y"}
    scene.assert_whole()


def test_deletes_beside_one_that_fails_go_on(scene: Scene) -> None:
    scene.apply(TestProgram(A, ON_A, ASIDE))
    scene.cloud.faults["delete"] = ["reject"]
    execution_id = scene.start(None, Purpose.DESTROY)
    outcome = execute(replace(scene.means(), deletes_at_once=1), execution_id, None, OnFailure.CONTINUE)

    assert len(outcome.failures) == 1
    assert names(scene) in ({"a", "b"}, {"a", "x"})
    scene.assert_whole()


def test_what_failed_or_was_skipped_is_unknown_to_the_program(scene: Scene) -> None:
    scene.cloud.faults["create"] = ["reject"]
    program = TestProgram(A, ON_A, ASIDE)
    going_on(scene, program)

    results = {name: answer.result for name, answer in program.answers.items()}
    assert results == {"a": Result.FAILED, "b": Result.SKIPPED, "x": Result.SUCCESS}
    assert program.answers["a"].id is UNKNOWN


@dataclass
class StopAt:
    """Tells the process to end when a step is reached for the n-th time."""

    step: Step
    countdown: int
    stopping: threading.Event

    def reached(self, step: Step, op: Op, urn: str) -> None:
        self.countdown -= step is self.step
        if self.countdown == 0:
            self.stopping.set()


@pytest.mark.parametrize("on_failure", OnFailure)
@pytest.mark.parametrize("step", [Step.INTENDED, Step.CALLED, Step.CLOSED])
def test_told_to_end_it_finishes_its_calls_and_can_be_taken_up(scene: Scene, step: Step, on_failure: OnFailure) -> None:
    program = TestProgram(A, ON_A, ASIDE, ON_ASIDE)
    means = scene.means()
    means = replace(means, progress=StopAt(step, 2, means.stopping))
    outcome = execute(means, scene.start(program), program, on_failure)

    assert (outcome.state, outcome.failures, outcome.look_again_at) == (ExecutionState.RUNNING, {}, None)
    assert [row.outcome for row in scene.journal()] == ["done", "done"]
    assert len(scene.cloud.things) == 2
    scene.assert_whole()
    assert scene.resume(program).state is ExecutionState.SUCCEEDED
    assert len(scene.cloud.calls) == 4
    scene.assert_whole()


@pytest.mark.parametrize("on_failure", OnFailure)
@pytest.mark.parametrize(("fault", "outcome"), [("reject", Ending.REJECTED), ("unsettled", Ending.DONE), ("late", "")])
def test_told_to_end_what_may_pass_is_not_waited_for_and_is_no_failure(
    scene: Scene, fault: str, outcome: str, on_failure: OnFailure
) -> None:
    program = TestProgram(A, ON_A)
    scene.cloud.faults["create"] = [fault]
    means = scene.means()
    means = replace(means, progress=StopAt(Step.CALLING, 1, means.stopping))
    ended = execute(means, scene.start(program), program, on_failure)

    assert (ended.state, ended.failures) == (ExecutionState.RUNNING, {})
    assert [row.outcome for row in scene.journal()] == [outcome]
    scene.cloud.settle(after=SETTLE)
    scene.patience = 10
    assert scene.resume(program).state is ExecutionState.SUCCEEDED
    assert names(scene) == {"a", "b"}
    scene.assert_whole()


@pytest.mark.parametrize(("fault", "ending"), [("reject", Ending.REJECTED), ("stuck", Ending.SUPERSEDED)])
def test_told_to_end_a_delete_that_may_pass_is_left_to_the_next_run(scene: Scene, fault: str, ending: Ending) -> None:
    scene.apply(TestProgram(A))
    scene.cloud.faults["delete"] = [fault]
    means = scene.means()
    means = replace(means, progress=StopAt(Step.CALLING, 1, means.stopping))
    ended = execute(means, scene.start(None, Purpose.DESTROY), None)

    assert (ended.state, ended.failures) == (ExecutionState.RUNNING, {})
    assert scene.journal()[-1].outcome == ending
    assert scene.resume(None).state is ExecutionState.SUCCEEDED
    assert scene.cloud.things == {}


def test_told_to_end_between_two_deletes_it_leaves_the_rest(scene: Scene) -> None:
    scene.apply(TestProgram(A, ON_A))
    means = scene.means()
    means = replace(means, progress=StopAt(Step.CLOSED, 1, means.stopping))
    outcome = execute(means, scene.start(None, Purpose.DESTROY), None)

    assert outcome.state is ExecutionState.RUNNING
    assert names(scene) == {"a"}
    assert scene.resume(None).state is ExecutionState.SUCCEEDED
    assert scene.cloud.things == {}
