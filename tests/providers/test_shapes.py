"""What single kinds make of inputs and bodies, where it is more than renaming."""

from __future__ import annotations

from typing import Any

import pytest

from controller.engine.properties import UNKNOWN, Secret, revealed
from controller.engine.provider import Change, Kind
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.openstack.port import FIXED_SUBNETS
from controller.providers.openstack.volume_attachment import VolumeAttachment
from controller.providers.registry import Registry
from tests.contract import cases

BOOT = {"uuid": "v", "sourceType": "volume", "destinationType": "volume", "bootIndex": 0}
SERVER = {"name": "s", "flavorId": "f", "networks": [{"port": "p"}], "blockDevices": [BOOT]}


def kind(token: str) -> Kind:
    return Registry(ProviderSettings()).kind(token)


def refused(token: str, **inputs: Any) -> list[str]:
    return [failure.path for failure in kind(token).check(inputs).failures]


def test_a_server_bears_no_data_and_nova_makes_nothing_by_itself() -> None:
    assert not refused(cases.INSTANCE, **SERVER)
    for change in (
        {"sourceType": "image"},
        {"destinationType": "local"},
        {"deleteOnTermination": True},
    ):
        assert refused(cases.INSTANCE, **{**SERVER, "blockDevices": [{**BOOT, **change}]}) == ["blockDevices"]
    assert refused(cases.INSTANCE, **SERVER, imageId="i") == ["imageId"]
    assert refused(cases.INSTANCE, **{**SERVER, "networks": [{"uuid": "n"}]}) == ["networks"]


def test_parts_of_a_server_may_be_unknown_while_previewing() -> None:
    devices = [{**BOOT, "uuid": UNKNOWN}]
    inputs = {**SERVER, "blockDevices": devices, "networks": [{"port": UNKNOWN}], "flavorId": UNKNOWN}
    assert not refused(cases.INSTANCE, **inputs)
    assert not refused(cases.INSTANCE, **{**SERVER, "blockDevices": UNKNOWN, "networks": UNKNOWN})


@pytest.mark.parametrize(
    ("token", "inputs", "path"),
    [
        (cases.SUBNET, {"name": "s", "networkId": "n", "cidr": "c", "gatewayIp": "g", "noGateway": True}, "gatewayIp"),
        (cases.ROUTER, {"name": "r", "enableSnat": True}, "enableSnat"),
        (cases.ROUTER_INTERFACE, {"routerId": "r"}, "subnetId"),
        (cases.ROUTER_INTERFACE, {"routerId": "r", "subnetId": "s", "portId": "p"}, "subnetId"),
        (cases.PORT, {"name": "p", "networkId": "n", "noFixedIp": True, "fixedIps": [{"subnetId": "s"}]}, "noFixedIp"),
        (cases.VOLUME, {"name": "v", "size": 1, "imageId": "i", "snapshotId": "s"}, "snapshotId"),
        (cases.LOAD_BALANCER, {"name": "l"}, "vipPortId"),
        (cases.POOL, {"protocol": "TCP", "lbMethod": "SOURCE_IP"}, "listenerId"),
        (cases.KEYPAIR, {"name": "k"}, "publicKey"),
    ],
)
def test_contradictions_are_named(token: str, inputs: dict[str, Any], path: str) -> None:
    assert refused(token, **inputs) == [path]


def test_a_rule_with_ports_needs_a_protocol_and_one_remote() -> None:
    rule = {"securityGroupId": "g", "direction": "ingress", "ethertype": "IPv4"}
    assert refused(cases.RULE, **rule, portRangeMin=80) == ["protocol"]
    assert refused(cases.RULE, **rule, remoteGroupId="g", remoteIpPrefix="c") == ["remoteGroupId"]


def test_a_volume_grows_in_place_and_shrinks_only_by_another() -> None:
    volume = kind(cases.VOLUME)
    prior = volume.check({"name": "v", "size": 40}).inputs
    grown = volume.diff(prior, {"size": 40}, {**prior, "size": 60})
    shrunk = volume.diff(prior, {"size": 40}, {**prior, "size": 20})
    assert (grown.replaces, shrunk.replaces) == (False, True)
    assert volume.data_bearing


def test_of_an_address_that_the_cloud_chose_only_the_subnet_is_managed() -> None:
    port = kind(cases.PORT)
    inputs = {"name": "p", "networkId": "n", "fixedIps": [{"subnetId": "s"}]}
    assert port.desired(inputs)[FIXED_SUBNETS] == ["s"]
    assert "fixedIps" not in port.desired(inputs)
    chosen = {**inputs, "fixedIps": [{"subnetId": "s", "ipAddress": "10.0.0.9"}]}
    assert FIXED_SUBNETS not in port.desired(chosen)
    unknown = {**inputs, "fixedIps": [{"subnetId": UNKNOWN}]}
    assert port.desired(unknown)[FIXED_SUBNETS] == [UNKNOWN]


@pytest.mark.parametrize(
    ("device", "by_cloud"),
    [("/dev/vda", True), ("/dev/xvda", True), ("/dev/sda", True), ("", True), ("/dev/vdb", False), ("/dev/sdz", False)],
)
def test_the_disk_that_a_server_boots_from_is_nobodys_orphan(device: str, *, by_cloud: bool) -> None:
    body = {"serverId": "s", "volumeId": "v", "device": device}
    assert VolumeAttachment().observe(body).by_cloud is by_cloud


def test_drift_is_seen_against_what_was_observed_and_not_what_was_applied() -> None:
    network = kind(cases.NETWORK)
    inputs = network.check({"name": "net"}).inputs
    observed = {**network.desired(inputs), "name": "renamed"}
    assert network.diff(inputs, observed, inputs).changes == {"name": Change("renamed", "net")}
    assert not network.diff(inputs, {}, inputs).changes


@pytest.mark.parametrize(
    ("was", "new", "first"),
    [
        ("10.7.0.0/24", "10.7.1.0/24", False),
        ("10.7.0.0/24", "10.7.0.0/25", True),
        ("10.7.0.0/24", "10.7.0.0/24", True),
        ("10.7.0.0/24", "fd00::/64", False),
        ("10.7.0.0/24", UNKNOWN, True),
        (Secret("10.7.0.0/24"), Secret("10.7.1.0/24"), False),
    ],
)
def test_a_subnet_goes_before_its_successor_where_their_ranges_overlap(was: Any, new: Any, first: bool) -> None:
    subnet = kind(cases.SUBNET)
    prior = {"networkId": "n", "cidr": was}
    assert subnet.diff(prior, {}, {**prior, "cidr": new}).delete_before_replace is first
    assert subnet.diff({}, {"cidr": revealed(was)}, {**prior, "cidr": new}).delete_before_replace is first
