"""Neutron: addresses, what holds what in place, projects and sharing, lists, revisions, quotas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from openstack import exceptions
from openstack.connection import Connection

from sandbox.cloud.process import RunningCloud
from tests.sandbox.conftest import Connect


@dataclass(frozen=True)
class Net:
    """A network of a member with one subnet."""

    connection: Connection
    id: str
    subnet_id: str

    def port(self, **fields: Any) -> Any:
        return self.connection.network.create_port(network_id=self.id, **fields)


def make_net(connection: Connection, cidr: str = "10.30.0.0/29") -> Net:
    network = connection.network.create_network(name="net", description="app [id:1]")
    subnet = connection.network.create_subnet(network_id=network.id, cidr=cidr, ip_version=4)
    return Net(connection, network.id, subnet.id)


@pytest.fixture
def net(member: Connection) -> Net:
    return make_net(member)


@pytest.fixture
def outside(member: Connection) -> Any:
    """The external network `ext-gov`."""
    return member.network.find_network("ext-gov", ignore_missing=False)


@pytest.fixture
def router(net: Net, outside: Any) -> Any:
    """A router between the network and the outside."""
    made = net.connection.network.create_router(name="r", external_gateway_info={"network_id": outside.id})
    net.connection.network.add_interface_to_router(made, subnet=net.subnet_id)
    return made


def test_a_subnet_gives_its_addresses_out_and_runs_out(net: Net) -> None:
    addresses = [net.port().fixed_ips[0]["ip_address"] for _ in range(5)]
    assert addresses == [f"10.30.0.{last}" for last in range(2, 7)]
    with pytest.raises(exceptions.ConflictException, match="No more IP addresses"):
        net.port()
    net.connection.network.delete_port(next(iter(net.connection.network.ports(fixed_ips="ip_address=10.30.0.4"))))
    assert net.port().fixed_ips[0]["ip_address"] == "10.30.0.4"


def test_an_address_is_one_ports_only(net: Net) -> None:
    net.port(fixed_ips=[{"subnet_id": net.subnet_id, "ip_address": "10.30.0.5"}])
    with pytest.raises(exceptions.ConflictException, match="already allocated"):
        net.port(fixed_ips=[{"ip_address": "10.30.0.5"}])
    with pytest.raises(exceptions.BadRequestException, match="not a valid IP"):
        net.port(fixed_ips=[{"ip_address": "10.99.0.5"}])


def test_a_failed_port_claims_nothing(net: Net) -> None:
    with pytest.raises(exceptions.ConflictException):
        net.port(fixed_ips=[{"ip_address": "10.30.0.3"}, {"ip_address": "10.30.0.3"}])
    assert net.port(fixed_ips=[{"ip_address": "10.30.0.3"}]).fixed_ips[0]["ip_address"] == "10.30.0.3"


def test_moving_a_port_to_another_address_frees_the_old_one(net: Net) -> None:
    port = net.port()
    moved = net.connection.network.update_port(port, fixed_ips=[{"ip_address": "10.30.0.6"}])
    assert [each["ip_address"] for each in moved.fixed_ips] == ["10.30.0.6"]
    assert net.port().fixed_ips[0]["ip_address"] == "10.30.0.2"


def test_what_is_in_use_stays(net: Net, router: Any) -> None:
    network = net.connection.network
    group = network.create_security_group(name="g")
    net.port(security_groups=[group.id])
    for act, match in (
        (lambda: network.delete_network(net.id), "still in use"),
        (lambda: network.delete_subnet(net.subnet_id), "IP allocation"),
        (lambda: network.delete_router(router), "still has ports"),
        (lambda: network.delete_security_group(group), "in use"),
    ):
        with pytest.raises(exceptions.ConflictException, match=match):
            act()
    interface = next(iter(network.ports(device_owner="network:router_interface")))
    with pytest.raises(exceptions.ConflictException, match="cannot be deleted directly"):
        network.delete_port(interface)


def test_everything_can_be_taken_back_in_order(net: Net, router: Any, admin: Connection) -> None:
    network = net.connection.network
    before = {port.id for port in admin.network.ports() if port.device_id != router.id}
    network.remove_interface_from_router(router, subnet=net.subnet_id)
    network.delete_router(router)
    network.delete_subnet(net.subnet_id)
    network.delete_network(net.id)
    assert {port.id for port in admin.network.ports()} == before


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"cidr": "10.30.0.0/28"}, "overlaps"),
        ({"cidr": "10.31.0.0/24", "allocation_pools": [{"start": "10.32.0.1", "end": "10.32.0.9"}]}, "spans beyond"),
        ({"cidr": "no cidr"}, "not a valid IP subnet"),
        ({"cidr": "10.31.0.0/24", "colour": "red"}, "Unrecognized attribute"),
    ],
)
def test_a_wrong_subnet_is_refused(net: Net, fields: dict[str, Any], match: str) -> None:
    answer = net.connection.network.post("/subnets", json={"subnet": {"network_id": net.id, "ip_version": 4, **fields}})
    assert answer.status_code == 400
    assert match in answer.json()["NeutronError"]["message"]


def test_a_floating_ip_needs_a_router_and_goes_with_it(net: Net, outside: Any) -> None:
    network, port = net.connection.network, net.port(name="web")
    with pytest.raises(exceptions.NotFoundException, match="not reachable"):
        network.create_ip(floating_network_id=outside.id, port_id=port.id)
    router = network.create_router(external_gateway_info={"network_id": outside.id})
    network.add_interface_to_router(router, subnet=net.subnet_id)
    floating = network.create_ip(floating_network_id=outside.id, port_id=port.id, description="d")
    assert (floating.status, floating.fixed_ip_address) == ("ACTIVE", port.fixed_ips[0]["ip_address"])
    assert floating.port_details["name"] == "web"
    with pytest.raises(exceptions.ConflictException, match="already has a floating IP"):
        network.create_ip(floating_network_id=outside.id, port_id=port.id)
    with pytest.raises(exceptions.ConflictException, match="required by one or more floating IPs"):
        network.remove_interface_from_router(router, subnet=net.subnet_id)
    network.delete_port(port)
    loose = network.get_ip(floating.id)
    assert (loose.status, loose.port_id, loose.router_id) == ("DOWN", None, None)


def test_every_project_has_a_default_group_that_stays(member: Connection) -> None:
    group = member.network.find_security_group("default", ignore_missing=False)
    ways = sorted(
        (rule["direction"], rule["ethertype"], rule["remote_group_id"]) for rule in group.security_group_rules
    )
    inner = [("ingress", "IPv4", group.id), ("ingress", "IPv6", group.id)]
    assert ways == [("egress", "IPv4", None), ("egress", "IPv6", None), *inner]
    with pytest.raises(exceptions.ConflictException, match="removing default"):
        member.network.delete_security_group(group)
    with pytest.raises(exceptions.ConflictException, match="already exists"):
        member.network.create_security_group(name="default")


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({}, 409, "SecurityGroupRuleExists"),
        ({"port_range_min": 90}, 400, "SecurityGroupInvalidPortRange"),
        ({"remote_ip_prefix": "10.0.0.300/8"}, 400, "InvalidCIDR"),
        ({"remote_ip_prefix": "fd00::/8"}, 400, "SecurityGroupRuleParameterConflict"),
        ({"protocol": "smoke"}, 400, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": None}, 400, "SecurityGroupProtocolRequiredWithPorts"),
        ({"ethertype": "IPv5"}, 400, "SecurityGroupRuleInvalidEtherType"),
    ],
)
def test_a_wrong_rule_is_refused(member: Connection, fields: dict[str, Any], status: int, kind: str) -> None:
    group = member.network.create_security_group(name="g")
    rule = {"security_group_id": group.id, "direction": "ingress", "protocol": "tcp"}
    rule |= {"port_range_min": 80, "port_range_max": 80}
    member.network.create_security_group_rule(**rule, description="first")
    answer = member.network.post("/security-group-rules", json={"security_group_rule": rule | fields})
    assert (answer.status_code, answer.json()["NeutronError"]["type"]) == (status, kind)


def test_a_rule_counts_as_a_change_of_its_group(member: Connection) -> None:
    group = member.network.create_security_group(name="g")
    rule = member.network.create_security_group_rule(security_group_id=group.id, direction="ingress", protocol="tcp")
    changed = member.network.get_security_group(group.id)
    assert changed.revision_number == group.revision_number + 1
    assert rule.id in [each["id"] for each in changed.security_group_rules]
    member.network.delete_security_group_rule(rule)
    assert len(member.network.get_security_group(group.id).security_group_rules) == 2


def test_a_member_sees_their_own_project_and_what_is_shared(net: Net, connect: Connect, admin: Connection) -> None:
    stranger = connect("sandbox-alt")
    assert stranger.network.find_network(net.id) is None
    assert {each.name for each in stranger.network.networks()} == {"public", "ext-gov", "ext-internet", "private"}
    assert {each.name for each in stranger.network.subnets()} == {"private-subnet"}
    with pytest.raises(exceptions.NotFoundException):
        stranger.network.create_port(network_id=net.id)
    assert net.id in [each.id for each in admin.network.networks()]
    project_id = stranger.current_project_id
    net.connection.network.create_rbac_policy(
        object_type="network", object_id=net.id, action="access_as_shared", target_tenant=project_id
    )
    assert stranger.network.get_network(net.id).id == net.id
    with pytest.raises(exceptions.ForbiddenException):
        stranger.network.update_network(net.id, name="mine")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/networks", {"network": {"router:external": True}}),
        ("/networks", {"network": {"project_id": "another"}}),
        ("/qos/policies", {"policy": {"name": "p"}}),
    ],
)
def test_what_is_the_administrators_is_refused_to_members(member: Connection, path: str, body: dict[str, Any]) -> None:
    answer = member.network.post(path, json=body)
    assert (answer.status_code, answer.json()["NeutronError"]["type"]) == (403, "PolicyNotAuthorized")


def test_lists_come_in_linked_pages_and_follow_filters(member: Connection) -> None:
    for number in range(5):
        member.network.create_security_group(name=f"g{number}", description="same")
    path, names = "/security-groups?limit=2&description=same&fields=name&fields=id", []
    while path:
        page = member.network.get(path).json()
        assert len(page["security_groups"]) <= 2
        names += [each["name"] for each in page["security_groups"]]
        path = next((link["href"] for link in page.get("security_groups_links", ())), None)
    assert names == [f"g{number}" for number in range(5)]
    newest = member.network.get("/security-groups?sort_key=name&sort_dir=desc&limit=1").json()["security_groups"]
    assert newest[0]["name"] == "g4"


def test_tags_on_create_are_for_ports_only(net: Net) -> None:
    assert net.port(tags=["b", "a"]).tags == ["a", "b"]
    answer = net.connection.network.post("/networks", json={"network": {"name": "n", "tags": ["a"]}})
    assert answer.status_code == 400
    assert [port.tags for port in net.connection.network.ports(tags="a,b")] == [["a", "b"]]
    assert list(net.connection.network.ports(not_tags="a")) == []


def test_a_change_counts_and_can_be_bound_to_a_revision(net: Net) -> None:
    before = net.connection.network.get_network(net.id)
    after = net.connection.network.update_network(net.id, name="new")
    assert after.revision_number == before.revision_number + 1
    with pytest.raises(exceptions.HttpException) as refused:
        net.connection.network.update_network(net.id, name="late", if_revision=before.revision_number)
    assert refused.value.status_code == 412
    assert net.connection.network.get_network(net.id).name == "new"


def test_several_are_made_together_or_not_at_all(member: Connection, admin: Connection) -> None:
    admin.network.update_quota(member.current_project_id, network=2)
    bodies = [{"name": f"n{number}"} for number in range(3)]
    answer = member.network.post("/networks", json={"networks": bodies})
    assert answer.json()["NeutronError"]["type"] == "OverQuota"
    assert list(member.network.networks(project_id=member.current_project_id)) == []
    assert len(member.network.post("/networks", json={"networks": bodies[:2]}).json()["networks"]) == 2


def test_a_refused_gateway_leaves_the_old_one(net: Net, router: Any, outside: Any, admin: Connection) -> None:
    taken = admin.network.create_port(network_id=outside.id).fixed_ips[0]["ip_address"]
    before = net.connection.network.get_router(router.id).external_gateway_info
    wanted = {"network_id": outside.id, "external_fixed_ips": [{"ip_address": taken}]}
    with pytest.raises(exceptions.ConflictException):
        admin.network.update_router(router, external_gateway_info=wanted)
    assert net.connection.network.get_router(router.id).external_gateway_info["network_id"] == before["network_id"]


def test_ports_by_the_thousand_have_addresses_of_their_own(cloud: RunningCloud, admin: Connection) -> None:
    order = {"projects": 2, "per_project": {"network": 1, "subnet": 1, "port": 600}}
    order |= {"fields": {"port": {"description": "p-{n} [{uuid}]"}}}
    made = cloud.ask("POST", "/seed", order)
    assert made["objects"]["port"] == 1200
    for project_id in made["projects"]:
        ports = list(admin.network.ports(project_id=project_id))
        assert len({port.fixed_ips[0]["ip_address"] for port in ports}) == len(ports) == 600
