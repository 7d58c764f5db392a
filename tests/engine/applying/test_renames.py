"""What an alias renames: rows move at once and without a call; what they are and what hangs on them stays."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused
from controller.engine.applying import approval
from controller.engine.applying.execute import execute
from controller.engine.applying.progress import Step
from controller.engine.plan import Op
from controller.engine.registration import Options
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import DISK, NET, Out, TestProgram, Want, changed, urn
from tests.engine.scene import KillAt, Killed, Scene

OLD = Want("old", DISK, {"size": 1, "medium": "ssd"})
CHILD = Want("child", inputs={"cidr": "10.0.0.0/24", "disk": Out("old")}, after=["old"])
NEW = Want("new", DISK, OLD.inputs, options=Options(aliases=(OLD.urn,)))
MOVED = Want("child", inputs={"cidr": "10.0.0.0/24", "disk": Out("new")}, after=["new"])


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    scene = Scene(sessions, vault)
    scene.apply(TestProgram(OLD, CHILD))
    return scene


def test_a_rename_moves_the_row_with_all_that_refers_to_it_and_makes_no_call(scene: Scene) -> None:
    before, calls = scene.row(OLD.urn), len(scene.cloud.calls)
    plan = scene.plan(TestProgram(NEW, MOVED))
    assert {one.op for one in plan.operations} == {Op.SAME}
    assert not plan.is_empty
    assert plan.moves == {OLD.urn: NEW.urn}

    assert scene.apply(TestProgram(NEW, MOVED)).state is ExecutionState.SUCCEEDED

    after = scene.row(NEW.urn)
    assert (after.id, after.identity, after.generation) == (before.id, before.identity, before.generation)
    assert scene.row(CHILD.urn).dependencies == (NEW.urn,)
    assert scene.row(CHILD.urn).property_dependencies == {"disk": (NEW.urn,)}
    assert OLD.urn not in {one.urn for one in scene.state()}
    assert len(scene.cloud.calls) == calls
    scene.assert_whole()
    assert scene.plan(TestProgram(NEW, MOVED)).is_empty


def test_what_is_renamed_and_replaced_gets_an_identity_of_its_own_and_its_decision_counts(scene: Scene) -> None:
    first = scene.row(OLD.urn)
    bigger = TestProgram(changed(NEW, medium="hdd"), MOVED)
    with pytest.raises(Refused, match="bear data"):
        scene.apply(bigger)
    assert scene.apply(bigger, gives_up=[NEW.urn]).state is ExecutionState.SUCCEEDED
    second = scene.row(NEW.urn)
    assert second.generation > first.generation
    assert second.identity != first.identity
    assert set(scene.cloud.things) == {second.id, scene.row(CHILD.urn).id}
    scene.assert_whole()


def test_a_rename_back_and_a_replace_never_give_an_identity_again(scene: Scene) -> None:
    net = Want("n", inputs={"cidr": "1"})
    other = Want("m", inputs={"cidr": "1"}, options=Options(aliases=(net.urn,)))
    back = Want("n", inputs={"cidr": "1"}, options=Options(aliases=(other.urn,)))
    given: list[str] = []
    versions = [(net, "1"), (net, "2"), (other, "2"), (other, "3"), (back, "3"), (back, "4")]
    for program in (changed(one, cidr=cidr) for one, cidr in versions):
        assert scene.apply(TestProgram(OLD, CHILD, program)).state is ExecutionState.SUCCEEDED
        given.append(scene.row(program.urn).identity)
    assert [len(set(given)), given[1] == given[2], given[3] == given[4]] == [4, True, True]
    scene.assert_whole()


def test_after_a_crash_the_rename_stands_and_the_rest_is_done(scene: Scene) -> None:
    program = TestProgram(NEW, MOVED, Want("more", NET, {"cidr": "10.9.0.0/24"}))
    with pytest.raises(Killed):
        scene.apply(program, progress=KillAt(Step.CALLED, 1, Op.CREATE))
    assert scene.row(NEW.urn).id
    assert scene.resume(program).state is ExecutionState.SUCCEEDED
    scene.assert_whole()


def test_a_plan_with_a_rename_is_void_once_the_row_moved_otherwise(scene: Scene) -> None:
    program = TestProgram(NEW, MOVED)
    approved = scene.approve(scene.plan(program))
    scene.apply(TestProgram(changed(OLD, size=2), CHILD))
    with pytest.raises(Refused, match="changed since"):
        approval.start(scene.sessions, approved, scene.vault)
    again = scene.plan(program)
    execution = approval.start(scene.sessions, scene.approve(again), scene.vault)
    assert execute(scene.means(), execution, program).state is ExecutionState.SUCCEEDED
    assert scene.cloud.things[scene.row(NEW.urn).id].inputs["size"] == 1


def test_an_alias_of_a_row_that_goes_elsewhere_is_no_loss(scene: Scene) -> None:
    two = Want("two", DISK, OLD.inputs, options=Options(aliases=(OLD.urn,)))
    with pytest.raises(Refused, match="is an alias of"):
        scene.plan(TestProgram(NEW, two, MOVED))
    assert scene.row(OLD.urn).urn == urn("old", DISK)
