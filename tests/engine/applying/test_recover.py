"""Lost replies and dead workers: what the call did is found out by asking, and nothing is made twice or forgotten."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

import pytest

from controller.clock import RealClock, real_now
from controller.domain.errors import Refused, WrongUse
from controller.engine.applying import fence
from controller.engine.applying.approval import StandingRule
from controller.engine.applying.decisions import name_of_leftover
from controller.engine.applying.execute import execute
from controller.engine.applying.fence import StaleFence
from controller.engine.applying.journal import Ending, Journal
from controller.engine.applying.progress import Silent, Step
from controller.engine.applying.recover import recover
from controller.engine.applying.recover import testify as say_what_came_of_it
from controller.engine.plan import Op, Purpose
from controller.engine.properties import Secret
from controller.engine.provider import about_to_send
from controller.engine.state import ResourceState
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import DISK, LINK, NET, Call, Cloud, DoubleProvider, Out, TestProgram, Want, changed
from tests.engine.scene import KillAt, Killed, Scene

NET_A = Want("a", inputs={"cidr": "10.0.0.0/24", "name": "a"})
DISK_B = Want("b", DISK, {"size": 10, "medium": "ssd"})
LINK_D = Want("d", LINK, {"left": Out("a"), "right": Out("b")})
PROGRAM = TestProgram(NET_A, DISK_B, LINK_D)


@dataclass
class Forgetful(DoubleProvider):
    """The double's provider, from whose clouds.yaml somebody has taken entries."""

    taken_out: set[str] = field(default_factory=set)

    def cloud(self, name: str) -> Cloud:
        if name in self.taken_out:
            raise WrongUse(f"clouds.yaml has no entry {name}")
        return super().cloud(name)


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def endings(scene: Scene) -> list[str]:
    return [row.outcome for row in scene.journal()]


def test_a_cloud_that_is_no_longer_known_leaves_no_intent_open(sessions: Sessions, vault: Vault) -> None:
    provider = Forgetful()
    scene = Scene(sessions, vault, provider)
    execution_id = scene.start(TestProgram(NET_A))
    provider.taken_out = {"double"}

    outcome = execute(scene.means(), execution_id, TestProgram(NET_A))

    assert outcome.state is ExecutionState.FAILED
    assert "clouds.yaml has no entry double" in outcome.failures[NET_A.urn]
    assert scene.journal() == []


def test_nor_does_it_keep_what_was_lost_elsewhere_from_being_resolved(sessions: Sessions, vault: Vault) -> None:
    provider = Forgetful()
    scene = Scene(sessions, vault, provider)
    execution_id = scene.start(TestProgram(NET_A))
    with sessions.begin() as session:
        held = fence.claim(session, scene.stack_id)
    journal = Journal(sessions, vault, held, Silent())
    for name, cloud in (("far", "far"), ("near", "double")):
        journal.intend_create(execution_id, ResourceState(name, 1, NET, True, "", "", {}, {}, {}, cloud=cloud))
    provider.taken_out = {"far"}

    with pytest.raises(WrongUse, match="no entry far"):
        recover(scene.means(), scene.stack_id)

    assert [(row.urn, row.outcome) for row in scene.journal()] == [("far", ""), ("near", Ending.ABSENT)]


def test_a_create_whose_reply_was_lost_is_found_and_adopted(scene: Scene) -> None:
    scene.cloud.faults["create"] = ["lose_after"]

    assert scene.apply(TestProgram(NET_A)).state is ExecutionState.SUCCEEDED
    assert endings(scene) == [Ending.ADOPTED]
    assert scene.row(NET_A.urn).unsettled == ""
    scene.assert_whole()


def test_a_create_that_never_arrived_is_made_again_once_that_is_proven(scene: Scene) -> None:
    scene.cloud.faults["create"] = ["lose_before"]

    assert scene.apply(TestProgram(NET_A)).state is ExecutionState.SUCCEEDED
    assert [(row.generation, row.attempt, row.outcome) for row in scene.journal()] == [
        (1, 1, Ending.ABSENT),
        (1, 2, Ending.DONE),
    ]
    scene.assert_whole()


def test_a_create_that_shows_up_late_is_waited_for(scene: Scene) -> None:
    scene.cloud.faults["create"] = ["late"]

    assert scene.apply(TestProgram(NET_A)).state is ExecutionState.SUCCEEDED
    assert endings(scene) == [Ending.ADOPTED]
    scene.assert_whole()


def test_a_list_that_breaks_off_is_no_absence(scene: Scene) -> None:
    scene.cloud.faults = {"create": ["lose_after"], "find": ["incomplete", "incomplete"]}

    assert scene.apply(TestProgram(NET_A)).state is ExecutionState.SUCCEEDED
    assert len(scene.cloud.things) == 1
    scene.assert_whole()


def test_without_an_answer_the_execution_stays_running_and_says_when_to_look_again(scene: Scene) -> None:
    scene.patience = 0.0
    scene.cloud.faults = {"create": ["lose_after"], "find": ["incomplete"] * 3}

    outcome = scene.apply(TestProgram(NET_A))

    assert outcome.state is ExecutionState.RUNNING
    assert outcome.look_again_at is not None
    assert scene.resume(TestProgram(NET_A)).state is ExecutionState.RUNNING
    scene.patience = 2.0
    assert scene.resume(TestProgram(NET_A)).state is ExecutionState.SUCCEEDED
    assert len(scene.cloud.things) == 1
    scene.assert_whole()


def test_the_moment_from_which_absence_counts_does_not_move(scene: Scene) -> None:
    scene.patience = 0.0
    scene.cloud.faults["create"] = ["lose_before"]
    first = scene.apply(TestProgram(NET_A))

    again = recover(scene.means(), scene.stack_id)

    assert again.look_again_at in {None, first.look_again_at}


def test_a_list_that_shows_none_of_what_stands_there_proves_nothing(scene: Scene) -> None:
    """An API that lost its sight of a project answers as one whose project is empty."""
    scene.patience = 0.0
    scene.apply(TestProgram(NET_A))
    other = Want("other", inputs={"cidr": "10.9.0.0/24"})
    scene.cloud.faults["create"], scene.cloud.blind = ["lose_after"], True
    outcome = scene.apply(TestProgram(NET_A, other))
    while "may still show up" in outcome.reason:
        outcome = scene.resume(TestProgram(NET_A, other))

    assert outcome.state is ExecutionState.RUNNING
    assert "shows none of the 1 of its kind that are known to be there" in outcome.reason
    scene.cloud.blind = False
    assert scene.resume(TestProgram(NET_A, other)).state is ExecutionState.SUCCEEDED
    assert len(scene.cloud.things) == 2
    scene.assert_whole()


def test_what_another_stack_has_there_counts_against_such_a_list(
    scene: Scene, sessions: Sessions, vault: Vault
) -> None:
    scene.apply(TestProgram(NET_A))
    another = Scene(sessions, vault, scene.provider, name="test/unit/another.gov")
    another.cloud.faults["create"], another.cloud.blind = ["lose_after"], True

    assert "shows none of the 1" in another.apply(TestProgram(NET_A)).reason


class Leaping(datetime):
    """A wall clock that somebody sets ahead by an hour each time that it is looked at."""

    looks = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Leaping:
        cls.looks += 1
        return super().now(tz) + timedelta(hours=cls.looks)


def test_a_wall_clock_that_is_set_ahead_proves_no_absence(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.cloud.faults["create"] = ["late"]
    execution_id = scene.start(TestProgram(NET_A))
    monkeypatch.setattr("controller.clock.datetime", Leaping)

    assert execute(scene.means(), execution_id, TestProgram(NET_A)).state is ExecutionState.SUCCEEDED
    assert endings(scene) == [Ending.ADOPTED]
    assert Leaping.looks > 2
    scene.assert_whole()


def test_a_delete_that_is_underway_is_waited_for(scene: Scene) -> None:
    scene.apply(TestProgram(NET_A))
    scene.cloud.faults["delete"] = ["late"]

    assert scene.apply(None, Purpose.DESTROY).state is ExecutionState.SUCCEEDED
    assert [call.op for call in scene.cloud.calls] == ["create", "delete"]
    assert scene.journal()[-1].outcome == Ending.DONE
    scene.assert_whole()


def test_an_update_that_is_underway_is_waited_for(scene: Scene) -> None:
    scene.apply(TestProgram(NET_A))
    scene.cloud.faults["update"] = ["late"]

    assert scene.apply(TestProgram(changed(NET_A, name="new"))).state is ExecutionState.SUCCEEDED
    assert [call.op for call in scene.cloud.calls] == ["create", "update"]
    assert scene.journal()[-1].outcome == Ending.SUPERSEDED
    scene.assert_whole()


def test_so_is_one_of_a_dead_worker_which_another_run_would_look_at_too_soon(scene: Scene) -> None:
    scene.apply(TestProgram(NET_A))
    scene.cloud.faults["update"], scene.patience = ["late"], 0.0
    scene.cloud.clock = lambda: 0.0  # it takes no effect before it is looked at, however long that takes
    program = TestProgram(changed(NET_A, name="new"))
    with pytest.raises(Killed):
        scene.apply(program, progress=KillAt(Step.CALLED))

    outcome = scene.resume(program)

    assert outcome.state is ExecutionState.RUNNING
    assert "may still show up" in outcome.reason
    scene.cloud.clock, scene.patience = time.monotonic, 2.0
    assert scene.resume(program).state is ExecutionState.SUCCEEDED
    assert [call.op for call in scene.cloud.calls] == ["create", "update"]
    scene.assert_whole()


def test_an_update_that_is_seen_to_have_arrived_is_not_waited_for(scene: Scene) -> None:
    scene.apply(TestProgram(NET_A))
    scene.cloud.faults["update"], scene.patience = ["lose_after"], 0.0

    assert scene.apply(TestProgram(changed(NET_A, name="new"))).state is ExecutionState.SUCCEEDED
    scene.assert_whole()


def test_a_word_that_nobody_wants_leaves_the_stack_to_whoever_works_on_it(scene: Scene) -> None:
    scene.patience = 0.0
    scene.cloud.faults = {"create": ["lose_after"], "find": ["incomplete"] * 3}
    scene.apply(TestProgram(NET_A))
    fence = scene.stack().fence

    for urn in (NET_A.urn, DISK_B.urn):  # the one can be asked about, of the other nothing is open
        with pytest.raises(Refused, match="no create of it waits"):
            say_what_came_of_it(scene.means(), scene.stack_id, urn, id="", by="wang")
    assert scene.stack().fence == fence


@pytest.mark.parametrize("fault", ["lose_before", "lose_after"])
def test_an_update_whose_reply_was_lost_ends_as_asked(scene: Scene, fault: str) -> None:
    scene.apply(TestProgram(NET_A))
    scene.cloud.faults["update"] = [fault]

    outcome = scene.apply(TestProgram(changed(NET_A, name="new")))

    assert outcome.state is ExecutionState.SUCCEEDED
    assert scene.cloud.things[scene.row(NET_A.urn).id].inputs["name"] == "new"
    assert scene.row(NET_A.urn).inputs["name"] == "new"
    scene.assert_whole()


@pytest.mark.parametrize("then", ["old", "new"])
def test_what_the_cloud_never_shows_is_sent_again_after_a_lost_update(scene: Scene, then: str) -> None:
    """Whether a password arrived cannot be asked: neither the one before nor the one that was sent is taken for it."""
    old = changed(NET_A, password=Secret("old"))
    scene.apply(TestProgram(old))
    with pytest.raises(Killed):
        scene.apply(TestProgram(changed(NET_A, password=Secret("new"))), progress=KillAt(Step.CALLED, op=Op.UPDATE))
    scene.patience = 60.0
    recover(scene.means(), scene.stack_id)
    assert "password" not in scene.row(NET_A.urn).inputs

    program = TestProgram(changed(NET_A, password=Secret(then)))
    scene.resume(program)  # it ends, refused where the program is no longer the one that was approved
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert scene.cloud.things[scene.row(NET_A.urn).id].inputs["password"] == then
    scene.assert_whole()


@pytest.mark.parametrize("fault", ["lose_before", "lose_after"])
def test_a_delete_whose_reply_was_lost_ends_with_nothing_left(scene: Scene, fault: str) -> None:
    scene.apply(PROGRAM)
    scene.cloud.faults["delete"] = [fault, fault]

    assert scene.apply(None, Purpose.DESTROY).state is ExecutionState.SUCCEEDED
    assert scene.cloud.things == {}
    scene.assert_whole()


def send_twice(scene: Scene, want: Want) -> None:
    """The next create reaches the cloud two times (a proxy repeated it, say), and its reply is lost."""

    def witness(call: Call) -> None:
        if call.op == "create":
            scene.cloud.make(want.type, {**want.inputs, "colour": "grey"}, call.identity)

    scene.cloud.faults["create"] = ["lose_after"]
    scene.cloud.witness = witness


def test_duplicates_of_a_lost_create_are_removed_by_the_same_run(scene: Scene) -> None:
    send_twice(scene, NET_A)
    outcome = scene.apply(TestProgram(NET_A))

    assert outcome.state is ExecutionState.SUCCEEDED
    assert len(scene.cloud.things) == 1
    scene.assert_whole()


@pytest.mark.parametrize("gives_up", [True, False])
def test_a_duplicate_that_bears_data_is_left_to_a_person(scene: Scene, gives_up: bool) -> None:
    send_twice(scene, DISK_B)
    outcome = scene.apply(TestProgram(DISK_B))

    assert outcome.state is ExecutionState.SUCCEEDED
    double = next(one for one in scene.state() if one.pending_delete)
    name = name_of_leftover(DISK_B.urn, double.id)
    assert outcome.undecided == (name,)
    assert len(scene.cloud.things) == 2
    assert [one.pending_delete for one in scene.state() if one.custom] == [False, True]

    if gives_up:
        assert scene.apply(TestProgram(DISK_B), gives_up=[DISK_B.urn]).undecided == (name,), "a URN is what stands"
        assert len(scene.cloud.things) == 2
        scene.apply(TestProgram(DISK_B), gives_up=[name])
        assert double.id not in scene.cloud.things
        scene.assert_whole()
    else:
        assert scene.apply(TestProgram(DISK_B), Purpose.REPAIR, by=StandingRule("GY-22a")).undecided == (name,)
        assert len(scene.cloud.things) == 2


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("op", [Op.CREATE, Op.UPDATE, Op.DELETE])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_killed_worker_leaves_nothing_that_the_next_one_cannot_settle(
    scene: Scene, step: Step, op: Op, nth: int
) -> None:
    """Created, updated, replaced and deleted in one run; killed at each step of each, then gone on with."""
    old, kept = Want("old", inputs={"cidr": "10.8.0.0/24"}), Want("kept", LINK, {"left": "x", "right": "y"})
    scene.apply(TestProgram(NET_A, DISK_B, LINK_D, old, kept))
    other = Want("e", DISK, {"size": 1, "medium": "ssd"})
    program = TestProgram(
        changed(NET_A, cidr="10.1.0.0/24"),
        changed(DISK_B, size=11),
        changed(LINK_D, colour="red"),
        changed(kept, colour="red"),
        other,
    )

    with pytest.raises(Killed):
        scene.apply(program, progress=KillAt(step, nth, op))
    outcome = scene.resume(program)

    assert outcome.state is ExecutionState.SUCCEEDED
    assert len(scene.cloud.things) == 5
    assert {one.inputs["cidr"] for one in scene.cloud.things.values() if one.type == NET} == {"10.1.0.0/24"}
    assert all(row.outcome for row in scene.journal())
    scene.assert_whole()


@dataclass
class TakenOver:
    """At the first `step`, another worker takes the stack over and finishes its work before this one goes on."""

    scene: Scene
    step: Step
    execution_id: int
    program: TestProgram
    done: bool = False

    def reached(self, step: Step, op: Op, urn: str) -> None:
        if step is self.step and not self.done:
            self.done = True
            outcome = execute(self.scene.means(), self.execution_id, self.program)
            assert outcome.state is ExecutionState.SUCCEEDED
            self.scene.cloud.witness = lambda call: None


@pytest.mark.parametrize("step", [Step.INTENDING, Step.INTENDED, Step.CALLED, Step.CLOSING])
def test_a_worker_that_was_taken_over_can_write_nothing_more(scene: Scene, step: Step) -> None:
    execution_id = scene.start(PROGRAM)

    with pytest.raises(StaleFence):
        execute(scene.means(TakenOver(scene, step, execution_id, PROGRAM)), execution_id, PROGRAM)

    assert len(scene.cloud.things) == 3
    assert len({row.id for row in scene.journal()}) == len(scene.cloud.calls) + (step is Step.INTENDED)
    scene.assert_whole()


def test_what_a_taken_over_worker_still_sent_is_known_by_its_identity(scene: Scene) -> None:
    """It is stopped in its call, after the fence was checked: the late creation bears a known identity."""
    program = TestProgram(NET_A)
    execution_id = scene.start(program)

    with pytest.raises(StaleFence):
        execute(scene.means(TakenOver(scene, Step.CALLING, execution_id, program)), execution_id, program)

    assert scene.row(NET_A.urn).id == "id-1"
    assert list(scene.cloud.things) == ["id-1", "id-2"]
    assert scene.cloud.things["id-2"].identity == scene.row(NET_A.urn).identity


@dataclass
class Ahead(RealClock):
    """A clock that a test moves."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return real_now() + self.ahead


def test_a_call_that_waited_long_for_its_turn_is_not_sent_once_the_stack_is_taken_over(scene: Scene) -> None:
    """The provider asks right before it sends, since its budget or a busy load balancer may have kept it waiting."""
    program, clock = TestProgram(NET_A), Ahead()
    execution_id = scene.start(program)

    def wait_for_the_turn(_call: Call) -> None:
        scene.cloud.witness = lambda call: None
        assert execute(scene.means(), execution_id, program).state is ExecutionState.SUCCEEDED
        clock.ahead += timedelta(seconds=5)
        about_to_send()

    scene.cloud.witness = wait_for_the_turn
    with pytest.raises(StaleFence):
        execute(replace(scene.means(), clock=clock), execution_id, program)

    assert list(scene.cloud.things) == [scene.row(NET_A.urn).id]
    scene.assert_whole()
