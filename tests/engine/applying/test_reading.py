"""Resources that exist and other stacks' outputs: read while planning and applying, remembered, and never touched."""

from __future__ import annotations

from typing import Any

import pytest

from controller.domain.errors import Refused
from controller.engine.applying.execute import Outcome, execute
from controller.engine.integrity import verify_integrity
from controller.engine.lookup import STACK_REFERENCE
from controller.engine.plan import Op, Plan, Purpose
from controller.engine.properties import UNKNOWN, Secret
from controller.engine.registration import Options, Registered, Registrar, Registration
from controller.engine.sealing import sealed
from controller.store.database import Sessions
from controller.store.engine import ExecutionState, Provisioning, StackRow
from controller.store.vault import Vault
from tests.engine.double import NET, PROJECT, TestProgram, Want
from tests.engine.scene import Scene, other_stack

THEIRS = f"{PROJECT}::{NET}::theirs"
OTHER = f"{PROJECT}::{STACK_REFERENCE}::other"
OURS = Want("ours", inputs={"cidr": "10.0.0.0/24"})


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    scene = Scene(sessions, vault)
    make_theirs(scene, cidr="10.7.0.0/24")
    return scene


def make_theirs(scene: Scene, **inputs: Any) -> str:
    """A net that nobody here has made."""
    return scene.cloud.make(NET, {"name": "theirs", **inputs}, "")


def reading(registrar: Registrar, id: Any = "id-1", **inputs: Any) -> Registered:
    """A program that reads their net, and makes one of its own beside it."""
    read = registrar.read(Registration(THEIRS, NET, "theirs", True, "", inputs), id)
    TestProgram(Want("ours", inputs={"cidr": read.outputs.get("cidr", UNKNOWN)}))(registrar)
    return read


def referring(registrar: Registrar, name: str = "net/prod") -> Registered:
    """A program that makes a net with the CIDR that another stack gives out."""
    read = registrar.read(Registration(OTHER, STACK_REFERENCE, "other", True, "", {"name": name}), name)
    TestProgram(Want("ours", inputs={"cidr": read.outputs["outputs"]["cidr"]}))(registrar)
    return read


def ops(plan: Plan) -> dict[str, Op]:
    return {one.urn.rpartition("::")[2]: one.op for one in plan.operations}


# What exists in the cloud.


def test_what_is_read_has_an_external_row_and_is_not_touched(scene: Scene) -> None:
    assert ops(scene.plan(reading))["theirs"] is Op.READ
    assert scene.apply(reading).state is ExecutionState.SUCCEEDED
    row = scene.row(THEIRS)
    assert (row.external, row.managed, row.id, row.outputs["cidr"]) == (True, False, "id-1", "10.7.0.0/24")
    assert [call.op for call in scene.cloud.calls] == ["create"]
    assert verify_integrity(scene.state()) == []
    assert scene.plan(reading).is_empty


def test_what_is_no_longer_read_is_forgotten_and_stays_in_the_cloud(scene: Scene) -> None:
    scene.apply(reading)
    without = TestProgram(Want("ours", inputs={"cidr": "10.7.0.0/24"}))
    plan = scene.plan(without)
    assert [(one.op, one.retain) for one in plan.operations if one.urn == THEIRS] == [(Op.DELETE, True)]
    assert scene.apply(without).state is ExecutionState.SUCCEEDED
    assert "id-1" in scene.cloud.things
    assert THEIRS not in {one.urn for one in scene.state()}


def test_a_destroy_leaves_it(scene: Scene) -> None:
    scene.apply(reading)
    assert scene.apply(None, Purpose.DESTROY).state is ExecutionState.SUCCEEDED
    assert set(scene.cloud.things) == {"id-1"}
    assert scene.state() == []


def test_what_is_gone_is_an_error_that_names_the_id(scene: Scene) -> None:
    with pytest.raises(Refused, match=f"no {NET} with the id id-9"):
        scene.plan(lambda registrar: reading(registrar, "id-9"))


def carried_out_after(scene: Scene, change: Any) -> Outcome:
    execution_id = scene.start(reading)
    change()
    return execute(scene.means(), execution_id, reading)


def test_what_moved_since_the_plan_stops_the_run(scene: Scene) -> None:
    def change() -> None:
        scene.cloud.things["id-1"].inputs["cidr"] = "10.8.0.0/24"

    outcome = carried_out_after(scene, change)
    assert outcome.state is ExecutionState.FAILED
    assert "not as it was when the plan was made" in outcome.failures[THEIRS]
    assert scene.cloud.calls == []


def test_what_moved_between_two_plans_is_read_anew_and_is_no_movement(scene: Scene) -> None:
    scene.apply(reading)
    scene.cloud.things["id-1"].inputs["colour"] = "red"
    assert ops(scene.plan(reading)) == {"theirs": Op.READ, "system": Op.SAME, "ours": Op.SAME}
    assert scene.apply(reading).state is ExecutionState.SUCCEEDED
    assert scene.row(THEIRS).outputs["colour"] == "red"


def test_an_id_that_is_not_known_yet_is_read_when_it_is(scene: Scene) -> None:
    def program(registrar: Registrar) -> None:
        TestProgram(OURS)(registrar)
        row = next((one for one in scene.state() if one.urn == OURS.urn), None)
        registrar.read(Registration(THEIRS, NET, "theirs", True, "", {}), row.id if row else UNKNOWN)

    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert scene.row(THEIRS).id == scene.row(OURS.urn).id
    assert verify_integrity(scene.state()) == []


def test_what_is_the_stacks_own_is_not_read_instead(scene: Scene) -> None:
    scene.apply(TestProgram(OURS))

    def program(registrar: Registrar) -> None:
        registrar.read(Registration(OURS.urn, NET, "ours", True, "", {}), "id-2")

    with pytest.raises(Refused, match="belongs to this stack"):
        scene.plan(program)


def test_what_was_read_may_be_adopted_under_the_same_name(scene: Scene) -> None:
    scene.apply(lambda registrar: registrar.read(Registration(THEIRS, NET, "theirs", True, "", {}), "id-1"))
    inputs = {"name": "theirs", "cidr": "10.7.0.0/24", "colour": "grey"}
    scene.cloud.things["id-1"].inputs["colour"] = "grey"
    adopting = Registration(THEIRS, NET, "theirs", True, "", inputs, options=Options(import_id="id-1"))
    assert scene.apply(lambda registrar: registrar.register(adopting)).state is ExecutionState.SUCCEEDED
    assert scene.row(THEIRS).managed
    assert [one.urn for one in scene.state()] == [THEIRS]
    assert scene.cloud.calls == []


# Other stacks.


def test_outputs_of_another_stack_arrive_and_its_secrets_stay_secret(scene: Scene) -> None:
    with scene.sessions.begin() as session:
        outputs = {"cidr": "10.5.0.0/24", "password": Secret("hush")}
        other_stack(session, scene.vault, "program/net/prod", outputs)
    told: list[Registered] = []
    assert scene.apply(lambda registrar: told.append(referring(registrar))).state is ExecutionState.SUCCEEDED
    assert told[-1].id == "net/prod"
    assert told[-1].outputs["outputs"] == {"cidr": "10.5.0.0/24", "password": Secret("hush")}
    assert told[-1].outputs["secretOutputNames"] == ["password"]
    row = scene.row(OTHER)
    assert row.external
    assert row.outputs == told[-1].outputs
    assert scene.plan(referring).is_empty
    assert "hush" not in repr(scene.plan(referring))


def test_another_secret_of_the_other_stack_is_movement(scene: Scene) -> None:
    with scene.sessions.begin() as session:
        other_stack(session, scene.vault, "program/net/prod", {"cidr": "10.5.0.0/24", "password": Secret("one")})
    execution_id = scene.start(referring)
    with scene.sessions.begin() as session:
        row = session.query(StackRow).filter_by(name="program/net/prod").one()
        row.outputs = sealed({"cidr": "10.5.0.0/24", "password": Secret("two")}, scene.vault)
    outcome = execute(scene.means(), execution_id, referring)
    assert outcome.state is ExecutionState.FAILED
    assert list(outcome.failures) == [OTHER]


@pytest.mark.parametrize(
    ("kept", "named"),
    [
        ("program/project/prod", "prod"),
        ("program/net/prod", "net/prod"),
        ("program/net/prod", "organization/net/prod"),
        ("guiyang/unit/oa.gov", "guiyang/unit/oa.gov"),
    ],
)
def test_a_stack_is_found_by_each_of_its_names(scene: Scene, kept: str, named: str) -> None:
    with scene.sessions.begin() as session:
        other_stack(session, scene.vault, kept, {"cidr": "10.5.0.0/24"})
    assert ops(scene.plan(lambda registrar: referring(registrar, named)))["other"] is Op.READ


def test_a_stack_that_is_missing_or_has_ended_is_named(scene: Scene) -> None:
    with pytest.raises(Refused, match="no stack net/prod"):
        scene.plan(referring)
    with scene.sessions.begin() as session:
        other_stack(session, scene.vault, "program/net/prod", {"cidr": "x"}, provisioning=Provisioning.ENDED)
    with pytest.raises(Refused, match=r"net/prod was destroyed \(20\d\d-"):
        scene.plan(referring)


def test_a_reference_by_an_other_name_is_another_plan(scene: Scene) -> None:
    with scene.sessions.begin() as session:
        for name in ("program/net/prod", "program/net/test"):
            other_stack(session, scene.vault, name, {"cidr": "10.5.0.0/24"})
    execution_id = scene.start(referring)
    moved = execute(scene.means(), execution_id, lambda registrar: referring(registrar, "net/test"))
    assert "reads another one" in moved.failures[OTHER]
