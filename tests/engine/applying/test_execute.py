"""What an execution makes of an approved plan, on the double's cloud and a real database."""

from __future__ import annotations

import pytest

from controller.domain.errors import Failed, Refused
from controller.engine.applying import approval
from controller.engine.applying.execute import execute
from controller.engine.applying.journal import Ending
from controller.engine.plan import Op, Purpose
from controller.engine.properties import Secret
from controller.engine.registration import Options
from controller.store.database import Sessions
from controller.store.engine import ExecutionState, ResourceRow
from controller.store.vault import Vault
from tests.engine.double import DISK, LINK, SYSTEM, Out, TestProgram, Want, changed
from tests.engine.scene import Scene

NET_A = Want("a", inputs={"cidr": "10.0.0.0/24", "name": "a"})
DISK_B = Want("b", DISK, {"size": 10, "medium": "ssd"})
SUBNET = Want("c", inputs={"cidr": "10.0.0.0/25", "net": Out("a")})
LINK_D = Want("d", LINK, {"left": Out("c"), "right": Out("b")})
ALL = (NET_A, DISK_B, SUBNET, LINK_D)


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def ops(scene: Scene) -> list[tuple[str, str]]:
    return [(row.op, row.urn.rsplit("::", 1)[1]) for row in scene.journal()]


def test_a_program_becomes_resources_and_state(scene: Scene) -> None:
    outcome = scene.apply(TestProgram(*ALL, threads=4))

    assert outcome.state is ExecutionState.SUCCEEDED
    assert {thing.type for thing in scene.cloud.things.values()} == {one.type for one in ALL}
    assert scene.cloud.things[scene.row(SUBNET.urn).id].inputs["net"] == scene.row(NET_A.urn).id
    assert scene.row(SYSTEM).outputs == {"names": ["a", "b", "c", "d"]}
    assert scene.stack().provisioning == "ready"
    scene.assert_whole()


def test_positions_put_what_is_needed_lower(scene: Scene) -> None:
    scene.apply(TestProgram(*ALL))

    positions = {one.urn: one.position for one in scene.state()}
    assert positions[SYSTEM] < positions[NET_A.urn] < positions[SUBNET.urn] < positions[LINK_D.urn]


def test_the_same_program_twice_makes_no_mutating_call_the_second_time(scene: Scene) -> None:
    scene.apply(TestProgram(*ALL))
    before = len(scene.cloud.calls)

    outcome = scene.apply(TestProgram(*ALL))

    assert outcome.state is ExecutionState.SUCCEEDED
    assert len(scene.cloud.calls) == before
    assert len(scene.journal()) == before


def test_a_change_in_place_is_an_update(scene: Scene) -> None:
    scene.apply(TestProgram(*ALL))
    scene.apply(TestProgram(NET_A, changed(DISK_B, size=20), SUBNET, LINK_D))

    assert ops(scene)[-1] == ("update", "b")
    assert scene.cloud.things[scene.row(DISK_B.urn).id].inputs["size"] == 20
    scene.assert_whole()


def test_what_cannot_change_is_made_anew_before_the_old_one_goes(scene: Scene) -> None:
    scene.apply(TestProgram(NET_A, SUBNET))
    old = scene.row(SUBNET.urn)
    scene.apply(TestProgram(NET_A, changed(SUBNET, cidr="10.0.0.128/25")))

    assert ops(scene)[-2:] == [("create", "c"), ("delete", "c")]
    new = scene.row(SUBNET.urn)
    assert (new.generation, old.generation) == (2, 1)
    assert new.identity != old.identity
    scene.assert_whole()


def test_a_natural_key_goes_before_it_comes_anew(scene: Scene) -> None:
    other = Want("e", DISK, {"size": 5, "medium": "ssd"})
    scene.apply(TestProgram(*ALL, other))
    scene.apply(TestProgram(NET_A, DISK_B, SUBNET, other, changed(LINK_D, right=Out("e"))))

    assert ops(scene)[-2:] == [("delete", "d"), ("create", "d")]
    scene.assert_whole()


def test_a_replaced_parent_carries_its_dependents_along(scene: Scene) -> None:
    scene.apply(TestProgram(NET_A, SUBNET))
    outcome = scene.apply(TestProgram(changed(NET_A, cidr="10.9.0.0/24"), SUBNET))

    assert outcome.state is ExecutionState.SUCCEEDED
    assert ops(scene)[-3:] == [("create", "a"), ("update", "c"), ("delete", "a")]
    scene.assert_whole()


def test_what_hangs_on_a_resource_that_goes_first_goes_before_it(scene: Scene) -> None:
    """Both ends of the link are replaced, the old ones first: the link can stand on neither of them meanwhile."""
    first = Options(delete_before_replace=True)
    ends = [Want(name, inputs={"cidr": "10.0.0.0/24"}, options=first) for name in ("a", "b")]
    link = Want("l", LINK, {"left": Out("a"), "right": Out("b")})
    scene.apply(TestProgram(*ends, link, threads=2))
    outcome = scene.apply(TestProgram(*(changed(end, cidr="10.9.0.0/24") for end in ends), link, threads=2))

    assert outcome.state is ExecutionState.SUCCEEDED
    steps = ops(scene)[3:]
    assert steps[0] == ("delete", "l")
    assert steps[-1] == ("create", "l")
    assert sorted(steps[1:-1]) == [("create", "a"), ("create", "b"), ("delete", "a"), ("delete", "b")]
    scene.assert_whole()


def test_data_that_hangs_on_a_resource_that_goes_first_needs_its_own_decision(scene: Scene) -> None:
    net = Want("a", inputs={"cidr": "10.0.0.0/24"}, options=Options(delete_before_replace=True))
    disk = Want("b", DISK, {"medium": Out("a")})
    scene.apply(TestProgram(net, disk))
    program = TestProgram(changed(net, cidr="10.9.0.0/24"), disk)

    with pytest.raises(Refused, match="bear data"):
        scene.apply(program)
    assert len(scene.cloud.things) == 2
    assert scene.apply(program, gives_up=[disk.urn]).state is ExecutionState.SUCCEEDED
    scene.assert_whole()


def test_what_is_no_longer_registered_goes_dependents_first(scene: Scene) -> None:
    scene.apply(TestProgram(NET_A, SUBNET))
    scene.apply(TestProgram())

    assert ops(scene)[-2:] == [("delete", "c"), ("delete", "a")]
    assert scene.cloud.things == {}
    scene.assert_whole()


def test_a_generation_is_never_given_again(scene: Scene) -> None:
    scene.apply(TestProgram(NET_A))
    scene.apply(TestProgram())
    scene.apply(TestProgram(NET_A))

    assert scene.row(NET_A.urn).generation == 2
    scene.assert_whole()


def test_destroy_removes_everything_without_a_program(scene: Scene) -> None:
    scene.apply(TestProgram(*ALL))
    outcome = scene.apply(None, Purpose.DESTROY)

    assert outcome.state is ExecutionState.SUCCEEDED
    assert scene.state() == []
    assert scene.cloud.things == {}
    assert scene.stack().provisioning == "ended"


def test_a_refused_create_fails_and_keeps_what_was_made(scene: Scene) -> None:
    program = TestProgram(*ALL)
    scene.cloud.faults["create"] = ["none", "none", "reject"]

    outcome = scene.apply(program)

    assert outcome.state is ExecutionState.FAILED
    assert list(outcome.failures) == [SUBNET.urn]
    assert "the cloud refuses" in outcome.failures[SUBNET.urn]
    assert scene.stack().provisioning == "errored"
    assert LINK_D.urn not in {one.urn for one in scene.state()}
    scene.assert_whole()
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    scene.assert_whole()


def test_what_another_stack_holds_under_the_natural_key_is_not_taken_over(sessions: Sessions, vault: Vault) -> None:
    second = Scene(sessions, vault, name="test/unit/second.gov")
    owner = Scene(sessions, vault, provider=second.provider)
    program = TestProgram(Want("d", LINK, {"left": "x", "right": "y"}))
    owner.apply(program)

    outcome = second.apply(program)

    assert outcome.state is ExecutionState.FAILED
    assert f"belongs to the stack {owner.name}" in outcome.failures[LINK_D.urn]
    assert [row.outcome for row in second.journal()] == [Ending.REJECTED]
    assert second.apply(TestProgram()).state is ExecutionState.SUCCEEDED
    owner.assert_whole()


def test_what_nobody_holds_under_the_natural_key_is_taken_over(scene: Scene) -> None:
    link = Want("d", LINK, {"left": "x", "right": "y"})
    there = scene.cloud.make(LINK, {**link.inputs, "colour": "grey"}, identity="")

    assert scene.apply(TestProgram(link)).state is ExecutionState.SUCCEEDED
    assert scene.row(LINK_D.urn).id == there
    assert scene.apply(TestProgram(changed(link, right="z"))).state is ExecutionState.SUCCEEDED
    assert scene.apply(TestProgram(link)).state is ExecutionState.SUCCEEDED
    assert [thing.inputs["right"] for thing in scene.cloud.things.values()] == ["y"]


def test_what_did_not_settle_is_recorded_and_waited_for_next_time(scene: Scene) -> None:
    program = TestProgram(NET_A, SUBNET)
    scene.cloud.faults["create"] = ["unsettled"]

    outcome = scene.apply(program)

    assert outcome.state is ExecutionState.FAILED
    assert scene.row(NET_A.urn).unsettled == "not ready"
    scene.assert_whole()
    before = len(scene.cloud.calls)
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert scene.row(NET_A.urn).unsettled == ""
    assert len(scene.cloud.calls) == before + 1


@pytest.mark.parametrize("then", ["old", "new"])
def test_what_the_cloud_never_shows_is_sent_again_after_an_update_that_did_not_end(scene: Scene, then: str) -> None:
    """Whether the word arrived is not known: neither the one before nor the one that was asked for is taken for it."""
    old = changed(NET_A, password=Secret("old"))
    scene.apply(TestProgram(old))
    scene.cloud.faults["update"] = ["unsettled"]

    outcome = scene.apply(TestProgram(changed(NET_A, name="new", password=Secret("new"))))

    assert outcome.state is ExecutionState.FAILED
    row = scene.row(NET_A.urn)
    assert (row.inputs["name"], row.observed["name"]) == ("new", "new")
    assert "password" not in row.inputs
    program = TestProgram(changed(NET_A, name="new", password=Secret(then)))
    assert list(scene.plan(program).by_urn[NET_A.urn].diff) == ["password"]
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert scene.row(NET_A.urn).inputs["password"] == Secret(then)
    assert scene.cloud.things[row.id].inputs["password"] == then


def test_what_the_cloud_gave_up_is_replaced_by_the_next_plan(scene: Scene) -> None:
    program = TestProgram(NET_A, SUBNET)
    scene.cloud.faults["create"] = ["broken"]

    outcome = scene.apply(program)

    assert "the next plan replaces it" in outcome.failures[NET_A.urn]
    assert scene.plan(program).by_urn[NET_A.urn].op is Op.REPLACE
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert scene.row(NET_A.urn).generation == 2
    assert len(scene.cloud.things) == 2
    scene.assert_whole()


def test_secrets_are_sealed_at_rest_and_open_for_the_cloud(scene: Scene) -> None:
    want = Want(
        "s",
        inputs={"password": Secret("hunter2"), "token": "t0"},
        options=Options(additional_secret_outputs=["address"]),
    )
    scene.apply(TestProgram(want))

    row = scene.row(want.urn)
    assert scene.cloud.things[row.id].inputs["password"] == "hunter2"
    assert row.inputs["password"] == Secret("hunter2")
    assert row.outputs["password"] == Secret("hunter2")
    assert isinstance(row.outputs["address"], Secret)
    with scene.sessions() as session:
        stored = [str(vars(one)) for one in [*session.query(ResourceRow), *scene.journal()]]
    assert not any("hunter2" in text or "address of" in text for text in stored)


def test_a_stack_that_moved_after_approval_does_not_start(scene: Scene) -> None:
    scene.apply(TestProgram(NET_A))
    stale = scene.approve(scene.plan(TestProgram(changed(NET_A, name="x"))))
    scene.apply(TestProgram(changed(NET_A, name="y")))

    with pytest.raises(Refused, match="changed since"):
        approval.start(scene.sessions, stale, scene.vault)
    with pytest.raises(Refused, match="void"):
        approval.start(scene.sessions, stale, scene.vault)


def test_inputs_other_than_the_plans_are_refused(scene: Scene) -> None:
    execution_id = scene.start(TestProgram(NET_A))

    outcome = execute(scene.means(), execution_id, TestProgram(changed(NET_A, cidr="10.7.0.0/24")))

    assert outcome.state is ExecutionState.FAILED
    assert "new plan" in outcome.failures[NET_A.urn]
    assert scene.cloud.calls == []


def test_a_resource_the_plan_does_not_name_is_refused(scene: Scene) -> None:
    execution_id = scene.start(TestProgram(NET_A))
    outcome = execute(scene.means(), execution_id, TestProgram(NET_A, DISK_B))

    assert "the plan does not name it" in outcome.failures[DISK_B.urn]
    assert [call.type for call in scene.cloud.calls] == [NET_A.type]


def test_data_is_not_replaced_without_a_decision(scene: Scene) -> None:
    scene.apply(TestProgram(DISK_B))
    program = TestProgram(changed(DISK_B, medium="hdd"))

    with pytest.raises(Refused, match="bear data"):
        scene.apply(program)
    assert scene.apply(program, gives_up=[DISK_B.urn]).state is ExecutionState.SUCCEEDED
    scene.assert_whole()


def test_a_failing_program_fails_the_execution_and_deletes_nothing(scene: Scene) -> None:
    scene.apply(TestProgram(NET_A, SUBNET))

    def program(registrar: object) -> None:
        raise Failed("the program is broken")

    execution_id = scene.start(TestProgram(NET_A))
    outcome = execute(scene.means(), execution_id, program)

    assert outcome.failures == {"": "the program is broken"}
    assert len(scene.cloud.things) == 2
