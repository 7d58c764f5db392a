"""A plan that was changed in the database is neither approved nor started: a yes is to that very plan (invariant 1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from controller.domain.errors import Refused
from controller.engine.applying import approval
from controller.engine.applying.approval import Person
from controller.engine.applying.execute import execute
from controller.engine.plan import Plan
from controller.store.database import Sessions
from controller.store.engine import PlanRow
from controller.store.vault import Vault
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
