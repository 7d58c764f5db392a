"""What was written into a journal by hand concludes nothing: nothing is taken from another stack, nothing forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select

from controller.domain.errors import Refused
from controller.engine.applying.execute import execute
from controller.engine.applying.journal import Ending
from controller.engine.applying.progress import Step
from controller.engine.applying.recover import Forged, recover
from controller.engine.applying.recover import testify as say_what_came_of_it
from controller.engine.plan import Op
from controller.engine.provider import Carrier, Kind
from controller.store.database import Sessions
from controller.store.engine import ExecutionState, JournalRow
from controller.store.vault import Vault
from tests.engine.double import KINDS, LINK, DoubleKind, DoubleProvider, TestProgram, Want, changed
from tests.engine.scene import KillAt, Killed, Scene

NET_A = Want("a", inputs={"cidr": "10.0.0.0/24", "name": "a"})
THEIRS = Want("theirs", inputs={"cidr": "10.1.0.0/24", "name": "theirs"})
LINK_D = Want("d", LINK, {"left": "x", "right": "y"})


class Silent(DoubleKind):
    """A kind that nobody can be asked about."""

    @property
    def carrier(self) -> Carrier:
        return Carrier.NONE


class SilentProvider(DoubleProvider):
    """The double's provider, with nothing but silent kinds."""

    def kind(self, token: str, held: object = None) -> Kind:
        return Silent(token, replace_on=KINDS[token].replace_on)


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


@pytest.fixture
def others(scene: Scene) -> Scene:
    """Another stack on the same cloud, which holds what its program wants."""
    others = Scene(scene.sessions, scene.vault, scene.provider, name="test/unit/others.gov")
    others.apply(TestProgram(THEIRS, LINK_D))
    return others


def leave_open(scene: Scene, program: TestProgram | None, op: Op, at: Step = Step.INTENDED) -> JournalRow:
    """A worker is killed while it carries out the program; the intent that it leaves."""
    scene.cloud.witness = scene._witness
    execution_id = scene.start(program)
    with pytest.raises(Killed):
        execute(scene.means(KillAt(at, op=op)), execution_id, program)
    return scene.journal()[-1]


def rewrite(scene: Scene, intent: JournalRow, **target: Any) -> None:
    """Changes what an intent is about behind the controller's back."""
    with scene.sessions.begin() as session:
        row = session.get_one(JournalRow, intent.id)
        row.target = {**row.target, **target}


def assert_untouched(scene: Scene, others: Scene) -> None:
    """Whoever holds something still holds it, alone; the intent is open."""
    assert scene.journal()[-1].outcome == ""
    held = [one.id for stack in (scene, others) for one in stack.state() if one.custom]
    assert sorted(held) == sorted(scene.cloud.things)


def test_another_stacks_identity_is_not_adopted(scene: Scene, others: Scene) -> None:
    program = TestProgram(NET_A)
    intent = leave_open(scene, program, Op.CREATE)
    rewrite(scene, intent, identity=others.row(THEIRS.urn).identity)

    with pytest.raises(Forged, match="is not what this stack announced"):
        scene.resume(program)
    assert_untouched(scene, others)

    rewrite(scene, intent, identity=intent.identity)
    assert scene.resume(program).state is ExecutionState.SUCCEEDED
    assert scene.journal()[-2].outcome == Ending.ABSENT


def test_nor_is_it_with_the_urn_that_it_was_made_of(scene: Scene, others: Scene) -> None:
    intent = leave_open(scene, TestProgram(NET_A), Op.CREATE)
    theirs = others.row(THEIRS.urn)
    rewrite(scene, intent, urn=theirs.urn, generation=theirs.generation, identity=theirs.identity)
    with pytest.raises(Forged):
        scene.resume(TestProgram(NET_A))
    assert_untouched(scene, others)


def test_what_is_found_by_a_natural_key_is_not_taken_from_the_stack_that_holds_it(scene: Scene, others: Scene) -> None:
    other_link = changed(LINK_D, left="z")
    intent = leave_open(scene, TestProgram(other_link), Op.CREATE)
    rewrite(scene, intent, inputs={**intent.target["inputs"], "left": LINK_D.inputs["left"]})
    with pytest.raises(Refused, match=f"belongs to the stack {others.name}"):
        scene.resume(TestProgram(other_link))
    assert_untouched(scene, others)


@pytest.mark.parametrize("elsewhere", [{"id": "theirs"}, {"id": "id-99"}, {"cloud": "other"}], ids=str)
@pytest.mark.parametrize("op", [Op.UPDATE, Op.DELETE])
def test_nothing_is_concluded_about_what_the_stack_does_not_hold(
    scene: Scene, others: Scene, op: Op, elsewhere: dict[str, str]
) -> None:
    scene.cloud.witness = scene._witness
    scene.other_cloud()
    scene.apply(TestProgram(NET_A))
    program = TestProgram(changed(NET_A, name="new")) if op is Op.UPDATE else TestProgram()
    intent, states = leave_open(scene, program, op), scene.state()
    theirs = {"theirs": others.row(THEIRS.urn).id}
    rewrite(scene, intent, **{name: theirs.get(value, value) for name, value in elsewhere.items()})

    with pytest.raises(Forged):
        scene.resume(program)
    assert scene.state() == states
    assert_untouched(scene, others)

    rewrite(scene, intent, id=intent.target["id"], cloud=intent.target["cloud"])
    assert scene.resume(program).state is ExecutionState.SUCCEEDED


def test_what_is_genuine_beside_it_is_resolved_all_the_same(scene: Scene, others: Scene) -> None:
    intent = leave_open(scene, TestProgram(NET_A), Op.CREATE, at=Step.CALLED)
    with scene.sessions.begin() as session:
        columns = select(JournalRow.__table__).where(JournalRow.id == intent.id)
        row = dict(session.execute(columns).one()._mapping)
        forged = {"urn": THEIRS.urn, "target": others.journal()[0].target, "id": intent.id + 1000}
        session.execute(insert(JournalRow), {**row, **forged})

    with pytest.raises(Forged):
        recover(scene.means(), scene.stack_id)
    assert [row.outcome for row in scene.journal()] == [Ending.ADOPTED, ""]
    assert_untouched(scene, others)


def test_nobody_can_give_a_word_on_it(sessions: Sessions, vault: Vault) -> None:
    scene = Scene(sessions, vault, SilentProvider())
    intent = leave_open(scene, TestProgram(NET_A), Op.CREATE, at=Step.CALLED)
    rewrite(scene, intent, generation=7)
    with pytest.raises(Forged):
        say_what_came_of_it(scene.means(), scene.stack_id, NET_A.urn, id="", by="wang")
    assert scene.journal()[-1].outcome == ""
    rewrite(scene, intent, generation=1)
    say_what_came_of_it(scene.means(), scene.stack_id, NET_A.urn, id="", by="wang")
    assert scene.journal()[-1].outcome == Ending.ABSENT
