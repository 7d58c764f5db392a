"""What must be deleted before it comes anew takes along what cannot stand without it; whatever kills it meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from controller.engine.applying.progress import Step
from controller.engine.plan import Op, Purpose
from controller.engine.registration import Options
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import DISK, LINK, Out, TestProgram, Want, changed
from tests.engine.scene import KillAt, Killed, Scene

FIRST = Options(delete_before_replace=True)
ROOT = Want("a", inputs={"cidr": "10.0.0.0/24", "name": "a"}, options=FIRST)
PLAIN = Want("a", inputs={"cidr": "10.0.0.0/24", "name": "a"})
B = Want("b", inputs={"cidr": Out("a")})
C = Want("c", inputs={"cidr": Out("b")})
LEFT, RIGHT = Want("l", inputs={"cidr": Out("a")}), Want("r", inputs={"cidr": Out("a")})
TIP = Want("z", LINK, {"left": Out("l"), "right": Out("r")})
LINKED = Want("m", LINK, {"left": Out("a"), "right": "x"})
BEHIND = Want("n", inputs={"cidr": Out("m")})

SHAPES = {
    "a chain of three": ((ROOT, B, C), "-c -b -a +a +b +c"),
    "a diamond": ((ROOT, LEFT, RIGHT, TIP), "-z -l -r -a +a +l +r +z"),
    "a natural key in the middle": ((PLAIN, LINKED, BEHIND), "+a -n -m +m +n -a"),
    "what merely changes stays": ((ROOT, Want("u", inputs={"name": Out("a")})), "-a +a ~u"),
    "what only comes after it stays": ((ROOT, Want("u", inputs={"cidr": "x"}, after=["a"])), "-a +a"),
    "a value that stays equal": ((ROOT, Want("u", inputs={"cidr": Out("a", "name")})), "-u -a +a +u"),
}


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def moved(shape: Sequence[Want]) -> TestProgram:
    """The shape with another value in its root that cannot be changed in place."""
    return TestProgram(changed(shape[0], cidr="10.9.0.0/24"), *shape[1:])


def steps(scene: Scene, since: int) -> str:
    sign = {"create": "+", "delete": "-", "update": "~"}
    return " ".join(sign[row.op] + row.urn.rsplit("::", 1)[1] for row in scene.journal()[since:])


@pytest.mark.parametrize("name", SHAPES)
def test_dependents_go_before_it_and_come_after_it(scene: Scene, name: str) -> None:
    shape, expected = SHAPES[name]
    scene.apply(TestProgram(*shape))
    since = len(scene.journal())
    outcome = scene.apply(moved(shape))

    assert outcome.state is ExecutionState.SUCCEEDED
    assert steps(scene, since) == expected
    assert scene.plan(moved(shape)).is_empty
    scene.assert_whole()


def test_the_plan_says_what_goes_first(scene: Scene) -> None:
    shape, _ = SHAPES["a natural key in the middle"]
    scene.apply(TestProgram(*shape))
    plan = scene.plan(moved(shape))

    first = {one.urn.rsplit("::", 1)[1]: one.delete_before_replace for one in plan.operations if one.op is Op.REPLACE}
    assert first == {"a": False, "m": True, "n": True}


def test_what_no_longer_hangs_on_it_goes_first_all_the_same(scene: Scene) -> None:
    """The old one still hangs on what goes, wherever the new one hangs."""
    other = Want("o", inputs={"cidr": "x"})
    scene.apply(TestProgram(ROOT, other, B))
    since = len(scene.journal())
    program = TestProgram(other, changed(B, cidr=Out("o")), changed(ROOT, cidr="10.9.0.0/24"), threads=3)

    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    done = steps(scene, since).split()
    assert done.index("-b") < done.index("-a") < done.index("+a")
    scene.assert_whole()


def test_what_hangs_on_it_and_is_not_wanted_any_more_goes_before_it_and_once(scene: Scene) -> None:
    scene.apply(TestProgram(ROOT, B))
    since = len(scene.journal())
    scene.apply(moved([ROOT]))

    assert steps(scene, since) == "-b -a +a"
    assert scene.plan(moved([ROOT])).is_empty


def test_what_bears_data_is_not_taken_along_without_a_decision(scene: Scene) -> None:
    shape = (ROOT, Want("d", DISK, {"medium": Out("a", "name")}))
    scene.apply(TestProgram(*shape))
    operation = scene.plan(moved(shape)).by_urn[shape[1].urn]

    assert (operation.op, operation.data_bearing, operation.delete_before_replace) == (Op.REPLACE, True, True)
    assert scene.apply(moved(shape), gives_up=[shape[1].urn]).state is ExecutionState.SUCCEEDED
    scene.assert_whole()


@pytest.mark.parametrize("step", [Step.INTENDED, Step.CALLED, Step.CLOSED])
def test_killed_between_delete_and_create_it_goes_on_where_it_was(scene: Scene, step: Step) -> None:
    shape, expected = SHAPES["a diamond"]
    for number in range(1, len(expected.split()) + 1):
        scene.apply(TestProgram(*shape))
        since = len(scene.journal())
        with pytest.raises(Killed):
            scene.apply(moved(shape), progress=KillAt(step, number))
        assert scene.resume(moved(shape)).state is ExecutionState.SUCCEEDED
        done = steps(scene, since).split()
        assert sorted(set(done)) == sorted(expected.split())
        scene.assert_whole()
        scene.apply(None, Purpose.DESTROY)


def test_a_plan_made_anew_after_a_failure_in_between_completes_it(scene: Scene) -> None:
    shape, _ = SHAPES["a chain of three"]
    scene.apply(TestProgram(*shape))
    scene.cloud.faults = {"create": ["none", "reject"]}

    assert scene.apply(moved(shape)).state is ExecutionState.FAILED
    assert {one.urn.rsplit("::", 1)[1] for one in scene.state() if one.missing} == {"b", "c"}
    ops = {urn.rsplit("::", 1)[1]: one.op for urn, one in scene.plan(moved(shape)).by_urn.items()}
    assert (ops["a"], ops["b"], ops["c"]) == (Op.SAME, Op.CREATE, Op.CREATE)
    assert scene.apply(moved(shape)).state is ExecutionState.SUCCEEDED
    scene.assert_whole()


def test_what_waited_to_come_anew_and_is_no_longer_wanted_is_forgotten(scene: Scene) -> None:
    shape, _ = SHAPES["a chain of three"]
    scene.apply(TestProgram(*shape))
    scene.cloud.faults = {"create": ["none", "reject"]}
    scene.apply(moved(shape))

    assert scene.apply(TestProgram(changed(ROOT, cidr="10.9.0.0/24"))).state is ExecutionState.SUCCEEDED
    assert [one.urn for one in scene.state() if one.custom] == [ROOT.urn]
    scene.assert_whole()
