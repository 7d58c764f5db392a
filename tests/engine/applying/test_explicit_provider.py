"""Resources of an explicit provider: every call about them goes to its cloud, also when the program is gone."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused
from controller.engine.applying.progress import Step
from controller.engine.plan import Op, Purpose
from controller.store.database import Sessions
from controller.store.engine import ExecutionState
from controller.store.vault import Vault
from tests.engine.double import DISK, PROVIDER, TestProgram, Want, changed
from tests.engine.scene import KillAt, Killed, Scene

OTHER = Want("p", PROVIDER, {"cloud": "other"})
FAR = Want("far", inputs={"cidr": "10.0.0.0/24"}, provider="p")
NEAR = Want("near", inputs={"cidr": "10.0.0.0/24"})


@pytest.fixture
def scene(sessions: Sessions, vault: Vault) -> Scene:
    scene = Scene(sessions, vault)
    scene.other_cloud()
    return scene


def names_on(scene: Scene, cloud: str) -> list[str]:
    return sorted(one.urn.rpartition("::")[2] for one in scene.state() if one.cloud == cloud)


def assert_each_on_its_cloud(scene: Scene) -> None:
    for cloud in ("double", "other"):
        held = {one.id for one in scene.state() if one.cloud == cloud and not one.missing}
        assert held == set(scene.provider.cloud(cloud).things)
    scene.assert_whole()


def test_it_is_made_changed_and_removed_on_the_cloud_of_its_provider(scene: Scene) -> None:
    scene.apply(TestProgram(OTHER, FAR, NEAR))
    assert (names_on(scene, "other"), names_on(scene, "double")) == (["far"], ["near"])
    assert_each_on_its_cloud(scene)

    scene.apply(TestProgram(OTHER, changed(FAR, size=2), NEAR))
    [far] = scene.provider.cloud("other").things.values()
    assert far.inputs["size"] == 2

    before = len(scene.provider.cloud("other").calls)
    scene.apply(TestProgram(OTHER, changed(FAR, size=2), NEAR))
    assert len(scene.provider.cloud("other").calls) == before

    scene.apply(None, Purpose.DESTROY)
    assert not scene.provider.cloud("other").things
    assert not scene.state()


def test_a_provider_is_a_row_without_a_call_whose_id_stays(scene: Scene) -> None:
    scene.apply(TestProgram(OTHER))
    first = scene.row(OTHER.urn)
    scene.apply(TestProgram(OTHER, FAR))
    assert scene.row(OTHER.urn) == first
    assert first.id
    assert [call.type for call in scene.provider.cloud("other").calls] == [FAR.type]
    assert scene.row(FAR.urn).provider == f"{OTHER.urn}::{first.id}"


def test_a_plan_says_on_which_cloud_and_its_digest_covers_that(scene: Scene) -> None:
    plan = scene.plan(TestProgram(OTHER, FAR, NEAR))
    assert {urn: one.cloud for urn, one in plan.by_urn.items() if one.cloud} == {FAR.urn: "other", NEAR.urn: "double"}
    key = scene.vault.hmac_key
    elsewhere = scene.plan(TestProgram(changed(OTHER, cloud="third"), FAR, NEAR))
    assert elsewhere.digest(key) != plan.digest(key)


def test_another_cloud_of_the_provider_replaces_what_hangs_on_it(scene: Scene) -> None:
    scene.apply(TestProgram(OTHER, FAR))
    moved = TestProgram(changed(OTHER, cloud="double"), FAR)
    plan = scene.plan(moved)
    assert [plan.by_urn[one.urn].op for one in (OTHER, FAR)] == [Op.REPLACE, Op.REPLACE]
    assert plan.by_urn[FAR.urn].diff["provider"].new == "double"

    assert scene.apply(moved).state is ExecutionState.SUCCEEDED

    assert (names_on(scene, "other"), names_on(scene, "double")) == ([], ["far"])
    assert_each_on_its_cloud(scene)


def test_a_provider_of_the_stacks_own_cloud_replaces_nothing(scene: Scene) -> None:
    scene.apply(TestProgram(NEAR))
    own = Want("own", PROVIDER, {"cloud": "double"})
    plan = scene.plan(TestProgram(own, Want("near", inputs=NEAR.inputs, provider="own")))
    assert plan.by_urn[NEAR.urn].op is Op.SAME


@pytest.mark.parametrize("fault", ["lose_after", "late", "lose_before"])
def test_a_lost_reply_is_resolved_on_the_same_cloud(scene: Scene, fault: str) -> None:
    scene.provider.cloud("other").faults["create"] = [fault]
    assert scene.apply(TestProgram(OTHER, FAR)).state is ExecutionState.SUCCEEDED
    assert_each_on_its_cloud(scene)


@pytest.mark.parametrize("step", [Step.INTENDED, Step.CALLED])
def test_after_a_crash_the_provider_and_what_hangs_on_it_are_there_once(scene: Scene, step: Step) -> None:
    for countdown in (1, 2):
        program = TestProgram(OTHER, FAR)
        with pytest.raises(Killed):
            scene.apply(program, progress=KillAt(step, countdown, Op.CREATE))
        outcome = scene.resume(program)
        assert outcome.state is ExecutionState.SUCCEEDED
        assert_each_on_its_cloud(scene)
        scene.apply(None, Purpose.DESTROY)


def test_what_bears_data_is_not_moved_without_a_decision_and_its_leftover_goes_from_its_own_cloud(scene: Scene) -> None:
    disk = Want("disk", DISK, {"size": 1, "medium": "ssd"}, provider="p")
    scene.apply(TestProgram(OTHER, disk))
    moved = TestProgram(changed(OTHER, cloud="double"), disk)
    with pytest.raises(Refused, match="bear data"):
        scene.apply(moved)
    scene.apply(moved, gives_up=[disk.urn])
    assert_each_on_its_cloud(scene)
    assert not scene.provider.cloud("other").things


@pytest.mark.parametrize(
    ("inputs", "named"),
    [({}, "cloud"), ({"cloud": "other", "authUrl": "http://x"}, "authUrl"), ({"cloud": 7}, "cloud")],
)
def test_other_settings_of_a_provider_are_refused_by_name(scene: Scene, inputs: dict[str, object], named: str) -> None:
    with pytest.raises(Refused, match=named):
        scene.plan(TestProgram(Want("p", PROVIDER, inputs)))


def test_the_plugins_own_settings_are_passed_over(scene: Scene) -> None:
    scene.apply(TestProgram(changed(OTHER, version="3.4.1", pluginDownloadURL="http://x")))
    assert scene.row(OTHER.urn).inputs == {"cloud": "other"}
