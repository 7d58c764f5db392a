"""What single kinds do beyond the common contract: natural keys, trees that change step by step, things by hand."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from controller.engine.provider import Observation, Rejected, Scope, Uncertain, Unsettled
from controller.providers.openstack.connection import Body
from controller.providers.openstack.keypair import Keypair
from tests.contract import cases
from tests.contract.cases import CASES, PUBLIC_KEY
from tests.contract.world import Inputs, World


@pytest.fixture
def slow(world: World) -> Iterator[World]:
    """The world with the latencies of a real cloud."""
    world.simulated.ask("POST", "/latency", {"latency": "realistic"})
    yield world
    world.simulated.ask("POST", "/latency", {"latency": "zero"})


def by_hand(world: World, method: str, path: str, body: Body, service: str = "network") -> Body:
    """A call of somebody else, behind the controller's back."""
    return world.cloud.send(service, method, path, body)


def updated(world: World, token: str, made: Observation, inputs: Inputs) -> Observation:
    """Brought from what is observed now to `inputs`, in place."""
    kind = world.provider.kind(token)
    seen = kind.read(world.cloud, made.id, inputs)
    assert seen is not None
    diff = kind.diff(inputs, seen.fields, inputs)
    assert diff.changes
    assert not diff.replaces
    return kind.update(world.cloud, made.id, inputs, diff.changes)


def checked(world: World, token: str, inputs: Inputs) -> Inputs:
    result = world.provider.kind(token).check(inputs)
    assert not result.failures
    return result.inputs


def test_a_subnet_without_a_gateway_and_one_that_loses_it(world: World) -> None:
    base = {"name": "sub", "networkId": cases.network(world).id, "cidr": "10.9.0.0/24"}
    made = world.make(cases.SUBNET, {**base, "noGateway": True})
    assert made.fields["gatewayIp"] is None
    other = world.make(cases.SUBNET, {**base, "cidr": "10.8.0.0/24"})
    assert other.fields["gatewayIp"] == "10.8.0.1"
    wanted = checked(world, cases.SUBNET, {**base, "cidr": "10.8.0.0/24", "noGateway": True})
    assert updated(world, cases.SUBNET, other, wanted).fields["noGateway"]


def test_a_port_without_addresses_and_groups(world: World) -> None:
    network = cases.network(world).id
    cases.subnet(world)
    bare = {"name": "bare", "networkId": network, "noFixedIp": True, "noSecurityGroups": True}
    made = world.make(cases.PORT, {**bare, "portSecurityEnabled": False})
    assert made.outputs["allFixedIps"] == []
    assert made.outputs["allSecurityGroupIds"] == []
    assert made.fields["portSecurityEnabled"] is False


def test_a_group_without_default_rules_notices_when_somebody_lets_all_out_again(world: World) -> None:
    group = cases.group(world)
    rule = {"security_group_id": group.id, "direction": "egress", "ethertype": "IPv4"}
    by_hand(world, "POST", "/security-group-rules", {"security_group_rule": rule})
    inputs = checked(world, cases.SECURITY_GROUP, {"name": "group", "deleteDefaultRules": True})
    assert updated(world, cases.SECURITY_GROUP, group, inputs).fields["deleteDefaultRules"]


def test_a_group_that_keeps_its_default_rules_calls_them_the_clouds(world: World) -> None:
    group = world.make(cases.SECURITY_GROUP, {"name": "open"})
    rules = [rule for rule in world.everything(world.provider.kind(cases.RULE)) if rule.owner == group.id]
    assert [rule.by_cloud for rule in rules] == [True, True]


def test_a_rule_that_opens_our_group_to_the_world_is_a_stranger_inside_it(world: World) -> None:
    group = cases.group(world)
    rule = {"security_group_id": group.id, "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}
    made = by_hand(world, "POST", "/security-group-rules", {"security_group_rule": rule})["security_group_rule"]
    [found] = [item for item in world.everything(world.provider.kind(cases.RULE)) if item.id == made["id"]]
    assert (found.identity, found.owner, found.by_cloud) == (None, group.id, False)


def test_what_the_cloud_makes_by_itself_is_marked(world: World) -> None:
    kinds = [kind for kind in world.provider.kinds() if kind.token != cases.ROUTER_INTERFACE]
    seeded = {item.id for kind in kinds for item in world.everything(kind)}
    cases.balancer(world)
    cases.server(world)
    interface = {"routerId": cases.router(world).id, "subnetId": cases.subnet(world).id}
    world.shared("interface", cases.ROUTER_INTERFACE, interface)
    items = [item for kind in kinds for item in world.everything(kind) if item.id not in seeded]
    assert not [item.name for item in items if item.identity is None and not item.by_cloud]


def test_the_volume_that_a_server_boots_from_is_not_an_attachment_of_its_own(world: World) -> None:
    server = cases.server(world)
    data = world.make(cases.ATTACHMENT, {"instanceId": server.id, "volumeId": cases.volume(world, "data").id})
    attachments = world.everything(world.provider.kind(cases.ATTACHMENT))
    assert {item.id: item.by_cloud for item in attachments} == {
        f"{server.id}/{cases.volume(world, 'boot').id}": True,
        data.id: False,
    }


def test_a_keypair_that_exists_is_adopted_only_with_the_same_key(world: World) -> None:
    keypair = {"name": "bastion", "publicKey": PUBLIC_KEY}
    by_hand(world, "POST", "/os-keypairs", {"keypair": {"name": "bastion", "public_key": PUBLIC_KEY}}, "compute")
    assert world.make(cases.KEYPAIR, keypair).id == "bastion"
    with pytest.raises(Rejected) as refusal:
        world.make(cases.KEYPAIR, {**keypair, "publicKey": PUBLIC_KEY.replace("AAAAIG", "AAAAIH")})
    assert refusal.value.status == 409


@pytest.mark.parametrize("name", ["../servers/1", "a?b", "..", "a/b", "", "密钥"])
def test_a_keypair_is_called_what_nova_takes(name: str) -> None:
    failures = Keypair().check({"name": name, "publicKey": "ssh-ed25519 AAAA"}).failures
    assert [failure.path for failure in failures] == ["name"]


def test_an_interface_and_an_attachment_that_stand_already_are_adopted(world: World) -> None:
    for token in (cases.ROUTER_INTERFACE, cases.ATTACHMENT):
        inputs = CASES[token].inputs(world)
        assert world.make(token, inputs).id == world.make(token, inputs).id


def test_a_floating_ip_is_not_taken_away_from_another_port(world: World) -> None:
    inputs = CASES[cases.ASSOCIATION].inputs(world)
    made = world.make(cases.ASSOCIATION, inputs)
    assert world.make(cases.ASSOCIATION, inputs).id == made.id
    subnet = [{"subnetId": cases.subnet(world).id}]
    other = world.make(cases.PORT, {"name": "other", "networkId": cases.network(world).id, "fixedIps": subnet})
    with pytest.raises(Rejected, match="leads to port"):
        world.make(cases.ASSOCIATION, {**inputs, "portId": other.id})


def test_a_floating_ip_that_was_moved_to_another_port_is_not_cut_off(world: World) -> None:
    inputs = CASES[cases.ASSOCIATION].inputs(world)
    made = world.make(cases.ASSOCIATION, inputs)
    subnet = [{"subnetId": cases.subnet(world).id}]
    other = world.make(cases.PORT, {"name": "other", "networkId": cases.network(world).id, "fixedIps": subnet})
    by_hand(world, "PUT", f"/floatingips/{made.id}", {"floatingip": {"port_id": other.id}})
    kind = world.provider.kind(cases.ASSOCIATION)
    kind.delete(world.cloud, made.id, inputs)
    left = kind.read(world.cloud, made.id, inputs)
    assert left is not None
    assert left.fields["portId"] == other.id


def test_a_floating_ip_needs_an_external_network(world: World) -> None:
    with pytest.raises(Rejected, match="no external network 'nowhere'"):
        world.make(cases.FLOATING_IP, {"pool": "nowhere"})
    by_id = world.catalogue.network("ext-gov")
    assert world.make(cases.FLOATING_IP, {"pool": by_id}).outputs["pool"] == by_id


def test_a_server_is_made_stopped_paused_and_started(world: World) -> None:
    inputs = checked(world, cases.INSTANCE, {**CASES[cases.INSTANCE].inputs(world), "powerState": "shutoff"})
    made = world.make(cases.INSTANCE, inputs)
    assert made.fields["powerState"] == "shutoff"
    for state in ("paused", "shutoff", "active"):
        wanted = checked(world, cases.INSTANCE, {**inputs, "powerState": state})
        assert updated(world, cases.INSTANCE, made, wanted).fields["powerState"] == state


def test_a_server_that_nobody_can_place_is_unsettled_with_the_clouds_reason(world: World) -> None:
    kind = world.provider.kind(cases.INSTANCE)
    together = world.make(cases.SERVER_GROUP, {"name": "together", "policies": "affinity"})
    hints = {"schedulerHints": [{"group": together.id}]}
    world.make(cases.INSTANCE, {**CASES[cases.INSTANCE].inputs(world), **hints})
    elsewhere = {"availabilityZone": "az-internet", "name": "elsewhere", **_second(world), **hints}
    inputs = checked(world, cases.INSTANCE, {**CASES[cases.INSTANCE].inputs(world), **elsewhere})
    with pytest.raises(Unsettled, match="No valid host") as failure:
        kind.create(world.cloud, inputs, world.identity())
    world.owns(kind, failure.value.observation.id, inputs)
    assert failure.value.observation.identity is not None
    assert kind.diff(inputs, failure.value.observation.fields, inputs).changes["powerState"].old == "error"


def test_what_is_renamed_keeps_its_identity_and_is_named_back(world: World) -> None:
    identity = world.identity()
    inputs = checked(world, cases.VOLUME, {"name": "disk", "size": 1})
    made = world.make(cases.VOLUME, inputs, identity)
    by_hand(world, "PUT", f"/volumes/{made.id}", {"volume": {"name": "mine"}}, "block-storage")
    again = updated(world, cases.VOLUME, made, inputs)
    assert (again.name, again.identity, again.version) == ("disk", identity, made.version)


def test_members_of_a_pool_are_made_and_removed_one_by_one_without_a_call_in_vain(world: World) -> None:
    """The request, a look at the load balancer, a look at the member; and once for all of them whose pool it is."""
    pool, members = cases.pool(world), 20
    base = {"poolId": pool.id, "subnetId": cases.subnet(world).id, "protocolPort": 80}
    before = world.cloud.calls_made

    def make(number: int) -> Observation:
        return world.make(cases.MEMBER, {**base, "address": f"10.9.0.{number}"})

    with ThreadPoolExecutor(members) as threads:
        made = list(threads.map(make, range(100, 100 + members)))
    assert (
        world.cloud.calls_made - before <= 3 * members + members
    )  # at worst every thread asks for its pool's balancer
    listed = world.everything(world.provider.kind(cases.MEMBER))
    assert sorted(item.id for item in listed) == sorted(item.id for item in made)
    assert all(item.identity for item in listed)

    before = world.cloud.calls_made
    with ThreadPoolExecutor(members) as threads:
        list(threads.map(lambda one: world.provider.kind(cases.MEMBER).delete(world.cloud, one.id, base), made))
    assert world.cloud.calls_made - before == 3 * members


def test_a_load_balancer_that_takes_its_time_is_looked_at_rarely_and_refuses_nothing(slow: World) -> None:
    """0.4 s a change: five looks at growing intervals, whoever else waits for the turn."""
    pool, members = cases.pool(slow), 6
    base = {"poolId": pool.id, "subnetId": cases.subnet(slow).id, "protocolPort": 80}
    slow.simulated.ask("DELETE", "/counts")

    def make(number: int) -> Observation:
        return slow.make(cases.MEMBER, {**base, "address": f"10.9.0.{number}"})

    with ThreadPoolExecutor(members) as threads:
        list(threads.map(make, range(100, 100 + members)))
    counts = slow.simulated.ask("GET", "/counts")
    assert counts["mutating"] == members  # none was refused, or sent twice
    assert counts["by_service"]["load-balancer"] <= members * 10


@pytest.mark.parametrize("token", [cases.VOLUME, cases.INSTANCE, cases.ATTACHMENT, cases.LISTENER])
def test_what_takes_its_time_is_waited_for(slow: World, token: str) -> None:
    inputs = CASES[token].inputs(slow)
    kind = slow.provider.kind(token)
    made = slow.make(token, inputs)
    wanted = checked(slow, token, inputs)
    assert not kind.diff(wanted, made.fields, wanted).changes
    kind.delete(slow.cloud, made.id, wanted)
    assert kind.read(slow.cloud, made.id, wanted) is None


@pytest.mark.parametrize("token", [cases.VOLUME, cases.INSTANCE, cases.ATTACHMENT, cases.LOAD_BALANCER])
def test_what_is_found_after_a_lost_reply_is_waited_for(slow: World, token: str) -> None:
    kind, identity = slow.provider.kind(token), slow.identity()
    inputs = checked(slow, token, CASES[token].inputs(slow))
    slow.fault(action="lose_reply", method="POST", service="compute|volume|load-balancer")
    with pytest.raises(Uncertain):
        kind.create(slow.cloud, inputs, identity)
    [seen] = kind.find(slow.cloud, identity, inputs)
    slow.owns(kind, seen.id, inputs)
    settled = kind.update(slow.cloud, seen.id, inputs, {})
    assert not kind.diff(inputs, settled.fields, inputs).changes
    assert kind.read(slow.cloud, seen.id, inputs) == settled


def test_what_is_gone_is_not_waited_for(world: World) -> None:
    kind = world.provider.kind(cases.VOLUME)
    inputs = checked(world, cases.VOLUME, {"name": "disk", "size": 1})
    made = world.make(cases.VOLUME, inputs)
    kind.delete(world.cloud, made.id, inputs)
    with pytest.raises(Unsettled, match="does not know it"):
        kind.update(world.cloud, made.id, inputs, {})


def test_a_wait_that_is_too_long_ends_unsettled_with_what_was_seen(
    slow: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = slow.provider.kind(cases.INSTANCE)
    inputs = checked(slow, cases.INSTANCE, CASES[cases.INSTANCE].inputs(slow))
    monkeypatch.setattr(type(kind), "create_timeout", 0.0)
    with pytest.raises(Unsettled, match="in time") as failure:
        kind.create(slow.cloud, inputs, slow.identity())
    slow.owns(kind, failure.value.observation.id, inputs)


def test_a_step_behind_the_create_call_that_fails_tells_what_stands(world: World) -> None:
    kind = world.provider.kind(cases.NETWORK)
    inputs, identity = checked(world, cases.NETWORK, CASES[cases.NETWORK].inputs(world)), world.identity()
    world.fault(action="status", status=500, service="network", method="PUT", path="/tags")
    with pytest.raises(Unsettled) as failure:
        kind.create(world.cloud, inputs, identity)
    seen = failure.value.observation
    world.owns(kind, seen.id, inputs)
    assert seen.identity == identity
    assert kind.diff(inputs, seen.fields, inputs).changes.keys() == {"tags"}


def renaming(world: World) -> tuple[Inputs, Inputs, Observation]:
    """A network with its inputs, and those that give it another name and another tag."""
    old = checked(world, cases.NETWORK, {"name": "old", "tags": ["a"]})
    return old, checked(world, cases.NETWORK, {"name": "new", "tags": ["b"]}), world.make(cases.NETWORK, old)


def test_an_update_that_is_refused_halfway_tells_what_was_changed(world: World) -> None:
    kind = world.provider.kind(cases.NETWORK)
    old, new, made = renaming(world)
    world.fault(action="status", status=403, service="network", method="PUT", path="/tags")
    with pytest.raises(Unsettled, match="refused the rest") as failure:
        kind.update(world.cloud, made.id, new, kind.diff(old, made.fields, new).changes)
    seen = failure.value.observation
    assert kind.diff(new, seen.fields, new).changes.keys() == {"tags"}
    assert kind.diff(old, seen.fields, old).changes.keys() == {"name"}


def test_an_update_of_which_nothing_was_taken_is_refused(world: World) -> None:
    kind = world.provider.kind(cases.NETWORK)
    old, new, made = renaming(world)
    world.fault(action="status", status=403, service="network", method="PUT", path="/networks")
    with pytest.raises(Rejected):
        kind.update(world.cloud, made.id, new, kind.diff(old, made.fields, new).changes)
    seen = kind.read(world.cloud, made.id, old)
    assert seen is not None
    assert kind.diff(old, seen.fields, old).changes == {}


def test_a_member_sees_its_own_project_where_it_may_not_see_all(world: World) -> None:
    made = world.make(cases.VOLUME, {"name": "disk", "size": 1})
    other = world.provider.cloud("sandbox-alt")
    kind = world.provider.kind(cases.VOLUME)
    assert [item.id for item in world.everything(kind)] == [made.id]
    assert not [item for page in kind.list(other, Scope()) for item in page.items]
    administrator = world.provider.cloud("sandbox-admin")
    for scope in (Scope(), Scope(made.project)):
        assert made.id in [item.id for page in kind.list(administrator, scope) for item in page.items]
    elsewhere = Scope(administrator.project_id)
    assert made.id not in [item.id for page in kind.list(administrator, elsewhere) for item in page.items]


def _second(world: World) -> Inputs:
    """A boot volume and a port for one more server."""
    subnet = [{"subnetId": cases.subnet(world).id}]
    port = world.make(cases.PORT, {"name": "second", "networkId": cases.network(world).id, "fixedIps": subnet})
    volume = world.make(
        cases.VOLUME, {"name": "second", "size": 40, "imageId": world.catalogue.image("CentOS 7.9", 40)}
    )
    boot = {"uuid": volume.id, "sourceType": "volume", "destinationType": "volume", "bootIndex": 0}
    return {"networks": [{"port": port.id}], "blockDevices": [boot]}
