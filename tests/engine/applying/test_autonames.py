"""Names that the engine gives where the program gives none: foretold, kept while it lives, never fought for."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from controller.engine.applying.progress import Step
from controller.engine.plan import Op
from controller.engine.registration import Options
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import NAMED, NET, Out, TestProgram, Want, changed
from tests.engine.scene import KillAt, Killed, Scene

THING = Want("web", NAMED, {"medium": "ssd", "size": 1})
USER = Want("user", NET, {"cidr": "10.0.0.0/24", "of": Out("web", "name")})
PROGRAM = TestProgram(THING, USER)


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def name(scene: Scene) -> str:
    given: str = scene.row(THING.urn).inputs["name"]
    assert scene.cloud.things[scene.row(THING.urn).id].inputs["name"] == given
    return given


def test_the_plan_foretells_the_name_and_the_run_gives_it(scene: Scene) -> None:
    foretold = scene.plan(PROGRAM).by_urn[THING.urn].inputs["name"]
    assert re.fullmatch(r"web-[0-9a-f]{7}", foretold)
    assert scene.apply(PROGRAM).state is ExecutionState.SUCCEEDED
    assert name(scene) == foretold
    assert scene.row(USER.urn).inputs["of"] == foretold
    assert scene.plan(PROGRAM).is_empty


def test_a_name_stays_while_the_resource_lives_and_a_new_one_gets_its_own(scene: Scene) -> None:
    scene.apply(PROGRAM)
    first = name(scene)
    scene.apply(TestProgram(changed(THING, size=2), USER))
    assert name(scene) == first
    renewed = TestProgram(changed(THING, size=2, medium="hdd"), USER)
    foretold = scene.plan(renewed).by_urn[THING.urn].inputs["name"]
    assert scene.apply(renewed).state is ExecutionState.SUCCEEDED
    assert first != name(scene) == foretold
    scene.assert_whole()
    assert scene.plan(renewed).is_empty


def test_a_replace_that_is_not_needed_after_all_keeps_the_name(scene: Scene) -> None:
    scene.apply(TestProgram(changed(THING, medium="address of id-2")))
    first = name(scene)
    program = TestProgram(Want("other", NET, {"cidr": "1"}), changed(THING, medium=Out("other", "address")))
    assert scene.plan(program).by_urn[THING.urn].op is Op.REPLACE
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert name(scene) == first
    assert [call.op for call in scene.cloud.calls] == ["create", "create"]


@pytest.mark.parametrize("medium", ["ssd", "hdd"])
@pytest.mark.parametrize("step", [Step.INTENDED, Step.CALLED, Step.CLOSED])
def test_after_a_crash_the_name_is_that_of_the_plan(scene: Scene, medium: str, step: Step) -> None:
    scene.apply(TestProgram(THING))
    program = TestProgram(changed(THING, medium=medium), Want("more", NAMED, {"medium": "ssd"}))
    foretold = scene.plan(program).by_urn[THING.urn].inputs["name"]
    with pytest.raises(Killed):
        scene.apply(program, progress=KillAt(step, 1, Op.CREATE))
    assert scene.resume(program).state is ExecutionState.SUCCEEDED
    assert name(scene) == foretold
    scene.assert_whole()


def test_a_name_that_somebody_changed_is_not_fought_for(scene: Scene) -> None:
    scene.apply(PROGRAM)
    row = scene.row(THING.urn)
    scene.cloud.things[row.id].inputs["name"] = "mine"
    scene.note(replace(row, observed={**row.observed, "name": "mine"}))
    plan = scene.plan(PROGRAM)
    assert (plan.by_urn[THING.urn].op, plan.by_urn[USER.urn].op) == (Op.REFRESH, Op.UPDATE)
    assert plan.by_urn[USER.urn].inputs["of"] == "mine"
    assert scene.apply(PROGRAM).state is ExecutionState.SUCCEEDED
    assert name(scene) == "mine"
    assert scene.plan(PROGRAM).is_empty


def test_what_is_adopted_keeps_its_name(scene: Scene) -> None:
    id = scene.cloud.make(NAMED, {"medium": "ssd", "size": 1, "colour": "grey", "name": "theirs"}, "")
    adopted = replace(THING, options=Options(import_id=id))
    assert scene.apply(TestProgram(adopted)).state is ExecutionState.SUCCEEDED
    assert "name" not in scene.row(THING.urn).inputs
    plan = scene.plan(TestProgram(THING))
    assert (plan.by_urn[THING.urn].op, plan.by_urn[THING.urn].inputs["name"]) == (Op.SAME, "theirs")


def test_a_name_that_the_program_gives_counts(scene: Scene) -> None:
    scene.apply(TestProgram(changed(THING, name="own")))
    assert name(scene) == "own"
    scene.apply(PROGRAM)
    assert name(scene) == "own"
