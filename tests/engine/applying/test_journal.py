"""The journal, the fence, the stored state, and the small parts around them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, IntegrityError

from controller.domain.errors import Failed, WrongUse
from controller.engine import sealing, storage
from controller.engine.applying import fence
from controller.engine.applying.fence import StaleFence
from controller.engine.applying.journal import Ending, Journal
from controller.engine.applying.parallel import in_dependency_order
from controller.engine.applying.progress import Silent
from controller.engine.identity import identity_of
from controller.engine.integrity import verify_integrity
from controller.engine.plan import Op
from controller.engine.properties import UNKNOWN, Secret
from controller.engine.state import ResourceState
from controller.store.database import Sessions
from controller.store.vault import Vault
from tests.engine.double import NET, TestProgram, Want
from tests.engine.scene import Scene

TARGET = ResourceState("urn:a", 1, NET, True, "", "", {"name": "a"}, {}, {})


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


@pytest.fixture
def execution_id(scene: Scene) -> int:
    return scene.start(TestProgram(Want("a")))


def claimed(scene: Scene) -> Journal:
    with scene.sessions.begin() as session:
        held = fence.claim(session, scene.stack_id)
    return Journal(scene.sessions, scene.vault, held, Silent())


def test_each_claim_takes_a_new_fence_and_refuses_the_one_before(scene: Scene, execution_id: int) -> None:
    first, second = claimed(scene), claimed(scene)

    assert second.held.fence == first.held.fence + 1
    with pytest.raises(StaleFence):
        first.intend_create(execution_id, TARGET)
    with pytest.raises(StaleFence):
        first.check()
    second.check()


def test_a_claim_waits_for_a_write_in_hand_and_then_refuses_the_next(scene: Scene, execution_id: int) -> None:
    """The stack's row is held from the fence's check to the commit: no write slips in behind a claim."""
    old = claimed(scene)
    with scene.sessions.begin() as writing:
        fence.hold(writing, old.held)
        claimant = threading.Thread(target=claimed, args=(scene,))
        claimant.start()
        claimant.join(0.3)
        assert claimant.is_alive()
    claimant.join(10)
    assert not claimant.is_alive()
    with pytest.raises(StaleFence):
        old.note(saves=[TARGET])


def test_a_worker_that_stands_still_in_a_write_does_not_keep_others_from_claiming(
    scene: Scene, execution_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence, "IDLE_SECONDS", 0.2)
    first = claimed(scene)
    stopped = scene.sessions()
    fence.hold(stopped, first.held)
    second = claimed(scene)
    with pytest.raises(DBAPIError):
        stopped.commit()
    second.check()


def test_there_is_no_claim_on_a_stack_that_is_not_there(scene: Scene) -> None:
    with scene.sessions() as session, pytest.raises(WrongUse):
        fence.claim(session, 77)


def test_a_generation_gets_one_open_intent(scene: Scene, execution_id: int) -> None:
    journal = claimed(scene)
    journal.intend(execution_id, Op.UPDATE, TARGET)

    with pytest.raises(IntegrityError):
        journal.intend(execution_id, Op.DELETE, TARGET)


@pytest.mark.parametrize(
    ("ending", "generation", "attempt"),
    [(Ending.ABSENT, 1, 2), (Ending.REJECTED, 1, 2), (Ending.DONE, 2, 1), (Ending.ADOPTED, 2, 1)],
)
def test_only_what_was_never_made_is_tried_again_under_its_generation(
    scene: Scene, execution_id: int, ending: Ending, generation: int, attempt: int
) -> None:
    journal = claimed(scene)
    journal.close(journal.intend_create(execution_id, TARGET), ending)

    again = journal.intend_create(execution_id, TARGET)

    assert (again.target.generation, again.attempt) == (generation, attempt)
    assert again.target.identity == identity_of(scene.name, "urn:a", generation)


def test_result_and_state_are_written_together_or_not_at_all(scene: Scene, execution_id: int) -> None:
    journal = claimed(scene)
    intent = journal.intend_create(execution_id, TARGET)
    unstorable = replace(intent.target, id="x", outputs={"address": UNKNOWN})

    with pytest.raises(Failed):
        journal.close(intent, Ending.DONE, saves=[unstorable])
    assert [one.id for one in journal.open_intents()] == [intent.id]
    assert journal.state() == []


def test_an_intent_is_read_back_as_it_was_written(scene: Scene, execution_id: int) -> None:
    journal = claimed(scene)
    target = replace(TARGET, inputs={"password": Secret("hunter2")}, dependencies=("urn:b",))
    intent = journal.intend_create(execution_id, target)

    assert claimed(scene).open_intents() == [intent]
    assert "hunter2" not in str(scene.journal()[0].target)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
plain = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | texts
values = st.recursive(
    plain | plain.map(Secret), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
maps = st.dictionaries(texts, values, max_size=3)


@given(maps, maps, st.lists(texts, max_size=2), st.booleans())
def test_a_state_reads_back_equal(
    inputs: dict[str, object], outputs: dict[str, object], urns: list[str], flag: bool
) -> None:
    vault = Vault(b"0" * 43 + b"=")
    state = replace(
        TARGET,
        inputs=inputs,
        outputs=outputs,
        dependencies=tuple(urns),
        property_dependencies={"a": tuple(urns)},
        secret_outputs=tuple(urns),
        protect=flag,
    )
    assert storage.from_document(storage.to_document(state, vault), vault) == state


def test_another_vault_opens_nothing(vault: Vault) -> None:
    document = sealing.sealed({"a": Secret("x")}, vault)

    with pytest.raises(Failed):
        sealing.opened(document, Vault(b"1" * 43 + b"="))


def test_identities_differ_by_stack_urn_and_generation() -> None:
    made = {identity_of(stack, urn, number) for stack in "ab" for urn in "cd" for number in (1, 2)}

    assert len(made) == 8
    assert all(len(one) == 29 and one.startswith("yg-") and one == one.lower() for one in made)


def broken() -> Iterator[tuple[list[ResourceState], str]]:
    parent = replace(TARGET, urn="urn:p", id="p", position=1)
    child = replace(TARGET, id="a", parent="urn:p", position=2)
    yield [child], "is not there"
    yield [parent, replace(child, position=1)], "does not stand behind"
    yield [parent, child, replace(child, generation=2, id="b")], "2 live generations"
    yield [parent, child, replace(child, generation=2, pending_delete=True)], "2 rows hold"
    yield [parent, replace(child, id="")], "has no id"


@pytest.mark.parametrize(("states", "sentence"), list(broken()))
def test_a_broken_state_is_told(states: list[ResourceState], sentence: str) -> None:
    assert any(sentence in one for one in verify_integrity(states))


@given(st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9), max_size=3), max_size=10), st.integers(1, 4))
def test_work_is_done_once_all_before_it_is(graph: dict[int, set[int]], at_once: int) -> None:
    before = {key: {other for other in others if other < key and other in graph} for key, others in graph.items()}
    done: list[int] = []

    def work(key: int) -> bool:
        assert before[key] <= set(done)
        done.append(key)
        return True

    in_dependency_order(before, work, ThreadPoolExecutor(at_once), goes_on=lambda: True)
    assert sorted(done) == sorted(graph)


@pytest.mark.parametrize(("goes_on", "done"), [(True, ["aside"]), (False, [])])
def test_after_a_failure_nothing_that_comes_after_it_is_begun(goes_on: bool, done: list[str]) -> None:
    did: list[str] = []
    failed = threading.Event()

    def work(key: str) -> bool:
        if key == "bad":
            failed.set()
            return False
        did.append(key)
        return True

    before = {"bad": [], "after": ["bad"], "later": ["after"], "aside": []}
    in_dependency_order(before, work, ThreadPoolExecutor(1), goes_on=lambda: goes_on or not failed.is_set())

    assert did == done


def test_what_work_raises_is_not_lost() -> None:
    def work(_key: str) -> bool:
        raise Failed("no")

    with pytest.raises(Failed, match="no"):
        in_dependency_order({"a": [], "b": ["a"]}, work, ThreadPoolExecutor(2), goes_on=lambda: True)
