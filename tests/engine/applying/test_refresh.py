"""What the cloud shows otherwise than the state has it, and what is made of that."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused, Unknown
from controller.engine.applying import refresh
from controller.engine.plan import Op
from controller.store.audit import AuditRow
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import TestProgram, Want, changed
from tests.engine.scene import Scene

A = Want("a", inputs={"cidr": "10.0.0.0/24", "name": "a"})
B = Want("b", inputs={"cidr": "10.0.1.0/24"})
PROGRAM = TestProgram(A, B)


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    scene = Scene(sessions, vault)
    scene.apply(PROGRAM)
    return scene


def test_what_is_as_the_state_has_it_is_not_told(scene: Scene) -> None:
    assert refresh.look(scene.means(), scene.state()) == []


def test_what_was_changed_by_hand_is_told_and_put_right_by_the_next_plan(scene: Scene) -> None:
    scene.cloud.things[scene.row(A.urn).id].inputs["name"] = "by hand"
    [seen] = refresh.look(scene.means(), scene.state())

    assert (seen.now.urn, dict(seen.fields)) == (A.urn, {"name": ("a", "by hand")})
    refresh.keep(scene.means(), scene.stack_id, [seen])
    assert scene.plan(PROGRAM).by_urn[A.urn].op is Op.UPDATE
    assert scene.apply(PROGRAM).state is ExecutionState.SUCCEEDED
    assert refresh.look(scene.means(), scene.state()) == []
    with scene.sessions() as session:
        [entry] = session.query(AuditRow).filter_by(action="stack.refreshed")
    assert entry.details == {"changed": [A.urn], "missing": []}


def test_what_is_gone_is_told_and_made_again_by_the_next_plan(scene: Scene) -> None:
    del scene.cloud.things[scene.row(A.urn).id]
    [seen] = refresh.look(scene.means(), scene.state())

    assert seen.now.missing
    refresh.keep(scene.means(), scene.stack_id, [seen])
    assert scene.plan(PROGRAM).by_urn[A.urn].op is Op.CREATE
    assert scene.apply(PROGRAM).state is ExecutionState.SUCCEEDED
    scene.assert_whole()


def test_what_was_worked_on_since_it_was_read_is_not_overwritten(scene: Scene) -> None:
    scene.cloud.things[scene.row(A.urn).id].inputs["name"] = "by hand"
    seen = refresh.look(scene.means(), scene.state())
    scene.apply(TestProgram(changed(A, cidr="10.7.0.0/24")))
    states = scene.state()

    with pytest.raises(Refused, match="was worked on since it was read"):
        refresh.keep(scene.means(), scene.stack_id, seen)
    assert scene.state() == states
    scene.assert_whole()


@pytest.mark.parametrize("question", ["read", "find"])
def test_an_incomplete_answer_is_no_absence(scene: Scene, question: str) -> None:
    del scene.cloud.things[scene.row(A.urn).id]
    scene.cloud.faults[question] = ["incomplete"]

    with pytest.raises(Unknown):
        refresh.look(scene.means(), scene.state())
