"""Nova: what a create checks and takes, what a server may do, what its end leaves, and who may see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from openstack import exceptions
from openstack.connection import Connection

from tests.sandbox.conftest import Connect


@dataclass(frozen=True)
class Site:
    """A member with what their servers need."""

    connection: Connection
    network_id: str
    image_id: str
    tiny: str

    def server(self, name: str = "s", **fields: Any) -> Any:
        """A server that is ACTIVE."""
        wanted = {"image_id": self.image_id, "flavor_id": self.tiny, "networks": [{"uuid": self.network_id}], **fields}
        made = self.connection.compute.create_server(name=name, **wanted)
        return self.connection.compute.wait_for_server(made, interval=0.01, wait=5)

    def refused(self, match: str, **fields: Any) -> exceptions.HttpException:
        """The refusal of a create, which must leave nothing."""
        with pytest.raises(exceptions.HttpException, match=match) as caught:
            self.server(**fields)
        assert list(self.connection.compute.servers()) == []
        assert [port for port in self.connection.network.ports() if port.device_owner.startswith("compute")] == []
        return caught.value


@pytest.fixture
def site(member: Connection) -> Site:
    """The project `demo` with a network of its own."""
    network = member.network.create_network(name="net")
    member.network.create_subnet(network_id=network.id, cidr="10.20.0.0/24", ip_version=4)
    image = member.image.find_image("cirros-0.6.2-x86_64-disk")
    return Site(member, network.id, image.id, member.compute.find_flavor("m1.tiny").id)


def test_a_server_shows_what_it_was_made_with(site: Site) -> None:
    server = site.server(name="App 1", metadata={"identity": "x1"}, tags=["billed"], description="三号机")
    assert server.status == "ACTIVE"
    assert server.metadata == {"identity": "x1"}
    assert server.tags == ["billed"]
    assert server.description == "三号机"
    assert server.hostname == "app-1"
    assert server.flavor.original_name == "m1.tiny"
    assert server.addresses["net"][0]["addr"].startswith("10.20.0.")


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"flavor_id": "none"}, "Flavor none could not be found"),
        ({"image_id": "none"}, "Can not find requested image"),
        ({"image_id": None}, "Invalid imageRef"),
        ({"key_name": "none"}, "Invalid key_name"),
        ({"availability_zone": "mars"}, "availability zone is not available"),
        ({"networks": [{"uuid": "none"}]}, "could not be found"),
        ({"networks": [{"port": "none"}]}, "could not be found"),
        ({"scheduler_hints": {"group": "none"}}, "Instance group none could not be found"),
        ({"name": " "}, "name"),
        ({"name": "n" * 256}, "name"),
    ],
)
def test_a_create_that_cannot_be_is_refused_and_leaves_nothing(site: Site, fields: dict[str, Any], match: str) -> None:
    assert site.refused(match, **fields).status_code == 400


def test_a_refusal_of_a_later_network_releases_the_earlier_one(site: Site) -> None:
    site.refused("could not be found", networks=[{"uuid": site.network_id}, {"port": "none"}])


def test_a_flavor_without_disk_boots_from_volumes_only(site: Site) -> None:
    flavor = site.connection.compute.find_flavor("yg.c2m4")
    assert (flavor.vcpus, flavor.ram, flavor.disk) == (2, 4096, 0)
    assert site.refused("zero disk", flavor_id=flavor.id).status_code == 403


def test_an_image_needs_its_memory_and_disk(site: Site) -> None:
    windows = site.connection.image.find_image("Windows Server 2019")
    medium = site.connection.compute.find_flavor("m1.medium")
    site.refused("memory is too small", image_id=windows.id)
    site.refused("disk is too small", image_id=windows.id, flavor_id=medium.id)


def test_quota_is_refused_with_403_and_counts_what_lives(site: Site, admin: Connection) -> None:
    admin.compute.update_quota_set(site.connection.current_project_id, instances=1)
    first = site.server()
    with pytest.raises(exceptions.ForbiddenException, match="Quota exceeded for instances: Requested 1"):
        site.server(name="second")
    site.connection.compute.delete_server(first)
    assert site.server(name="second").status == "ACTIVE"


def test_an_end_frees_given_ports_and_removes_made_ones(site: Site) -> None:
    network = site.connection.network
    given = network.create_port(network_id=site.network_id, name="given")
    server = site.server(networks=[{"port": given.id}, {"uuid": site.network_id}])
    ports = {port.id for port in network.ports(device_id=server.id)}
    assert given.id in ports
    assert len(ports) == 2
    site.connection.compute.delete_server(server)
    left = [port.id for port in network.ports() if port.id in ports]
    assert left == [given.id]
    assert network.get_port(given.id).device_id == ""


def test_a_port_serves_one_server(site: Site) -> None:
    port = site.connection.network.create_port(network_id=site.network_id)
    site.server(networks=[{"port": port.id}])
    with pytest.raises(exceptions.ConflictException, match="in use"):
        site.server(name="other", networks=[{"port": port.id}])


def test_volumes_given_are_kept_and_volumes_to_end_end(site: Site) -> None:
    storage = site.connection.block_storage
    kept = storage.create_volume(size=2, name="kept")
    flavor = site.connection.compute.find_flavor("yg.c1m1").id
    mappings = [
        {"source_type": "image", "uuid": site.image_id, "destination_type": "volume", "volume_size": 5,
         "boot_index": 0, "delete_on_termination": True},
        {"source_type": "volume", "uuid": kept.id, "destination_type": "volume", "boot_index": -1},
    ]  # fmt: skip
    server = site.server(flavor_id=flavor, block_device_mapping=mappings)
    assert len(server.attached_volumes) == 2
    assert storage.get_volume(kept.id).status == "in-use"
    root = next(volume.id for volume in server.attached_volumes if volume.id != kept.id)
    assert storage.get_volume(root).size == 5
    with pytest.raises(exceptions.HttpException):
        storage.delete_volume(kept.id)
    site.connection.compute.delete_server(server)
    assert storage.get_volume(kept.id).status == "available"
    assert [volume.id for volume in storage.volumes()] == [kept.id]


def test_anti_affinity_spreads_and_ends_in_error_when_hosts_run_out(site: Site) -> None:
    compute = site.connection.compute
    group = compute.create_server_group(name="g", policy="anti-affinity")
    hosts = set()
    for number in range(8):
        server = site.server(name=f"s{number}", scheduler_hints={"group": group.id})
        hosts.add(server.host_id)
    assert len(hosts) == 8
    assert len(compute.get_server_group(group.id).member_ids) == 8
    with pytest.raises(exceptions.ResourceFailure):
        site.server(name="ninth", scheduler_hints={"group": group.id})
    failed = compute.find_server("ninth", details=True)
    assert failed.status == "ERROR"
    assert "No valid host" in failed.fault["message"]
    for server in compute.servers():
        compute.delete_server(server)
    assert compute.get_server_group(group.id).member_ids == []


def test_resize_is_confirmed_or_taken_back(site: Site) -> None:
    compute = site.connection.compute
    server = site.server()
    small = compute.find_flavor("m1.small").id
    for settle, flavor in ((compute.revert_server_resize, "m1.tiny"), (compute.confirm_server_resize, "m1.small")):
        compute.resize_server(server, small)
        assert compute.get_server(server).status == "VERIFY_RESIZE"
        settle(server)
        server = compute.get_server(server)
        assert (server.status, server.flavor.original_name) == ("ACTIVE", flavor)
    with pytest.raises(exceptions.BadRequestException, match="must change flavor"):
        compute.resize_server(server, small)


@pytest.mark.parametrize(
    ("do", "status", "undo"),
    [
        ("stop_server", "SHUTOFF", "start_server"),
        ("pause_server", "PAUSED", "unpause_server"),
        ("suspend_server", "SUSPENDED", "resume_server"),
        ("shelve_server", "SHELVED_OFFLOADED", "unshelve_server"),
        ("rescue_server", "RESCUE", "unrescue_server"),
    ],
)
def test_actions_lead_there_and_back_and_not_from_elsewhere(site: Site, do: str, status: str, undo: str) -> None:
    compute = site.connection.compute
    server = site.server()
    with pytest.raises(exceptions.ConflictException, match="while it is in"):
        getattr(compute, undo)(server)
    getattr(compute, do)(server)
    assert compute.get_server(server).status == status
    getattr(compute, undo)(server)
    assert compute.get_server(server).status == "ACTIVE"


def test_a_locked_server_is_the_administrators_to_touch(site: Site, admin: Connection) -> None:
    compute = site.connection.compute
    server = site.server()
    compute.lock_server(server, locked_reason="审计")
    assert compute.get_server(server).locked_reason == "审计"
    for touch in (compute.stop_server, compute.delete_server):
        with pytest.raises(exceptions.ConflictException, match="is locked"):
            touch(server)
    admin.compute.stop_server(server.id)
    compute.unlock_server(server)
    compute.delete_server(server)


def test_another_project_sees_nothing_of_it(site: Site, connect: Connect) -> None:
    server = site.server()
    other = connect("sandbox-alt")
    assert list(other.compute.servers()) == []
    for touch in (other.compute.get_server, other.compute.stop_server):
        with pytest.raises(exceptions.NotFoundException):
            touch(server.id)
    with pytest.raises(exceptions.ForbiddenException):
        list(other.compute.servers(all_projects=True))


def test_changes_since_lists_the_deleted_too(site: Site) -> None:
    compute = site.connection.compute
    gone, alive = site.server(name="gone"), site.server(name="alive")
    compute.delete_server(gone)
    assert [server.id for server in compute.servers()] == [alive.id]
    changed = {server.id: server.status for server in compute.servers(changes_since="2020-01-01T00:00:00Z")}
    assert changed == {gone.id: "DELETED", alive.id: "ACTIVE"}
    assert list(compute.servers(changes_since="2099-01-01T00:00:00Z")) == []


def test_filters(site: Site) -> None:
    compute = site.connection.compute
    one, two = site.server(name="web-1", tags=["a"]), site.server(name="web-2", tags=["a", "b"])
    compute.stop_server(two)
    ids = {one.id: 1, two.id: 2}
    for query, expected in (
        ({"name": "web"}, {1, 2}),
        ({"name": "web-2"}, {2}),
        ({"status": "SHUTOFF"}, {2}),
        ({"tags": "a"}, {1, 2}),
        ({"not_tags": "b"}, {1}),
        ({"image": site.image_id}, {1, 2}),
        ({"flavor": "5"}, set()),
        ({"ip": one.addresses["net"][0]["addr"]}, {1}),
    ):
        assert {ids[server.id] for server in compute.servers(**query)} == expected, query


@pytest.mark.parametrize(
    ("version", "has", "has_not"),
    [
        ("2.1", {"id", "flavor"}, {"locked", "description", "tags"}),
        ("2.9", {"locked"}, {"description"}),
        ("2.19", {"description"}, {"tags"}),
        ("2.26", {"tags"}, {"trusted_image_certificates"}),
        ("2.71", {"server_groups"}, {"locked_reason"}),
        ("2.96", {"locked_reason", "pinned_availability_zone"}, set()),
    ],
)
def test_a_microversion_shapes_the_server(site: Site, version: str, has: set[str], has_not: set[str]) -> None:
    server = site.server()
    answer = site.connection.compute.get(f"/servers/{server.id}", microversion=version)
    body = answer.json()["server"]
    assert has <= set(body)
    assert not has_not & set(body)
    assert ("original_name" in body["flavor"]) is (tuple(map(int, version.split("."))) >= (2, 47))
    assert answer.headers["OpenStack-API-Version"] == f"compute {version}"


def test_a_microversion_that_is_not_spoken_is_refused(member: Connection) -> None:
    answer = member.compute.get("/servers", headers={"OpenStack-API-Version": "compute 2.999"}, raise_exc=False)
    assert answer.status_code == 406


def test_volumes_come_and_go_while_the_server_lives(site: Site) -> None:
    compute, storage = site.connection.compute, site.connection.block_storage
    server, volume = site.server(), storage.create_volume(size=1)
    attachment = compute.create_volume_attachment(server, volume)
    assert attachment.device == "/dev/vdb"
    assert attachment.volume_id == volume.id
    assert storage.get_volume(volume).status == "in-use"
    compute.delete_volume_attachment(server, volume)
    assert storage.get_volume(volume).status == "available"
    assert list(compute.volume_attachments(server)) == []


def test_interfaces_come_and_go_while_the_server_lives(site: Site) -> None:
    compute, network = site.connection.compute, site.connection.network
    server = site.server(networks="none")
    made = compute.create_server_interface(server, net_id=site.network_id)
    given = network.create_port(network_id=site.network_id)
    compute.create_server_interface(server, port_id=given.id)
    assert {one.port_id for one in compute.server_interfaces(server)} == {made.port_id, given.id}
    for port_id in (made.port_id, given.id):
        compute.delete_server_interface(port_id, server)
    assert network.find_port(made.port_id) is None
    assert network.get_port(given.id).device_id == ""


def test_a_key_is_given_or_made(site: Site) -> None:
    compute = site.connection.compute
    public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC/r8Wvorr2cpOTX6/koKFbSGMW3wDzb4NOsC1ixmImp me"
    assert compute.create_keypair(name="given", public_key=public).private_key is None
    made = compute.post("/os-keypairs", json={"keypair": {"name": "made"}}, microversion="2.10").json()["keypair"]
    assert "PRIVATE KEY" in made["private_key"]
    assert made["public_key"].startswith("ssh-rsa ")
    assert {key.name for key in compute.keypairs()} == {"given", "made"}
    with pytest.raises(exceptions.ConflictException):
        compute.create_keypair(name="given", public_key=public)
    with pytest.raises(exceptions.BadRequestException):
        compute.create_keypair(name="bad", public_key="no key at all")
    assert site.server(key_name="given").key_name == "given"


def test_several_servers_are_made_by_one_call(site: Site) -> None:
    body = {"name": "m", "imageRef": site.image_id, "flavorRef": site.tiny, "networks": "none", "max_count": 3}
    site.connection.compute.post("/servers", json={"server": body}, microversion="2.52")
    assert {server.name for server in site.connection.compute.servers()} == {"m-1", "m-2", "m-3"}


def test_what_was_done_to_a_server_is_recorded(site: Site) -> None:
    compute = site.connection.compute
    server = site.server()
    compute.stop_server(server)
    assert [action.action for action in compute.server_actions(server)] == ["stop", "create"]


def test_an_image_of_a_server(site: Site) -> None:
    image = site.connection.compute.create_server_image(site.server(), "snap", wait=True)
    assert site.connection.image.get_image(image.id).status == "active"
