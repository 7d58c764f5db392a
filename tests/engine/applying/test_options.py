"""What the options of resources do to what is made, replaced and deleted. The table is in docs/engine.md."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.domain.errors import Refused
from controller.engine.plan import Op, Purpose
from controller.engine.properties import UNKNOWN, Secret
from controller.engine.provider import within
from controller.engine.registration import Options
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import KINDS, LINK, NET, DoubleKind, Out, TestProgram, Want, changed
from tests.engine.scene import Scene

HOST = Want("host", inputs={"cidr": "1"})


def guest(**options: Any) -> Want:
    return Want("guest", inputs={"cidr": "2", "host": Out("host")}, options=Options(**options))


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def calls(scene: Scene) -> list[tuple[str, str]]:
    """What was sent since this was asked last, with the cloud's ids."""
    made = [(one.op, one.id) for one in scene.cloud.calls]
    scene.cloud.calls.clear()
    return made


# deletedWith


def test_what_is_deleted_with_another_goes_without_a_call(scene: Scene) -> None:
    below = Want("below", inputs={"cidr": "3", "guest": Out("guest")})
    scene.apply(TestProgram(HOST, guest(deleted_with=HOST.urn), below))
    ids = {one.urn: one.id for one in scene.state()}
    calls(scene)
    with_ = scene.plan(None, Purpose.DESTROY).by_urn[guest().urn].deleted_with
    assert with_ == HOST.urn

    assert scene.apply(None, Purpose.DESTROY).state is ExecutionState.SUCCEEDED

    assert calls(scene) == [("delete", ids[below.urn]), ("delete", ids[HOST.urn])]
    assert scene.state() == []


def test_it_stays_in_the_state_until_the_other_is_deleted(scene: Scene) -> None:
    scene.apply(TestProgram(HOST, guest(deleted_with=HOST.urn)))
    scene.cloud.faults["delete"] = ["reject"]
    assert scene.apply(None, Purpose.DESTROY).state is ExecutionState.FAILED
    assert {HOST.urn, guest().urn} <= {one.urn for one in scene.state()}


def test_alone_it_is_deleted_by_a_call_of_its_own(scene: Scene) -> None:
    scene.apply(TestProgram(HOST, guest(deleted_with=HOST.urn)))
    id = scene.row(guest().urn).id
    calls(scene)
    scene.apply(TestProgram(HOST))
    assert calls(scene) == [("delete", id)]


def test_what_only_leaves_the_state_takes_nothing_along(scene: Scene) -> None:
    kept = replace(HOST, options=Options(retain_on_delete=True))
    scene.apply(TestProgram(kept, guest(deleted_with=HOST.urn)))
    id = scene.row(guest().urn).id
    calls(scene)
    scene.apply(None, Purpose.DESTROY)
    assert calls(scene) == [("delete", id)]


def test_where_the_other_is_replaced_so_is_what_goes_with_it(scene: Scene) -> None:
    alone = replace(guest(deleted_with=HOST.urn), inputs={"cidr": "2"}, after=("host",))
    scene.apply(TestProgram(HOST, alone))
    old = {one.urn: one.id for one in scene.state()}
    calls(scene)
    program = TestProgram(changed(HOST, cidr="9"), alone)
    plan = scene.plan(program)
    assert (plan.by_urn[alone.urn].op, list(plan.by_urn[alone.urn].diff)) == (Op.REPLACE, ["deletedWith"])
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    assert [one for one in calls(scene) if one[0] == "delete"] == [("delete", old[HOST.urn])]
    assert scene.row(alone.urn).id != old[alone.urn]


def test_where_the_other_goes_before_its_successor_the_old_one_goes_with_it(scene: Scene) -> None:
    first = replace(HOST, options=Options(delete_before_replace=True))
    alone = replace(guest(deleted_with=HOST.urn), inputs={"cidr": "2"}, after=("host",))
    scene.apply(TestProgram(first, alone))
    old = {one.urn: one.id for one in scene.state()}
    calls(scene)
    assert scene.apply(TestProgram(changed(first, cidr="9"), alone)).state is ExecutionState.SUCCEEDED
    assert [one for one in calls(scene) if one[0] == "delete"] == [("delete", old[HOST.urn])]
    assert {one.urn for one in scene.state() if not one.pending_delete} >= {HOST.urn, alone.urn}
    assert scene.row(alone.urn).id != old[alone.urn]


# replaceWith, replacementTrigger


def test_what_is_replaced_with_another_is_replaced_once(scene: Scene) -> None:
    alone = replace(guest(replace_with=(HOST.urn,)), inputs={"cidr": "2"}, after=("host",))
    scene.apply(TestProgram(HOST, alone))
    first = scene.row(alone.urn).id
    program = TestProgram(changed(HOST, cidr="9"), alone)
    assert scene.apply(program).state is ExecutionState.SUCCEEDED
    second = scene.row(alone.urn).id
    assert second != first
    scene.assert_whole()
    assert scene.plan(program).is_empty


@pytest.mark.parametrize(
    ("before", "after", "op"),
    [
        ("1", "2", Op.REPLACE),
        ("1", "1", Op.SAME),
        (Secret("1"), "1", Op.SAME),
        ({"a": [1]}, {"a": [2]}, Op.REPLACE),
        (None, "1", Op.SAME),
        ("1", None, Op.SAME),
        ("1", UNKNOWN, Op.REPLACE),
    ],
)
def test_another_value_of_the_trigger_replaces(scene: Scene, before: Any, after: Any, op: Op) -> None:
    scene.apply(TestProgram(replace(HOST, options=Options(replacement_trigger=before))))
    first = scene.row(HOST.urn)
    assert first.replacement_trigger == before
    program = TestProgram(replace(HOST, options=Options(replacement_trigger=after)))
    assert scene.plan(program).by_urn[HOST.urn].op is op
    if after is not UNKNOWN:
        scene.apply(program)
        assert (scene.row(HOST.urn).id == first.id) is (op is Op.SAME)
        assert scene.row(HOST.urn).replacement_trigger == after


# customTimeouts


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time limit of each call, as the kind had it when it was called."""
    seen: list[float] = []
    for op in ("create", "update", "delete"):
        call = getattr(DoubleKind, op)

        def noted(kind: DoubleKind, *given: Any, op: str = op, call: Any = call) -> Any:
            seen.append(getattr(kind, f"{op}_timeout"))
            return call(kind, *given)

        monkeypatch.setattr(DoubleKind, op, noted)
    return seen


def test_calls_are_bounded_by_the_limits_of_the_resource_also_without_the_program(
    scene: Scene, limits: list[float]
) -> None:
    timeouts = {"create": 11.0, "update": 12.0, "delete": 13.0}
    scene.apply(TestProgram(replace(HOST, options=Options(timeouts=timeouts))))
    scene.apply(TestProgram(replace(changed(HOST, size=2), options=Options(timeouts=timeouts))))
    scene.apply(None, Purpose.DESTROY)
    assert limits == [11.0, 12.0, 13.0]
    assert KINDS[NET].create_timeout == 1


def test_a_kind_without_limits_of_the_resource_is_itself() -> None:
    assert within(KINDS[NET], {}) is KINDS[NET]


# deleteBeforeReplace


def test_the_old_one_goes_last_where_the_program_says_so(scene: Scene) -> None:
    early = replace(HOST, options=Options(delete_before_replace=True))
    scene.apply(TestProgram(early))
    calls(scene)
    scene.apply(TestProgram(replace(changed(HOST, cidr="5"), options=Options(delete_before_replace=True))))
    assert [op for op, _ in calls(scene)] == ["delete", "create"]
    scene.apply(TestProgram(replace(changed(HOST, cidr="6"), options=Options(delete_before_replace=False))))
    assert [op for op, _ in calls(scene)] == ["create", "delete"]


def test_what_the_cloud_cannot_tell_apart_does_not_stand_beside_each_other(scene: Scene) -> None:
    link = Want("link", LINK, {"left": "a", "right": "b"}, options=Options(delete_before_replace=False))
    scene.apply(TestProgram(link))
    with pytest.raises(Refused, match="cannot stand beside each other"):
        scene.plan(TestProgram(changed(link, left="c")))


# additionalSecretOutputs, protect, retainOnDelete


def test_outputs_that_the_program_calls_secret_are_secret_in_the_state(scene: Scene) -> None:
    scene.apply(TestProgram(replace(HOST, options=Options(additional_secret_outputs=("address",)))))
    assert isinstance(scene.row(HOST.urn).outputs["address"], Secret)


def test_what_is_protected_is_neither_deleted_nor_replaced(scene: Scene) -> None:
    guarded = replace(HOST, options=Options(protect=True))
    scene.apply(TestProgram(guarded))
    for program, purpose in ((TestProgram(), Purpose.APPLY), (None, Purpose.DESTROY)):
        with pytest.raises(Refused, match="protected"):
            scene.plan(program, purpose)
    with pytest.raises(Refused, match="protected"):
        scene.plan(TestProgram(changed(guarded, cidr="2")))


def test_what_is_retained_leaves_the_state_alone(scene: Scene) -> None:
    scene.apply(TestProgram(replace(HOST, options=Options(retain_on_delete=True))))
    calls(scene)
    scene.apply(None, Purpose.DESTROY)
    assert calls(scene) == []
    assert scene.state() == []
    assert len(scene.cloud.things) == 1
