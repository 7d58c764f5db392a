"""Plans that are about some resources only: what they make, what they leave as it is, and what they refuse."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused, WrongUse
from controller.engine.applying import approval
from controller.engine.applying.execute import execute
from controller.engine.applying.outcome import Outcome
from controller.engine.applying.progress import Step
from controller.engine.plan import Op, Plan, Purpose
from controller.engine.planning.targets import Targets
from controller.engine.registration import Options, Program
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import LINK, Out, TestProgram, Want, changed
from tests.engine.scene import KillAt, Killed, Scene

A = Want("a", inputs={"cidr": "10.0.0.0/24", "name": "a"})
ON_A = Want("b", inputs={"cidr": "10.0.0.0/25", "name": Out("a")})
ASIDE = Want("x", inputs={"cidr": "10.1.0.0/24", "name": "x"})
ALL = TestProgram(A, ON_A, ASIDE)
NEW = TestProgram(changed(A, name="a2"), changed(ON_A, colour="blue"), changed(ASIDE, name="x2"))


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    return Scene(sessions, vault)


def planned(scene: Scene, program: Program | None, purpose: Purpose = Purpose.APPLY, /, **targets: object) -> Plan:
    return scene.plan(program, purpose, Targets(**targets))  # type: ignore[arg-type]


def carried_out(scene: Scene, plan: Plan, program: Program | None) -> Outcome:
    return execute(scene.means(), approval.start(scene.sessions, scene.approve(plan), scene.vault), program)


def done(scene: Scene, since: int) -> list[tuple[str, str]]:
    return [(row.op, row.urn.rsplit("::", 1)[1]) for row in scene.journal()[since:]]


@pytest.mark.parametrize(
    ("targets", "updated"),
    [
        ({"only": [A.urn]}, {"a"}),
        ({"only": [A.urn], "with_dependents": True}, {"a", "b"}),
        ({"only": ["**::b", ASIDE.urn]}, {"b", "x"}),
        ({"only": ["urn:pulumi:*::*::*:*:*$test:*:Net::x"]}, {"x"}),
        ({"excluded": [ASIDE.urn]}, {"a", "b"}),
        ({"excluded": [A.urn], "with_dependents": True}, {"x"}),
        ({"only": ["**"], "excluded": [A.urn]}, {"b", "x"}),
    ],
)
def test_only_what_is_targeted_is_changed(scene: Scene, targets: dict[str, object], updated: set[str]) -> None:
    scene.apply(ALL)
    plan = planned(scene, NEW, **targets)
    assert carried_out(scene, plan, NEW).state is ExecutionState.SUCCEEDED

    assert set(done(scene, 3)) == {("update", name) for name in updated}
    scene.assert_whole()
    assert {one.urn for one in scene.plan(NEW).operations if one.op is Op.UPDATE} == {
        want.urn for want in (A, ON_A, ASIDE) if want.name not in updated
    }


def test_what_is_new_and_not_targeted_is_left_out(scene: Scene) -> None:
    plan = planned(scene, ALL, only=[ASIDE.urn])

    assert plan.left_out == [A.urn, ON_A.urn]
    assert carried_out(scene, plan, ALL).state is ExecutionState.SUCCEEDED
    assert done(scene, 0) == [("create", "x")]
    assert scene.apply(ALL).state is ExecutionState.SUCCEEDED
    scene.assert_whole()


def test_a_target_that_needs_what_is_left_out_is_refused(scene: Scene) -> None:
    with pytest.raises(Refused, match=f"needs {A.urn}".replace("$", r"\$")):
        planned(scene, ALL, only=[ON_A.urn])


def test_a_target_that_names_nothing_is_refused(scene: Scene) -> None:
    with pytest.raises(WrongUse, match="no resource is called"):
        planned(scene, ALL, only=[A.urn, "**::nobody"])


def test_what_is_no_longer_registered_goes_only_if_it_is_targeted(scene: Scene) -> None:
    scene.apply(ALL)
    less = TestProgram(A)
    assert carried_out(scene, planned(scene, less, only=[ASIDE.urn]), less).state is ExecutionState.SUCCEEDED

    assert done(scene, 3) == [("delete", "x")]
    scene.assert_whole()
    assert [one.urn for one in scene.plan(less).operations if one.op is Op.DELETE] == [ON_A.urn]


def test_nothing_goes_from_under_what_is_not_targeted(scene: Scene) -> None:
    scene.apply(ALL)
    with pytest.raises(Refused, match="cannot be deleted without"):
        planned(scene, None, Purpose.DESTROY, only=[A.urn])
    with pytest.raises(Refused, match="cannot be deleted without"):
        planned(scene, TestProgram(changed(ON_A, name="alone")), only=[A.urn])


def test_nothing_is_replaced_under_what_is_not_targeted(scene: Scene) -> None:
    """The old one would go from under it at the end."""
    scene.apply(ALL)
    with pytest.raises(Refused, match="not among the targets"):
        planned(scene, ALL, anew=[A.urn], only=[A.urn])
    plan = planned(scene, ALL, anew=[A.urn], only=[A.urn], with_dependents=True)
    assert {one.urn for one in plan.operations if one.op is Op.REPLACE} >= {A.urn}


def test_a_part_is_destroyed_and_what_holds_the_rest_stays(scene: Scene) -> None:
    scene.apply(ALL)
    plan = planned(scene, None, Purpose.DESTROY, only=[A.urn], with_dependents=True)
    assert carried_out(scene, plan, None).state is ExecutionState.SUCCEEDED

    assert done(scene, 3) == [("delete", "b"), ("delete", "a")]
    assert {one.urn.rsplit("::", 1)[1] for one in scene.state()} == {"system", "x"}
    scene.assert_whole()
    assert scene.apply(None, Purpose.DESTROY).state is ExecutionState.SUCCEEDED
    assert scene.state() == []


def test_what_is_asked_for_anew_is_replaced_once_though_nothing_differs(scene: Scene) -> None:
    link = Want("l", LINK, {"left": Out("a"), "right": "r"})
    program = TestProgram(A, ASIDE, link)
    scene.apply(program)
    plan = planned(scene, program, anew=[A.urn])
    assert carried_out(scene, plan, program).state is ExecutionState.SUCCEEDED

    assert done(scene, 3) == [("create", "a"), ("delete", "l"), ("create", "l"), ("delete", "a")]
    scene.assert_whole()
    assert scene.plan(program).is_empty


@pytest.mark.parametrize("number", range(1, 5))
def test_killed_within_such_a_replace_it_is_not_replaced_twice(scene: Scene, number: int) -> None:
    program = TestProgram(A, ON_A)
    scene.apply(program)
    execution_id = approval.start(scene.sessions, scene.approve(planned(scene, program, anew=[A.urn])), scene.vault)
    try:
        execute(scene.means(KillAt(Step.CLOSED, number)), execution_id, program)
    except Killed:
        assert scene.resume(program).state is ExecutionState.SUCCEEDED
    assert done(scene, 2) == [("create", "a"), ("update", "b"), ("delete", "a")]
    scene.assert_whole()


def test_what_is_protected_is_not_made_anew(scene: Scene) -> None:
    program = TestProgram(Want("a", inputs=A.inputs, options=Options(protect=True)))
    scene.apply(program)
    with pytest.raises(Refused, match="protected"):
        planned(scene, program, anew=[A.urn])


def test_targets_are_part_of_the_digest(scene: Scene) -> None:
    key = scene.vault.hmac_key
    digests = {planned(scene, ALL, only=only).digest(key) for only in ([], [A.urn], [A.urn, ASIDE.urn])}
    assert len(digests) == 3
