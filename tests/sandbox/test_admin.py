"""The admin port: seeds by the thousand, raw objects, counts, reset, latency."""

from __future__ import annotations

import time

import openstack
import pytest
from openstack.connection import Connection

from sandbox.cloud.process import CloudError, RunningCloud

PATIENCE_SECONDS = 10.0


def test_a_seed_makes_what_was_ordered_with_identities_from_templates(cloud: RunningCloud, admin: Connection) -> None:
    made = cloud.ask(
        "POST",
        "/seed",
        {
            "projects": 3,
            "per_project": {"server": 4, "server_group": 1},
            "fields": {"server": {"name": "m{index}-{n}", "metadata": {"identity": "{uuid}", "project": "{project}"}}},
        },
    )
    assert made["objects"] == {"server": 12, "server_group": 3}
    servers = list(admin.compute.servers(all_projects=True))
    assert {server.name for server in servers} == {f"m{index}-{n}" for index in range(3) for n in range(4)}
    assert {server.status for server in servers} == {"ACTIVE"}
    assert len({server.metadata["identity"] for server in servers}) == 12
    assert {server.metadata["project"] for server in servers} == set(made["projects"])
    assert {server.project_id for server in servers} == set(made["projects"])


def test_a_seed_fills_projects_that_are_there(cloud: RunningCloud, member: Connection) -> None:
    cloud.ask("POST", "/seed", {"projects": [member.current_project_id], "per_project": {"server": 2}})
    assert len(list(member.compute.servers())) == 2


@pytest.mark.parametrize(
    "order",
    [[], {"per_project": {"unicorn": 1}}, {"per_project": {"server": 1}, "fields": {"server": {"name": "{colour}"}}}],
)
def test_an_order_that_cannot_be_is_refused(cloud: RunningCloud, order: object) -> None:
    with pytest.raises(CloudError):
        cloud.ask("POST", "/seed", order)


def test_a_thousand_servers_a_page_cover_a_fleet(cloud: RunningCloud, admin: Connection) -> None:
    cloud.ask("POST", "/seed", {"projects": 7, "per_project": {"server": 500}})
    cloud.ask("DELETE", "/counts")
    url, ids = "/servers/detail?all_tenants=1&limit=1000", []
    while url:
        body = admin.compute.get(url, microversion="2.96").json()
        ids += [server["id"] for server in body["servers"]]
        url = body.get("servers_links", [{"href": ""}])[0]["href"]
    assert len(ids) == len(set(ids)) == 3500
    calls = {(one["service"], one["method"]): one["count"] for one in cloud.ask("GET", "/counts")["calls"]}
    assert calls["compute", "GET"] == 4


def test_counts_tell_service_method_and_project(cloud: RunningCloud, member: Connection) -> None:
    member.compute.create_server_group(name="g", policy="anti-affinity")
    cloud.ask("DELETE", "/counts")
    member.compute.create_server_group(name="h", policy="anti-affinity")
    list(member.compute.server_groups())
    counts = cloud.ask("GET", "/counts")
    project = member.current_project_id
    assert {"service": "compute", "method": "POST", "project": project, "count": 1} in counts["calls"]
    assert {"service": "compute", "method": "GET", "project": project, "count": 1} in counts["calls"]
    assert counts["mutating"] == 1
    assert counts["total"] == 2


def test_a_reset_leaves_nothing_and_keeps_who_may_log_in(cloud: RunningCloud, member: Connection) -> None:
    boot = cloud.ask("GET", "/status")["objects"]
    member.compute.create_server_group(name="g", policy="anti-affinity")
    cloud.ask("POST", "/seed", {"projects": 2, "per_project": {"server": 50}})
    cloud.ask("POST", "/faults", {"action": "latency", "count": None})
    cloud.ask("POST", "/reset")
    assert cloud.ask("GET", "/status")["objects"] == boot
    assert cloud.ask("GET", "/faults") == []
    assert cloud.ask("GET", "/counts")["total"] == 0
    assert list(member.compute.server_groups()) == []


def test_objects_of_a_kind_are_shown_raw_and_filtered(cloud: RunningCloud) -> None:
    assert [one["name"] for one in cloud.ask("GET", "/objects?kind=project&name=demo")] == ["demo"]
    with pytest.raises(CloudError, match="kind must be one of"):
        cloud.ask("GET", "/objects?kind=unicorn")


def test_with_realistic_latency_a_server_is_built_while_one_looks(cloud: RunningCloud, member: Connection) -> None:
    cloud.ask("POST", "/latency", {"latency": "realistic"})
    image = member.image.find_image("cirros-0.6.2-x86_64-disk")
    flavor = member.compute.find_flavor("m1.tiny")
    server = member.compute.create_server(name="s", image_id=image.id, flavor_id=flavor.id, networks="none")
    assert member.compute.get_server(server.id).status == "BUILD"
    assert member.compute.wait_for_server(server, interval=0.1, wait=PATIENCE_SECONDS).status == "ACTIVE"
    member.compute.delete_server(server)
    assert member.compute.get_server(server.id).task_state == "deleting"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while member.compute.find_server(server.id):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_due_is_forgotten_by_a_reset(cloud: RunningCloud, member: Connection) -> None:
    cloud.ask("POST", "/latency", {"latency": "realistic"})
    image = member.image.find_image("cirros-0.6.2-x86_64-disk")
    flavor = member.compute.find_flavor("m1.tiny")
    member.compute.create_server(name="s", image_id=image.id, flavor_id=flavor.id, networks="none")
    cloud.ask("POST", "/reset")
    assert cloud.ask("GET", "/objects?kind=server") == []
    assert cloud.ask("GET", "/status")["latency"] == "zero"


def test_unknown_ways_of_the_port_are_refused(cloud: RunningCloud) -> None:
    with pytest.raises(CloudError, match="the admin port has no GET /nothing"):
        cloud.ask("GET", "/nothing")
    with pytest.raises(CloudError, match="zero, realistic or held"):
        cloud.ask("POST", "/latency", {"latency": "slow"})


def test_the_first_call_that_changes_something_is_timed(cloud: RunningCloud, member: Connection) -> None:
    list(member.network.networks())
    cloud.ask("DELETE", "/counts")
    list(member.network.networks())
    assert cloud.ask("GET", "/counts")["first_mutation"] is None
    before = time.time()
    member.network.create_network(name="first")
    first = cloud.ask("GET", "/counts")["first_mutation"]
    member.network.create_network(name="second")
    assert before <= first <= time.time()
    assert cloud.ask("GET", "/counts")["first_mutation"] == first


def test_a_region_has_services_of_its_own_and_the_one_keystone(cloud: RunningCloud, member: Connection) -> None:
    cloud.ask("POST", "/regions", {"name": "RegionTwo"})
    auth = member.config.config["auth"]
    second = openstack.connect(auth=auth, region_name="RegionTwo", load_yaml_config=False)
    here = member.block_storage.create_volume(name="here", size=1)
    there = second.block_storage.create_volume(name="there", size=1)
    assert [one.id for one in second.block_storage.volumes()] == [there.id]
    assert [one.id for one in member.block_storage.volumes()] == [here.id]
    assert second.current_project_id == member.current_project_id
    assert [one.name for one in second.identity.projects()] == ["demo"]
    assert second.block_storage.wait_for_status(there, "available").name == "there"
    cloud.ask("POST", "/reset")
    with pytest.raises(CloudError, match="stands for something already"):
        cloud.ask("POST", "/regions", {"name": "RegionOne"})
