"""A plan or a yes that was changed in the database starts nothing: a yes is to that very plan (invariant 1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from controller.clock import real_now
from controller.domain.errors import Refused
from controller.engine.applying import approval
from controller.engine.applying.approval import Person
from controller.engine.applying.execute import execute
from controller.engine.plan import Plan, Purpose
from controller.store.database import Sessions
from controller.store.engine import ApprovalRow, DecisionRow, ExecutionRow, ExecutionState, PlanRow
from controller.store.vault import Vault
from tests.engine.double import DISK as DISK_TYPE
from tests.engine.double import TestProgram, Want
from tests.engine.scene import Scene

PROGRAM = TestProgram(Want("a", inputs={"cidr": "10.0.0.0/24", "name": "a"}))


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def _forge(scene: Scene, *, key: bytes | None = None) -> int:
    """Changes every stored plan behind the controller's back; the id of the newest.

    With a `key` its digest, too, as somebody would who knows how digests are made, but not the home's key.
    """
    with scene.sessions.begin() as session:
        rows = session.scalars(select(PlanRow).order_by(PlanRow.id)).all()
        for row in rows:
            forged = {**row.document, "spec_digest": "forged"}
            session.execute(update(PlanRow).where(PlanRow.id == row.id).values(document=forged))
            if key is not None:
                digest = Plan.from_document(forged, scene.vault).digest(key)
                session.execute(update(PlanRow).where(PlanRow.id == row.id).values(digest=digest))
        return rows[-1].id


def test_a_forged_plan_is_not_approved(scene: Scene) -> None:
    scene.approve(scene.plan(PROGRAM))
    plan_id = _forge(scene)
    with pytest.raises(Refused, match="was changed after it was made"), scene.sessions.begin() as session:
        approval.approve(
            session, plan_id, by=Person("vendor"), ground="x", valid_for=timedelta(hours=1), vault=scene.vault
        )


def test_a_plan_that_was_forged_after_its_approval_is_not_started(scene: Scene) -> None:
    approval_id = scene.approve(scene.plan(PROGRAM))
    _forge(scene)
    with pytest.raises(Refused, match="was changed after it was made"):
        approval.start(scene.sessions, approval_id, scene.vault)


def test_the_same_plan_made_again_is_whole_and_its_yes_holds(scene: Scene) -> None:
    approval_id = scene.approve(scene.plan(PROGRAM))
    _forge(scene)
    with scene.sessions.begin() as session:
        session.execute(update(PlanRow).values(purpose=Purpose.DESTROY))
        approval.store(session, scene.stack_id, scene.plan(PROGRAM), scene.vault, spec_commit="c1")
    assert (
        execute(scene.means(), approval.start(scene.sessions, approval_id, scene.vault), PROGRAM).state == "succeeded"
    )


def test_nor_is_one_that_was_given_a_digest_without_the_homes_key(scene: Scene) -> None:
    approval_id = scene.approve(scene.plan(PROGRAM))
    _forge(scene, key=b"not the key")
    with pytest.raises(Refused, match="was changed after it was made"):
        approval.start(scene.sessions, approval_id, scene.vault)


def test_a_plan_that_is_forged_while_it_is_carried_out_is_not_taken_up(scene: Scene) -> None:
    execution_id = approval.start(scene.sessions, scene.approve(scene.plan(PROGRAM)), scene.vault)
    _forge(scene, key=b"not the key")
    with pytest.raises(Refused, match="was changed after it was made"):
        execute(scene.means(), execution_id, PROGRAM)
    assert not scene.cloud.things


def test_a_plan_whose_row_says_another_purpose_is_neither_approved_nor_started(scene: Scene) -> None:
    approval_id = scene.approve(scene.plan(PROGRAM))
    plan_id = _plan_of(scene, approval_id)
    with scene.sessions.begin() as session:
        session.execute(update(PlanRow).values(purpose=Purpose.DESTROY))
    with pytest.raises(Refused, match="was changed after it was made"):
        approval.start(scene.sessions, approval_id, scene.vault)
    with pytest.raises(Refused, match="was changed after it was made"), scene.sessions.begin() as session:
        approval.approve(
            session, plan_id, by=Person("vendor"), ground="x", valid_for=timedelta(hours=1), vault=scene.vault
        )


OTHER = TestProgram(Want("b", inputs={"cidr": "10.0.0.0/24", "name": "b"}))


def _plan_of(scene: Scene, approval_id: int) -> int:
    with scene.sessions() as session:
        return session.get_one(ApprovalRow, approval_id).plan_id


def _change(scene: Scene, approval_id: int, **values: Any) -> None:
    with scene.sessions.begin() as session:
        session.execute(update(ApprovalRow).where(ApprovalRow.id == approval_id).values(**values))


def test_a_yes_that_was_pointed_at_another_genuine_plan_is_void(scene: Scene) -> None:
    given, other = scene.approve(scene.plan(PROGRAM)), scene.approve(scene.plan(OTHER))
    _change(scene, given, plan_id=_plan_of(scene, other))
    with pytest.raises(Refused, match="the approval is void: it is not as it was given"):
        approval.start(scene.sessions, given, scene.vault)


@pytest.mark.parametrize(
    "values",
    [{"approver": "somebody"}, {"ground": "case 2"}, {"expires_at": real_now() + timedelta(days=99)}, {"mac": ""}],
    ids=["person", "ground", "term", "mark"],
)
def test_so_is_one_of_which_anything_was_changed(scene: Scene, values: dict[str, Any]) -> None:
    given = scene.approve(scene.plan(PROGRAM))
    _change(scene, given, **values)
    with pytest.raises(Refused, match="it is not as it was given"):
        approval.start(scene.sessions, given, scene.vault)
    with pytest.raises(Refused, match="the approval is void"):
        approval.start(scene.sessions, given, scene.vault)


def test_an_execution_that_was_pointed_at_another_genuine_plan_is_not_taken_up(scene: Scene) -> None:
    given, other = scene.approve(scene.plan(PROGRAM)), scene.approve(scene.plan(OTHER))
    execution_id = approval.start(scene.sessions, given, scene.vault)
    with scene.sessions.begin() as session:
        elsewhere = update(ExecutionRow).where(ExecutionRow.id == execution_id)
        session.execute(elsewhere.values(plan_id=_plan_of(scene, other)))
    with pytest.raises(Refused, match="it is not what was started"):
        execute(scene.means(), execution_id, OTHER)
    assert not scene.cloud.things


DISK = Want("disk", DISK_TYPE, {"size": 10, "medium": "ssd"})


def test_a_decision_that_nobody_took_gives_up_no_data(scene: Scene) -> None:
    scene.apply(TestProgram(DISK))
    execution_id = scene.start(TestProgram(), gives_up=[DISK.urn])
    with scene.sessions.begin() as session:
        session.execute(update(DecisionRow).values(person="somebody"))
    outcome = execute(scene.means(), execution_id, TestProgram())
    assert "no person decided" in next(iter(outcome.failures.values()))
    assert scene.row(DISK.urn).id in scene.cloud.things
    assert scene.apply(TestProgram(), gives_up=[DISK.urn]).state is ExecutionState.SUCCEEDED
    assert not scene.cloud.things
