"""What is left of a destroyed system, on the simulated cloud: all is listed, and found by identity, id and tag.

A cloud that says of a delete that it was done and does nothing is the double in memory.
"""

from __future__ import annotations

import pytest

from controller.domain.errors import WrongUse
from controller.engine.plan import Purpose
from controller.engine.provider import Incomplete
from controller.engine.registration import Options
from controller.reconcile.leftovers import STACK_TAG, Leftovers, look_for
from controller.store.database import Sessions
from controller.store.engine import ExecutionState, Provisioning
from controller.store.vault import Vault
from tests.engine.double import NET, TestProgram, Want
from tests.engine.scene import Scene
from tests.reconcile.site import Site

INSTANCE, VOLUME = "openstack:compute/instance:Instance", "openstack:blockstorage/volume:Volume"


def looked(site: Site, stack_id: int) -> Leftovers:
    return look_for(site.reconciler.means, [site.stack(stack_id).name])


def left(found: Leftovers) -> dict[str, list[str]]:
    return {one.type: list(one.left) for one in found.looked if one.left}


def destroyed(site: Site) -> int:
    """A system that was taken back as approved."""
    stack_id = site.applied()
    site.end(stack_id)
    site.approve(site.plan(stack_id)[0])
    site.look(stack_id)
    assert site.stack(stack_id).provisioning == Provisioning.ENDED
    return stack_id


@pytest.mark.rule("LZ-21-7")
def test_after_a_reclaim_every_kind_was_listed_and_nothing_is_left(site: Site) -> None:
    found = looked(site, destroyed(site))
    assert found.nothing
    assert [one.type for one in found.looked] == [kind.token for kind in site.provider.kinds()]
    assert sum(one.objects for one in found.looked) > 0, "what belongs to others was seen"


def test_while_it_stands_all_of_it_is_left(site: Site) -> None:
    stack_id = site.applied()
    found = left(looked(site, stack_id))
    for row in site.resources(stack_id):
        assert row.physical_id in found[row.type], row.urn


@pytest.mark.rule("LZ-21-7")
@pytest.mark.breaks
def test_what_came_back_is_found_by_its_tag(site: Site) -> None:
    stack_id = destroyed(site)
    name = site.stack(stack_id).name
    volume = site.hand.block_storage.create_volume(name="again", size=1, metadata={STACK_TAG: name})
    other = site.hand.block_storage.create_volume(name="other", size=1, metadata={STACK_TAG: f"{name}-2"})
    found = looked(site, stack_id)
    assert left(found) == {VOLUME: [volume.id]}
    assert not found.nothing
    assert other.id not in left(found)[VOLUME]


@pytest.mark.rule("LZ-21-7")
@pytest.mark.breaks
def test_what_was_imported_and_outlived_its_delete_is_left(sessions: Sessions, vault: Vault) -> None:
    scene = Scene(sessions, vault)
    inputs = {"cidr": "1", "size": 1, "colour": "grey"}
    imported = scene.cloud.make(NET, inputs, identity="")
    scene.apply(TestProgram(Want("host", inputs=inputs, options=Options(import_id=imported))))
    scene.cloud.faults["delete"] = ["ignored"]
    assert scene.apply(None, Purpose.DESTROY).state is ExecutionState.SUCCEEDED
    assert scene.state() == []
    assert left(look_for(scene.means(), [scene.name])) == {NET: [imported]}


@pytest.mark.rule("LZ-21-7", "LZ-26b")
@pytest.mark.breaks
@pytest.mark.parametrize("path", ["/servers/detail", "/volumes/detail"])
def test_a_list_that_cannot_be_read_proves_nothing(site: Site, path: str) -> None:
    stack_id = destroyed(site)
    service = "compute" if "servers" in path else "volume"
    site.fault("status", status=500, service=service, method="GET", path=path, count=None)
    with pytest.raises(Incomplete) as incomplete:
        looked(site, stack_id)
    assert incomplete.value.exit_code == 3
    site.end_faults()
    assert looked(site, stack_id).nothing


def test_a_stack_that_is_not_known_is_wrong_use(site: Site) -> None:
    with pytest.raises(WrongUse):
        look_for(site.reconciler.means, ["no/such/stack.gov"])
