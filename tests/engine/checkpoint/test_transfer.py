"""State out of one database and into another: the same stack, worked on there as if it had been made there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.domain.errors import Refused, WrongUse
from controller.engine.checkpoint.document import Checkpoint, from_text, to_document
from controller.engine.checkpoint.transfer import export_stack, import_stack
from controller.engine.lookup import STACK_REFERENCE
from controller.engine.plan import Op
from controller.engine.program import passphrase
from controller.engine.program.passphrase import Passphrase
from controller.engine.properties import Secret
from controller.engine.registration import Registrar, Registration
from controller.store.audit import AuditRow
from controller.store.database import Sessions
from controller.store.engine import ExecutionState, StackRow
from controller.store.vault import Vault
from tests.engine.double import DISK, LINK, NET, PROJECT, Out, TestProgram, Want, changed
from tests.engine.scene import KillAt, Killed, Scene, Step, other_stack

NET_A = Want("a", NET, {"cidr": "10.0.0.0/24", "name": "a"})
DISK_B = Want("b", DISK, {"size": 10, "medium": "ssd", "password": Secret("hush")})
LINK_C = Want("c", LINK, {"left": Out("a"), "right": Out("b")})
PROGRAM = TestProgram(NET_A, DISK_B, LINK_C)
PHRASE = "a long one"
OTHER = f"{PROJECT}::{STACK_REFERENCE}::other"


@pytest.fixture
def scene(sessions: Sessions, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(passphrase, "_ITERATIONS", 10)
    return Scene(sessions, vault, name="test")


def exported(scene: Scene) -> Checkpoint:
    """Through a file, as it is carried from home to home."""
    with scene.sessions.begin() as session:
        checkpoint = export_stack(session, _stack(session), scene.vault, by="wang")
    return from_text(json.dumps(to_document(checkpoint, Passphrase.fresh(PHRASE))), PHRASE)


def moved(scene: Scene, checkpoint: Checkpoint, *, name: str = "test", cloud: str = "double") -> None:
    """Into a home that knows nothing yet."""
    with scene.sessions.begin() as session:
        session.execute(text("TRUNCATE stack CASCADE"))
        stack = StackRow(name=name, cloud=cloud, spec_digest="s1", spec_commit="c1", changed_at=real_now())
        session.add(stack)
        session.flush()
        scene.stack_id = stack.id
        import_stack(session, stack, checkpoint, scene.provider, scene.vault, by="li")


def _stack(session: Session) -> StackRow:
    return session.scalars(select(StackRow).where(StackRow.name == "test")).one()


def test_another_home_goes_on_where_this_one_stood(scene: Scene) -> None:
    scene.apply(PROGRAM)
    scene.apply(TestProgram(NET_A, changed(DISK_B, medium="hdd"), LINK_C), gives_up=[DISK_B.urn])
    before, calls = scene.state(), len(scene.cloud.calls)

    moved(scene, exported(scene))

    assert scene.state() == before
    assert scene.row(DISK_B.urn).generation == 2
    outcome = scene.apply(TestProgram(NET_A, changed(DISK_B, medium="hdd"), LINK_C))
    assert (outcome.state, len(scene.cloud.calls)) == ("succeeded", calls)
    scene.apply(PROGRAM, gives_up=[DISK_B.urn])
    assert scene.row(DISK_B.urn).generation == 3
    scene.assert_whole()


def test_outputs_of_another_stack_that_are_as_they_were_are_no_change_in_another_home(
    scene: Scene,
) -> None:
    """Nor in the home whose file is Pulumi's own, which says less of them."""
    outputs = {"cidr": "10.5.0.0/24", "count": 3, "word": Secret("hush")}

    def refer(registrar: Registrar) -> None:
        registrar.read(Registration(OTHER, STACK_REFERENCE, "other", True, "", {"name": "net/prod"}), "net/prod")

    with scene.sessions.begin() as session:
        other_stack(session, scene.vault, "program/net/prod", outputs)
    assert scene.apply(refer).state is ExecutionState.SUCCEEDED
    checkpoint = exported(scene)
    [read] = [one for one in checkpoint.states if one.external]
    pulumis = replace(read, inputs={"name": "net/prod"}, observed={})
    states = [pulumis if one is read else one for one in checkpoint.states]
    scene.vault = Vault(Fernet.generate_key())
    for carried in (checkpoint, replace(checkpoint, states=states)):
        moved(scene, carried)
        with scene.sessions.begin() as session:
            other_stack(session, scene.vault, "program/net/prod", outputs)
        assert scene.plan(refer).is_empty
        with scene.sessions.begin() as session:
            session.execute(text("DELETE FROM stack WHERE name = 'program/net/prod'"))
            other_stack(session, scene.vault, "program/net/prod", {**outputs, "word": Secret("another")})
        assert {one.op for one in scene.plan(refer).operations} == {Op.READ}


def test_both_ends_stand_in_the_audit_trail(scene: Scene) -> None:
    scene.apply(PROGRAM)
    moved(scene, exported(scene))
    with scene.sessions() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action.startswith("stack.")).order_by(AuditRow.id)).all()
    assert [(row.actor, row.action, row.details["resources"]) for row in rows] == [
        ("wang", "stack.exported", 4),
        ("li", "stack.imported", 4),
    ]
    assert "hush" not in str([row.details for row in rows])


def test_times_are_those_of_the_journal(scene: Scene) -> None:
    scene.apply(PROGRAM)
    closed = {row.urn: row.closed_at for row in scene.journal()}
    times = exported(scene).times
    assert {urn: times[urn, 1].created for urn in closed} == closed
    assert all(one.modified is not None for one in times.values())


def test_calls_in_the_dark_are_pending_and_are_not_imported(scene: Scene) -> None:
    with pytest.raises(Killed):
        scene.apply(PROGRAM, progress=KillAt(Step.INTENDED, op=Op.CREATE))
    checkpoint = exported(scene)
    assert [one.op for one in checkpoint.pending] == [Op.CREATE]
    with pytest.raises(Refused, match="results are not known"):
        moved(scene, checkpoint)


def test_a_stack_that_has_a_state_is_not_overwritten(scene: Scene) -> None:
    scene.apply(PROGRAM)
    checkpoint = exported(scene)
    with scene.sessions.begin() as session, pytest.raises(Refused, match="has a state"):
        import_stack(session, _stack(session), checkpoint, scene.provider, scene.vault, by="li")


@pytest.mark.parametrize(
    ("name", "cloud", "said"),
    [
        ("other", "double", "of the stack test"),
        ("program/project/other", "double", "of the stack test"),
        ("program/projcet/test", "double", "of the project project"),
        ("test", "elsewhere", "stand on double"),
    ],
)
def test_neither_another_stack_nor_another_cloud_is_taken_for_it(
    scene: Scene, name: str, cloud: str, said: str
) -> None:
    scene.apply(PROGRAM)
    with pytest.raises(Refused, match=said):
        moved(scene, exported(scene), name=name, cloud=cloud)


def test_a_program_s_stack_is_taken_under_the_name_of_its_project(scene: Scene) -> None:
    scene.apply(PROGRAM)
    before = scene.state()
    moved(scene, exported(scene), name="program/project/test")
    assert scene.state() == before


def test_what_does_not_fit_together_or_is_not_known_is_refused(scene: Scene) -> None:
    scene.apply(PROGRAM)
    whole = exported(scene)
    twins = replace(whole, states=[replace(one, id="id-1") if one.custom else one for one in whole.states])
    with pytest.raises(Refused, match="rows hold"):
        moved(scene, replace(twins, states=[replace(one, type=NET) if one.custom else one for one in twins.states]))
    strange = [replace(one, type="test:index:Moon") if one.type == LINK else one for one in whole.states]
    with pytest.raises(WrongUse, match="Moon"):
        moved(scene, replace(whole, states=strange))


def test_what_another_stack_holds_is_not_imported_a_second_time(scene: Scene) -> None:
    scene.apply(PROGRAM)
    file = json.dumps(to_document(exported(scene), Passphrase.fresh(PHRASE)))
    copied = from_text(file.replace("urn:pulumi:test::", "urn:pulumi:copy::"), PHRASE)
    with scene.sessions.begin() as session:
        stack = StackRow(name="copy", cloud="double", spec_digest="s1", spec_commit="c1", changed_at=real_now())
        session.add(stack)
        session.flush()
        with pytest.raises(Refused, match="belongs to the stack test"):
            import_stack(session, stack, copied, scene.provider, scene.vault, by="li")
