"""Cinder: sources and sizes, what holds a volume in place, attachments, backups, transfer, quotas, pages, versions."""

from __future__ import annotations

from typing import Any

import pytest
from openstack import exceptions
from openstack.connection import Connection

from sandbox.cloud.process import RunningCloud
from tests.sandbox.conftest import Connect


def available(connection: Connection, **fields: Any) -> Any:
    """A volume that is available."""
    made = connection.block_storage.create_volume(**{"size": 1, **fields})
    return connection.block_storage.wait_for_status(made, "available", failures=["error"], interval=0.01, wait=5)


def refusal(connection: Connection, path: str, body: dict[str, Any], version: str = "3.70") -> tuple[int, str]:
    answer = connection.block_storage.post(path, json=body, microversion=version)
    return answer.status_code, next(iter(answer.json().values()))["message"]


def test_a_volume_of_an_image_is_bootable_and_large_enough(member: Connection) -> None:
    image = member.image.find_image("CentOS 7.9")
    volume = available(member, size=40, image_id=image.id, metadata={"yunguan": "x"}, volume_type="ssd")
    assert (volume.is_bootable, volume.volume_type, volume.metadata) == (True, "ssd", {"yunguan": "x"})
    assert volume.volume_image_metadata["image_id"] == image.id
    status, message = refusal(member, "/volumes", {"volume": {"size": 10, "imageRef": image.id}})
    assert status == 400
    assert "minDisk size 20GB" in message


@pytest.mark.parametrize(
    ("fields", "status", "match"),
    [
        ({"size": 0}, 400, "Invalid volume size"),
        ({"size": 1, "volume_type": "gold"}, 404, "could not be found"),
        ({"size": 1, "availability_zone": "az-none"}, 400, "Availability zone 'az-none' is invalid"),
        ({"size": 1, "imageRef": "no-such-image"}, 400, "Invalid image identifier"),
    ],
)
def test_a_wrong_volume_is_refused(member: Connection, fields: dict[str, Any], status: int, match: str) -> None:
    answered, message = refusal(member, "/volumes", {"volume": fields})
    assert (answered, match in message) == (status, True)
    assert list(member.block_storage.volumes()) == []


def test_a_volume_with_a_snapshot_stays_until_cascade(member: Connection) -> None:
    volume = available(member)
    member.block_storage.create_snapshot(volume_id=volume.id, name="s")
    with pytest.raises(exceptions.BadRequestException, match="have snapshots"):
        member.block_storage.delete_volume(volume)
    member.block_storage.delete(f"/volumes/{volume.id}?cascade=true")
    assert member.block_storage.find_volume(volume.id) is None
    assert list(member.block_storage.snapshots()) == []


def test_what_nova_attached_is_in_use_and_detached_through_nova(member: Connection) -> None:
    network = member.network.create_network(name="n")
    member.network.create_subnet(network_id=network.id, cidr="10.40.0.0/24", ip_version=4)
    image, flavor = member.image.find_image("cirros-0.6.2-x86_64-disk"), member.compute.find_flavor("m1.tiny")
    server = member.compute.create_server(
        name="s", image_id=image.id, flavor_id=flavor.id, networks=[{"uuid": network.id}]
    )
    member.compute.wait_for_server(server, interval=0.01, wait=5)
    volume = available(member)
    member.compute.create_volume_attachment(server, volume_id=volume.id)
    attached = member.block_storage.get_volume(volume.id)
    assert attached.status == "in-use"
    assert [each["server_id"] for each in attached.attachments] == [server.id]
    with pytest.raises(exceptions.BadRequestException, match="must be available"):
        member.block_storage.delete_volume(volume)
    with pytest.raises(exceptions.ConflictException, match="Compute API"):
        member.block_storage.delete_attachment(attached.attachments[0]["attachment_id"], ignore_missing=False)
    member.compute.delete_volume_attachment(server, volume.id)
    assert member.block_storage.get_volume(volume.id).status == "available"


def test_the_attachments_api_reserves_connects_and_completes(member: Connection) -> None:
    volume = available(member)
    attachment = member.block_storage.create_attachment(volume.id, connector=None, instance_id="some-server")
    assert member.block_storage.get_volume(volume.id).status == "reserved"
    member.block_storage.update_attachment(attachment, connector={"host": "h"})
    member.block_storage.complete_attachment(attachment)
    assert member.block_storage.get_volume(volume.id).status == "in-use"
    member.block_storage.delete_attachment(attachment)
    assert member.block_storage.get_volume(volume.id).status == "available"


def test_an_incremental_backup_holds_the_full_one(member: Connection) -> None:
    storage, volume = member.block_storage, available(member, size=2)
    assert refusal(member, "/backups", {"backup": {"volume_id": volume.id, "incremental": True}})[0] == 400
    full = storage.wait_for_status(
        storage.create_backup(volume_id=volume.id, metadata={"k": "v"}), interval=0.01, wait=5
    )
    top = storage.wait_for_status(
        storage.create_backup(volume_id=volume.id, is_incremental=True), interval=0.01, wait=5
    )
    assert storage.get_backup(full.id).has_dependent_backups
    with pytest.raises(exceptions.BadRequestException, match="Incremental backups exist"):
        storage.delete_backup(full)
    storage.delete_backup(top)
    storage.delete_backup(full)
    assert list(storage.backups()) == []


def test_a_backup_is_restored_into_a_new_volume_of_its_size(member: Connection) -> None:
    storage, volume = member.block_storage, available(member, size=3)
    backup = storage.wait_for_status(storage.create_backup(volume_id=volume.id), interval=0.01, wait=5)
    answer = storage.post(f"/backups/{backup.id}/restore", json={"restore": {"name": "again"}}).json()["restore"]
    restored = storage.get_volume(answer["volume_id"])
    assert (restored.name, restored.size, restored.status) == ("again", 3, "available")


def test_a_volume_changes_hands_with_its_key_only(member: Connection, connect: Connect) -> None:
    stranger, volume = connect("sandbox-alt"), available(member, name="gift")
    transfer = member.block_storage.create_transfer(volume_id=volume.id, name="t")
    assert member.block_storage.get_volume(volume.id).status == "awaiting-transfer"
    path = f"/volume-transfers/{transfer.id}/accept"
    wrong = stranger.block_storage.post(path, json={"accept": {"auth_key": "guess"}}, microversion="3.55")
    assert wrong.status_code == 400
    stranger.block_storage.post(path, json={"accept": {"auth_key": transfer.auth_key}}, microversion="3.55")
    assert stranger.block_storage.get_volume(volume.id).name == "gift"
    assert member.block_storage.find_volume(volume.id) is None


def test_growing_is_one_way(member: Connection) -> None:
    volume = available(member, size=2)
    member.block_storage.extend_volume(volume, 5)
    assert member.block_storage.get_volume(volume.id).size == 5
    with pytest.raises(exceptions.BadRequestException, match="greater than current size"):
        member.block_storage.extend_volume(volume, 5)


def test_a_volume_becomes_an_image(member: Connection) -> None:
    volume = available(member, size=2)
    answer = member.block_storage.upload_volume_to_image(volume, "from-volume", disk_format="raw")
    image = member.image.get_image(answer["image_id"])
    assert (image.status, image.min_disk, image.name) == ("active", 2, "from-volume")
    assert member.block_storage.get_volume(volume.id).status == "available"


def test_over_quota_is_413_with_cinders_words(member: Connection, admin: Connection) -> None:
    admin.block_storage.update_quota_set(member.current_project_id, volumes=1, gigabytes=10)
    status, message = refusal(member, "/volumes", {"volume": {"size": 11}})
    assert (status, "VolumeSizeExceedsAvailableQuota" in message) == (413, True)
    available(member)
    status, message = refusal(member, "/volumes", {"volume": {"size": 1}})
    assert (status, "VolumeLimitExceeded" in message) == (413, True)


def test_lists_come_in_linked_pages_of_one_project_or_all(cloud: RunningCloud, admin: Connection) -> None:
    order = {"projects": 2, "per_project": {"volume": 5}, "fields": {"volume": {"metadata": {"id": "{uuid}"}}}}
    cloud.ask("POST", "/seed", order)
    path, seen = "/volumes/detail?all_tenants=1&limit=3", []
    while path:
        page = admin.block_storage.get(path).json()
        seen += [volume["id"] for volume in page["volumes"]]
        path = next((link["href"] for link in page.get("volumes_links", ())), None)
    assert len(set(seen)) == len(seen) == 10
    assert admin.block_storage.get("/volumes/detail").json()["volumes"] == []
    wanted = admin.block_storage.get_volume(seen[0]).metadata["id"]
    found = admin.block_storage.get("/volumes/detail", params={"all_tenants": 1, "metadata": f"{{'id': '{wanted}'}}"})
    assert [volume["id"] for volume in found.json()["volumes"]] == [seen[0]]


def test_fields_come_with_the_microversion_that_brought_them(member: Connection) -> None:
    volume = available(member)
    old, new = (
        member.block_storage.get(f"/volumes/{volume.id}", microversion=version).json()["volume"]
        for version in ("3.0", "3.70")
    )
    assert new.keys() - old.keys() >= {"group_id", "service_uuid", "volume_type_id", "consumes_quota"}
    assert refusal(member, "/backups", {"backup": {"volume_id": volume.id, "metadata": {"a": "b"}}}, "3.42")[0] == 400
    assert member.block_storage.get("/volumes", microversion="3.99").status_code == 406


def test_a_volume_passes_through_its_states(cloud: RunningCloud, member: Connection) -> None:
    cloud.ask("POST", "/latency", {"latency": "held"})
    made = member.block_storage.create_volume(size=1)
    assert member.block_storage.get_volume(made.id).status == "creating"
    with pytest.raises(exceptions.BadRequestException, match="must be available"):
        member.block_storage.delete_volume(made)
    cloud.ask("POST", "/latency", {"latency": "zero"})
    assert member.block_storage.get_volume(made.id).status == "available"
    cloud.ask("POST", "/latency", {"latency": "held"})
    member.block_storage.delete_volume(made)
    assert member.block_storage.get_volume(made.id).status == "deleting"
    cloud.ask("POST", "/latency", {"latency": "zero"})
    assert member.block_storage.find_volume(made.id) is None
