"""Hooks around deletions: their names outlive the registration, and they are called while the program still runs."""

from __future__ import annotations

from functools import partial

import pytest

from controller.domain.errors import Failed, Refused
from controller.engine.applying.execute import execute
from controller.engine.plan import Purpose
from controller.engine.registration import HookCall, Registrar, Registration
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import NET, PROJECT
from tests.engine.runs import run
from tests.engine.scene import Scene

URN = f"{PROJECT}::{NET}::a"
NAMES = {"before_delete": ("guard",), "after_delete": ("mourner",)}


class Program:
    """Registers the net `a` while it is `there`; `stop` is the point at which its hook fails."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.there = True
        self.cidr = "10.0.0.0/24"
        self.stop = ""
        self.names = ("guard", "mourner")
        self.calls: list[tuple[str, HookCall]] = []
        self.intents: list[int] = []

    def __call__(self, registrar: Registrar) -> None:
        self.calls, self.intents = [], []
        for name in self.names:
            registrar.add_hook(name, self._called)
        if self.there:
            inputs = {"cidr": self.cidr, "size": 1}
            registrar.register(Registration(URN, NET, "a", True, "", inputs, delete_hooks=NAMES))
        registrar.finish()

    def _called(self, point: str, call: HookCall) -> None:
        self.calls.append((point, call))
        self.intents.append(len(self.scene.journal()))
        if point == self.stop:
            raise Failed("not this one", where=call.urn)

    @property
    def points(self) -> list[str]:
        return [point for point, _ in self.calls]


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


@pytest.fixture
def program(scene: Scene) -> Program:
    """Its net stands."""
    made = Program(scene)
    assert scene.apply(made).state is ExecutionState.SUCCEEDED
    assert made.calls == []
    return made


def test_the_names_stand_in_the_row(scene: Scene, program: Program) -> None:
    assert scene.row(URN).delete_hooks == NAMES
    assert scene.plan(program).is_empty


def test_what_is_not_registered_any_more_goes_between_its_hooks(scene: Scene, program: Program) -> None:
    was, before = scene.row(URN), len(scene.journal())
    program.there = False
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert program.points == ["before_delete", "after_delete"]
    assert program.intents == [before, before + 1]
    assert {(call.id, call.name) for _, call in program.calls} == {(was.id, "a")}
    assert all((call.old_inputs, call.old_outputs) == (was.inputs, was.outputs) for _, call in program.calls)
    scene.assert_whole()


def test_what_was_replaced_goes_between_its_hooks(scene: Scene, program: Program) -> None:
    old = scene.row(URN).id
    program.cidr = "10.1.0.0/24"
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert program.points == ["before_delete", "after_delete"]
    assert {call.id for _, call in program.calls} == {old}


def test_a_hook_that_fails_before_leaves_no_intent_and_no_call(scene: Scene, program: Program) -> None:
    program.there = False
    scene.start(program)
    before, calls = len(scene.journal()), len(scene.cloud.calls)
    program.stop = "before_delete"
    outcome = scene.resume(program)
    assert outcome.state is ExecutionState.FAILED
    assert "not this one" in outcome.failures[URN]
    assert (len(scene.journal()), len(scene.cloud.calls)) == (before, calls)
    assert scene.row(URN).delete_hooks == NAMES


def test_no_hook_is_called_once_the_process_was_told_to_end(scene: Scene, program: Program) -> None:
    program.there = False
    execution_id = scene.start(program)
    means = scene.means()
    means.stopping.set()
    assert execute(means, execution_id, program).state is ExecutionState.RUNNING
    assert program.calls == []
    assert scene.resume(program).state is ExecutionState.SUCCEEDED
    assert program.points == ["before_delete", "after_delete"]


def test_a_program_without_the_hook_is_refused_while_planning(scene: Scene, program: Program) -> None:
    program.there = False
    program.names = ("mourner",)
    with pytest.raises(Refused, match="needs the hook guard"):
        scene.plan(program)


def test_to_destroy_without_the_program_is_refused_with_the_remedy(scene: Scene, program: Program) -> None:
    with pytest.raises(Refused, match="needs the hook guard") as refusal:
        scene.plan(None, Purpose.DESTROY)
    assert "--run-program" in refusal.value.remedy
    assert refusal.value.where == URN


def test_an_approved_destroy_that_goes_on_without_the_program_deletes_nothing(scene: Scene, program: Program) -> None:
    scene.start(program, Purpose.DESTROY)
    outcome = scene.resume(None)
    assert outcome.state is ExecutionState.FAILED
    assert "needs the hook guard" in outcome.failures[URN]
    assert not scene.row(URN).missing


BODY = """
def tell(args):
    print("deletes", args.name, args.old_inputs["cidr"])
guard = pulumi.ResourceHook("guard", tell)
binding = pulumi.ResourceHookBinding(before_delete=[guard])
class Net(pulumi.CustomResource):
    cidr: pulumi.Output[str]
first = Net("test:index:Net", "first", {"cidr": "10.0.0.0/24", "size": 1}, ResourceOptions(hooks=binding))
Net("test:index:Net", "second", {"cidr": first.cidr, "size": 1})
pulumi.export("cidr", first.cidr)
"""


def test_a_real_program_is_run_to_destroy_for_its_hooks_alone(scene: Scene) -> None:
    logs: list[list[str]] = []

    def program(registrar: Registrar, *, preview: bool) -> None:
        logs.append(list(run(BODY.replace("test:index:Net", NET), registrar, preview=preview).log))

    real, foretold = partial(program, preview=False), partial(program, preview=True)
    assert scene.apply(real).state is ExecutionState.SUCCEEDED
    assert len(scene.cloud.things) == 2
    scene.start(foretold, Purpose.DESTROY)
    logs.clear()
    assert scene.resume(real).state is ExecutionState.SUCCEEDED
    assert logs == [["deletes first 10.0.0.0/24"]]
    assert scene.state() == []
    assert scene.cloud.things == {}
