"""What a program imports by its id: read and compared while the plan is made, once more before it is carried out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from controller.domain.errors import Refused
from controller.engine.applying import approval
from controller.engine.applying.execute import execute
from controller.engine.applying.outcome import OnFailure
from controller.engine.plan import Op
from controller.engine.planning import imports
from controller.engine.planning.render import to_json, to_text
from controller.engine.properties import Secret, revealed
from controller.engine.provider import Held, Kind, Observation
from controller.engine.registration import Options, Registration
from controller.providers.random.text import RandomPassword
from controller.store.base import Base
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import COMPONENT, NAMED, NET, SYSTEM, DoubleProvider, Out, TestProgram, Want
from tests.engine.scene import Scene

PASSWORD = RandomPassword.token
MADE = Want("made", inputs={"cidr": "9"})


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def there(scene: Scene, **inputs: Any) -> str:
    """The id of something that nobody here has made."""
    return scene.cloud.make(NET, {"cidr": "1", "colour": "grey", "size": 1, **inputs}, "another's")


def importing(id: str, name: str = "host", **inputs: Any) -> Want:
    return Want(name, inputs={"cidr": "1", "size": 1, **inputs}, options=Options(import_id=id))


class Passwords(DoubleProvider):
    """The double's kinds, and one whose ids to import by are secrets."""

    def kind(self, token: str, held: Held | None = None) -> Kind:
        return RandomPassword(held) if token == PASSWORD else super().kind(token, held)


def everything(scene: Scene) -> list[str]:
    """All rows of the database, each as text."""
    with scene.sessions() as session:
        return [str(row) for table in Base.metadata.sorted_tables for row in session.execute(select(table))]


def managed(scene: Scene) -> list[str]:
    return [one.urn for one in scene.state() if one.custom]


def test_what_is_imported_is_taken_over_as_it_is(scene: Scene) -> None:
    wanted = importing(there(scene))
    assert scene.apply(TestProgram(wanted)).state is ExecutionState.SUCCEEDED
    assert scene.row(wanted.urn).id == wanted.options.import_id
    assert scene.cloud.calls == []
    assert scene.plan(TestProgram(wanted)).is_empty


def test_a_plan_shows_what_it_imports(scene: Scene) -> None:
    program = TestProgram(wanted := importing(there(scene)), Want("on", inputs={"of": Out("host", "colour")}))
    plan = scene.plan(program)
    assert (plan.by_urn[wanted.urn].op, plan.by_urn[wanted.urn].import_id) == (Op.IMPORT, wanted.options.import_id)
    assert plan.by_urn[Want("on").urn].inputs["of"] == "grey"
    text, document = to_text(plan, 100), to_json(plan, "")["operations"]
    assert "import" in text
    assert f"[id={wanted.options.import_id}]" in text
    told = next(one for one in document if one["urn"] == wanted.urn)
    assert (told["op"], told["steps"], told["import_id"]) == ("import", ["import"], wanted.options.import_id)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"size": 2, "more": "x"}, 'more is null, and the program says "x"; size is 1, and the program says 2'),
        ({"size": Secret(2)}, r"size is \[secret\], and the program says \[secret\]"),
        ({"size": Out("made")}, "not known yet of size"),
    ],
)
def test_what_differs_is_refused_while_planning_with_both_values(
    scene: Scene, inputs: dict[str, Any], message: str
) -> None:
    wanted = importing(there(scene), **inputs)
    with pytest.raises(Refused, match=message) as refused:
        scene.plan(TestProgram(MADE, wanted))
    assert refused.value.where == wanted.urn


def test_what_is_not_there_is_refused_while_planning(scene: Scene) -> None:
    with pytest.raises(Refused, match=f"there is no {NET} with the id x to import"):
        scene.plan(TestProgram(importing("x")))


def test_what_another_stack_holds_is_refused_while_planning(scene: Scene) -> None:
    scene.apply(TestProgram(MADE))
    other = Scene(scene.sessions, scene.vault, scene.provider, name="thief")
    mine = importing(scene.row(MADE.urn).id)
    with pytest.raises(Refused, match=f"belongs to the stack {scene.name}"):
        other.plan(TestProgram(mine))


def test_what_another_stack_came_to_hold_since_the_plan_is_not_taken_over(scene: Scene) -> None:
    mine = importing(there(scene))
    execution = scene.start(TestProgram(mine))
    Scene(scene.sessions, scene.vault, scene.provider, name="faster").apply(TestProgram(mine))
    outcome = execute(scene.means(), execution, TestProgram(mine))
    assert "belongs to the stack faster" in outcome.failures[mine.urn]
    assert managed(scene) == []


def test_one_thing_has_one_name_in_a_stack(scene: Scene) -> None:
    one, other = importing(id := there(scene)), importing(id, "again")
    with pytest.raises(Refused, match=re.escape(f"is {one.urn} of this stack already")):
        scene.plan(TestProgram(one, other))
    scene.apply(TestProgram(one))
    with pytest.raises(Refused, match="an alias where it was renamed"):
        scene.plan(TestProgram(other))


@pytest.mark.parametrize("gone", [True, False])
def test_what_moved_since_the_plan_leaves_everything_undone(scene: Scene, gone: bool) -> None:
    first, second = importing(there(scene), "first"), importing(there(scene), "second")
    program = TestProgram(MADE, first, second)
    execution = scene.start(program)
    if gone:
        scene.cloud.things.pop(second.options.import_id)
    else:
        scene.cloud.things[second.options.import_id].inputs["more"] = "x"
    outcome = execute(scene.means(), execution, program)
    assert outcome.state is ExecutionState.FAILED
    assert ("there is no" if gone else "not as it was when the plan was made") in outcome.failures[second.urn]
    assert scene.cloud.calls == []
    assert managed(scene) == []


def test_where_others_go_on_only_what_needs_the_import_is_left(scene: Scene) -> None:
    program = TestProgram(MADE, gone := importing(there(scene)), on := Want("on", inputs={"of": Out("host")}))
    execution = scene.start(program)
    scene.cloud.things.pop(gone.options.import_id)
    outcome = execute(scene.means(), execution, program, OnFailure.CONTINUE)
    assert outcome.failures.keys() == {gone.urn}
    assert managed(scene) == [MADE.urn]
    assert on.urn not in managed(scene)


def test_another_id_than_that_of_what_stands_there_is_refused(scene: Scene) -> None:
    scene.apply(TestProgram(MADE))
    own, other = scene.row(MADE.urn).id, there(scene, cidr="9")
    assert scene.plan(TestProgram(replace(MADE, options=Options(import_id=own)))).is_empty
    with pytest.raises(Refused, match=f"what has this name is {own}, and the program imports {other}") as refusal:
        scene.plan(TestProgram(replace(MADE, options=Options(import_id=other))))
    assert refusal.value.where == MADE.urn
    assert "take import_ out" in refusal.value.remedy


def test_what_was_imported_and_replaced_since_may_go_on_to_name_what_it_was_imported_by(scene: Scene) -> None:
    first = importing(there(scene))
    scene.apply(TestProgram(first))
    second = replace(first, inputs={**first.inputs, "cidr": "2"})
    assert scene.apply(TestProgram(second)).state is ExecutionState.SUCCEEDED
    row = scene.row(first.urn)
    assert row.id != row.import_id == first.options.import_id
    assert scene.plan(TestProgram(second)).is_empty
    assert scene.plan(TestProgram(replace(second, options=Options(import_id=row.id)))).is_empty
    third = there(scene, cidr="2")
    with pytest.raises(Refused, match=f"what has this name is {row.id}, and the program imports {third}"):
        scene.plan(TestProgram(replace(second, options=Options(import_id=third))))


def test_another_id_than_the_plan_says_is_not_imported_even_if_it_looks_alike(scene: Scene) -> None:
    one, other = importing(there(scene)), importing(there(scene))
    execution = scene.start(TestProgram(one))
    outcome = execute(scene.means(), execution, TestProgram(other))
    assert "it would now import another one than the plan says" in outcome.failures[one.urn]
    assert managed(scene) == []


def test_a_component_cannot_be_imported(scene: Scene) -> None:
    component = Registration(SYSTEM, COMPONENT, "system", False, "", {}, options=Options(import_id="id-1"))
    with pytest.raises(Refused, match="a component has no id to be imported by"):
        scene.plan(lambda registrar: registrar.register(component) and {})


def test_an_id_that_tells_a_secret_is_nowhere_to_be_read(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.provider = Passwords()
    wanted = Want("secret", PASSWORD, {"length": 9}, options=Options(import_id="hunter-42"))
    plan = scene.plan(TestProgram(wanted))
    assert "[id=[secret]]" in to_text(plan, 100)
    execute(scene.means(), approval.start(scene.sessions, scene.approve(plan), scene.vault), TestProgram(wanted))
    assert revealed(scene.row(wanted.urn).outputs["result"]) == "hunter-42"
    assert scene.plan(TestProgram(wanted)).is_empty
    with pytest.raises(Refused, match=r"what has this name is none, and the program imports \[secret\]") as refusal:
        scene.plan(TestProgram(replace(wanted, options=Options(import_id="another-1"))))
    told = [to_text(plan, 100), json.dumps(to_json(plan, "")), str(refusal.value), caplog.text, *everything(scene)]
    assert not [text for text in told if "hunter-42" in text or "another-1" in text]


def test_what_is_lost_may_be_imported_from_where_it_is_now(scene: Scene) -> None:
    named = Want("named", NAMED, {"medium": "ssd"})
    scene.apply(TestProgram(named))
    lost = scene.row(named.urn)
    scene.cloud.things.pop(lost.id)
    scene.note(replace(lost, missing=True))
    found = scene.cloud.make(NAMED, {"medium": "ssd", "size": 1, "colour": "grey", "name": "theirs"}, "")
    program = TestProgram(replace(named, options=Options(import_id=found)))
    plan = scene.plan(program)
    assert plan.by_urn[named.urn].op is Op.IMPORT
    assert (
        execute(scene.means(), approval.start(scene.sessions, scene.approve(plan), scene.vault), program).state
        is ExecutionState.SUCCEEDED
    )
    assert [(one.id, one.missing) for one in scene.state() if one.custom] == [(found, False)]


def test_an_id_is_written_as_the_cloud_writes_it(scene: Scene) -> None:
    """Else what another stack holds under the id itself could be taken under another spelling."""
    id = there(scene)
    scene.cloud.things[id.upper()] = scene.cloud.things[id]
    with pytest.raises(Refused, match=f"what is found by the id {id.upper()} has the id {id}"):
        scene.plan(TestProgram(importing(id.upper())))


def test_what_two_stacks_import_at_once_has_one_owner(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one takes it over just after this one asked whether somebody has it, and before this one writes."""
    other = Scene(scene.sessions, scene.vault, provider=scene.provider, name="test/unit/other.gov")
    program = TestProgram(wanted := importing(there(scene)))
    execution, theirs = scene.start(program), other.start(program)
    look, looked = imports.look, count(1)

    def meanwhile(*args: Any) -> Observation:
        if next(looked) == 2:
            assert execute(other.means(), theirs, program).state is ExecutionState.SUCCEEDED
        return look(*args)

    monkeypatch.setattr(imports, "look", meanwhile)
    outcome = execute(scene.means(), execution, program)
    assert "belongs to the stack test/unit/other.gov" in outcome.failures[wanted.urn]
    assert (managed(scene), managed(other)) == ([], [wanted.urn])
