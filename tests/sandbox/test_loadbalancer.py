"""Octavia: the VIP, one change at a time, what goes with what, positions, duplicates, tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from openstack import exceptions
from openstack.connection import Connection

from sandbox.cloud.process import RunningCloud
from tests.sandbox.conftest import Connect


@dataclass(frozen=True)
class Site:
    """A member with a subnet for their VIPs."""

    connection: Connection
    network_id: str
    subnet_id: str

    def post(self, path: str, **bodies: Any) -> Any:
        return self.connection.load_balancer.post(f"/lbaas/{path}", json=bodies)

    def balancer(self, **fields: Any) -> Any:
        return self.connection.load_balancer.create_load_balancer(**{"vip_subnet_id": self.subnet_id, **fields})

    def tree(self) -> tuple[Any, Any, Any]:
        """A load balancer with a listener and its pool."""
        api, balancer = self.connection.load_balancer, self.balancer(name="lb")
        listener = api.create_listener(loadbalancer_id=balancer.id, protocol="HTTP", protocol_port=80)
        pool = api.create_pool(listener_id=listener.id, protocol="HTTP", lb_algorithm="ROUND_ROBIN")
        return balancer, listener, pool


@pytest.fixture
def site(member: Connection) -> Site:
    network = member.network.create_network(name="vips")
    subnet = member.network.create_subnet(network_id=network.id, cidr="10.50.0.0/24", ip_version=4)
    return Site(member, network.id, subnet.id)


def test_a_vip_port_that_octavia_made_goes_with_it(site: Site) -> None:
    balancer = site.balancer(tags=["id:1"])
    port = site.connection.network.get_port(balancer.vip_port_id)
    assert (port.device_owner, port.device_id, port.name) == (
        "Octavia", f"lb-{balancer.id}", f"octavia-lb-{balancer.id}",
    )  # fmt: skip
    assert port.fixed_ips[0]["ip_address"] == balancer.vip_address
    found = site.connection.load_balancer.get("/lbaas/loadbalancers?tags=id:1").json()["loadbalancers"]
    assert [each["id"] for each in found] == [balancer.id]
    site.connection.load_balancer.delete_load_balancer(balancer)
    assert site.connection.network.find_port(port.id) is None


def test_a_vip_port_that_was_given_stays(site: Site) -> None:
    port = site.connection.network.create_port(network_id=site.network_id, name="vip")
    balancer = site.balancer(vip_subnet_id=None, vip_port_id=port.id)
    assert balancer.vip_address == port.fixed_ips[0]["ip_address"]
    site.connection.load_balancer.delete_load_balancer(balancer)
    assert site.connection.network.get_port(port.id).id == port.id


def test_a_foreign_subnet_takes_no_vip(site: Site, connect: Connect) -> None:
    stranger = connect("sandbox-alt")
    with pytest.raises(exceptions.BadRequestException, match="not found"):
        stranger.load_balancer.create_load_balancer(vip_subnet_id=site.subnet_id)


def test_while_one_change_is_pending_the_whole_tree_is_immutable(cloud: RunningCloud, site: Site) -> None:
    balancer, listener, pool = site.tree()
    cloud.ask("POST", "/latency", {"latency": "held"})
    api = site.connection.load_balancer
    member = api.create_member(pool, address="10.50.0.9", protocol_port=80)
    statuses = [
        api.get_load_balancer(balancer.id).provisioning_status,
        api.get_listener(listener.id).provisioning_status,
        api.get_pool(pool.id).provisioning_status,
        api.get_member(member.id, pool.id).provisioning_status,
    ]
    assert statuses == ["PENDING_UPDATE", "PENDING_UPDATE", "PENDING_UPDATE", "PENDING_CREATE"]
    for act in (
        lambda: api.update_load_balancer(balancer, name="x"),
        lambda: api.create_listener(loadbalancer_id=balancer.id, protocol="TCP", protocol_port=81),
        lambda: api.delete_pool(pool),
        lambda: api.delete_load_balancer(balancer, cascade=True),
    ):
        with pytest.raises(exceptions.ConflictException, match="immutable"):
            act()
    cloud.ask("POST", "/latency", {"latency": "zero"})
    assert api.get_load_balancer(balancer.id).provisioning_status == "ACTIVE"
    assert api.get_member(member.id, pool.id).provisioning_status == "ACTIVE"


def test_a_load_balancer_with_children_goes_by_cascade_only(site: Site) -> None:
    balancer, _, pool = site.tree()
    api = site.connection.load_balancer
    api.create_member(pool, address="10.50.0.9", protocol_port=80)
    api.create_health_monitor(pool_id=pool.id, type="TCP", delay=5, timeout=3, max_retries=3)
    with pytest.raises(exceptions.BadRequestException, match="has children"):
        api.delete_load_balancer(balancer)
    api.delete_load_balancer(balancer, cascade=True)
    for listing in (api.load_balancers, api.listeners, api.pools, api.health_monitors):
        assert list(listing()) == []


def test_twice_the_same_is_a_conflict(site: Site) -> None:
    balancer, listener, pool = site.tree()
    member = {"address": "10.50.0.9", "protocol_port": 80}
    monitor = {"pool_id": pool.id, "type": "TCP", "delay": 5, "timeout": 3, "max_retries": 3}
    assert site.post(f"pools/{pool.id}/members", member=member).status_code == 201
    assert site.post("healthmonitors", healthmonitor=monitor).status_code == 201
    again = [
        site.post("listeners", listener={"loadbalancer_id": balancer.id, "protocol": "TCP", "protocol_port": 80}),
        site.post("pools", pool={"listener_id": listener.id, "protocol": "HTTP", "lb_algorithm": "SOURCE_IP"}),
        site.post(f"pools/{pool.id}/members", member=member),
        site.post("healthmonitors", healthmonitor=monitor),
    ]
    assert [answer.status_code for answer in again] == [409] * 4
    assert all(answer.json()["faultcode"] == "Client" for answer in again)
    udp = {"loadbalancer_id": balancer.id, "protocol": "UDP", "protocol_port": 80}
    assert site.post("listeners", listener=udp).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("loadbalancers", {"loadbalancer": {"name": "no vip"}}),
        ("loadbalancers", {"loadbalancer": {"vip_subnet_id": "none such"}}),
        ("pools", {"pool": {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}}),
        ("pools", {"pool": {"protocol": "HTTP"}}),
    ],
)
def test_what_lacks_something_is_refused(site: Site, path: str, body: dict[str, Any]) -> None:
    assert site.post(path, **body).status_code == 400


def test_members_show_whether_they_are_watched(site: Site) -> None:
    _, _, pool = site.tree()
    api = site.connection.load_balancer
    member = api.create_member(pool, address="10.50.0.9", protocol_port=80)
    assert api.get_member(member.id, pool.id).operating_status == "NO_MONITOR"
    monitor = api.create_health_monitor(pool_id=pool.id, type="HTTP", delay=5, timeout=3, max_retries=3)
    assert monitor.expected_codes == "200"
    assert api.get_member(member.id, pool.id).operating_status == "ONLINE"
    api.update_member(member, pool, weight=0)
    assert api.get_member(member.id, pool.id).operating_status == "DRAINING"
    api.update_member(member, pool, is_admin_state_up=False)
    assert api.get_member(member.id, pool.id).operating_status == "OFFLINE"


def test_a_batch_makes_the_members_those_named(site: Site) -> None:
    _, _, pool = site.tree()
    api = site.connection.load_balancer
    kept = api.create_member(pool, address="10.50.0.9", protocol_port=80, weight=1)
    api.create_member(pool, address="10.50.0.10", protocol_port=80)
    wanted = [
        {"address": "10.50.0.9", "protocol_port": 80, "weight": 7},
        {"address": "10.50.0.11", "protocol_port": 80},
    ]
    assert api.put(f"/lbaas/pools/{pool.id}/members", json={"members": wanted}).status_code == 202
    after = {each.address: each for each in api.members(pool)}
    assert after.keys() == {"10.50.0.9", "10.50.0.11"}
    assert (after["10.50.0.9"].id, after["10.50.0.9"].weight) == (kept.id, 7)
    refused = api.put(f"/lbaas/pools/{pool.id}/members", json={"members": [{"address": "10.50.0.12"}]})
    assert refused.status_code == 400
    assert {each.address for each in api.members(pool)} == after.keys()


def test_policies_keep_their_order(site: Site) -> None:
    _, listener, _ = site.tree()
    api = site.connection.load_balancer
    first, second = (api.create_l7_policy(listener_id=listener.id, action="REJECT", name=name) for name in "ab")
    urgent = api.create_l7_policy(listener_id=listener.id, action="REJECT", name="c", position=1)
    places = {each.id: each.position for each in api.l7_policies()}
    assert places == {urgent.id: 1, first.id: 2, second.id: 3}
    api.delete_l7_policy(first)
    assert {each.id: each.position for each in api.l7_policies()} == {urgent.id: 1, second.id: 2}


def test_a_pool_that_a_policy_redirects_to_stays(site: Site) -> None:
    balancer, listener, _ = site.tree()
    api = site.connection.load_balancer
    other = api.create_pool(loadbalancer_id=balancer.id, protocol="HTTP", lb_algorithm="ROUND_ROBIN")
    policy = api.create_l7_policy(listener_id=listener.id, action="REDIRECT_TO_POOL", redirect_pool_id=other.id)
    with pytest.raises(exceptions.ConflictException, match="in use by L7 policy"):
        api.delete_pool(other)
    api.delete_l7_policy(policy)
    api.delete_pool(other)
    assert api.find_pool(other.id) is None


def test_the_status_tree_names_everything_below(site: Site) -> None:
    balancer, listener, pool = site.tree()
    member = site.connection.load_balancer.create_member(pool, address="10.50.0.9", protocol_port=80)
    answer = site.connection.load_balancer.get(f"/lbaas/loadbalancers/{balancer.id}/status").json()
    tree = answer["statuses"]["loadbalancer"]
    assert tree["id"] == balancer.id
    assert tree["listeners"][0]["id"] == listener.id
    assert tree["listeners"][0]["pools"][0]["members"][0]["id"] == member.id


def test_quotas_are_refusals_of_403(site: Site, admin: Connection) -> None:
    admin.load_balancer.update_quota(site.connection.current_project_id, load_balancer=1)
    site.balancer()
    with pytest.raises(exceptions.ForbiddenException, match="Quota has been met"):
        site.balancer()


def test_projects_do_not_see_each_others(site: Site, connect: Connect, admin: Connection) -> None:
    balancer, _, _ = site.tree()
    stranger = connect("sandbox-alt")
    assert stranger.load_balancer.find_load_balancer(balancer.id) is None
    assert list(stranger.load_balancer.pools()) == []
    with pytest.raises(exceptions.NotFoundException):
        stranger.load_balancer.create_listener(loadbalancer_id=balancer.id, protocol="TCP", protocol_port=90)
    assert balancer.id in [each.id for each in admin.load_balancer.load_balancers()]
