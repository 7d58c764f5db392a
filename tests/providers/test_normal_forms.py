"""What a cloud shows of what we asked for, kind by kind: the same, however it is written; or changed, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.providers.openstack import forms
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import KINDS, Registry
from controller.reconcile.verdict import differences
from tests.contract import cases

Inputs = Mapping[str, Any]
Body = Mapping[str, Any]

REGISTRY = Registry(ProviderSettings())
PARENT = [{"id": "p"}]

SHOWN: Mapping[str, tuple[Inputs, Body]] = {
    cases.NETWORK: (
        {"name": "n"},
        {
            "name": "n",
            "description": "",
            "admin_state_up": True,
            "shared": False,
            "router:external": False,
            "mtu": 1450,
            "port_security_enabled": True,
            "availability_zone_hints": [],
            "tags": [],
        },
    ),
    cases.SUBNET: (
        {"name": "s", "networkId": "n", "cidr": "10.9.0.0/24"},
        {
            "name": "s",
            "description": "",
            "network_id": "n",
            "cidr": "10.9.0.0/24",
            "ip_version": 4,
            "gateway_ip": "10.9.0.1",
            "enable_dhcp": True,
            "dns_nameservers": [],
            "allocation_pools": [{"start": "10.9.0.2", "end": "10.9.0.254"}],
            "tags": [],
        },
    ),
    cases.ROUTER: (
        {"name": "r"},
        {
            "name": "r",
            "description": "",
            "admin_state_up": True,
            "external_gateway_info": None,
            "distributed": False,
            "availability_zone_hints": [],
            "tags": [],
        },
    ),
    cases.ROUTER_INTERFACE: (
        {"routerId": "r", "subnetId": "s"},
        {"device_id": "r", "fixed_ips": [{"subnet_id": "s", "ip_address": "10.9.0.1"}]},
    ),
    cases.SECURITY_GROUP: (
        {"name": "g"},
        {"name": "g", "description": "", "stateful": True, "security_group_rules": [], "tags": []},
    ),
    cases.RULE: (
        {"securityGroupId": "g", "direction": "ingress", "ethertype": "IPv4"},
        {
            "security_group_id": "g",
            "direction": "ingress",
            "ethertype": "IPv4",
            "description": None,
            **dict.fromkeys(
                ("protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "remote_group_id"), None
            ),
        },
    ),
    cases.PORT: (
        {"networkId": "n", "name": "p", "fixedIps": [{"subnetId": "s"}]},
        {
            "network_id": "n",
            "name": "p",
            "description": "",
            "admin_state_up": True,
            "mac_address": "fa:16:3e:00:00:01",
            "fixed_ips": [{"subnet_id": "s", "ip_address": "10.9.0.7"}],
            "security_groups": ["default"],
            "allowed_address_pairs": [],
            "port_security_enabled": True,
            "tags": [],
        },
    ),
    cases.FLOATING_IP: (
        {"pool": "ext"},
        {"floating_network_id": "x", "floating_ip_address": "198.18.0.7", "description": "", "tags": []},
    ),
    cases.ASSOCIATION: (
        {"floatingIp": "198.18.0.7", "portId": "p"},
        {"floating_ip_address": "198.18.0.7", "port_id": "p", "fixed_ip_address": "10.9.0.7"},
    ),
    cases.VOLUME: (
        {"name": "v", "size": 40},
        {
            "name": "v",
            "size": 40,
            "description": None,
            "volume_type": "lvmdriver-1",
            "availability_zone": "nova",
            "metadata": {"readonly": "False", "attached_mode": "rw"},
        },
    ),
    cases.SERVER_GROUP: ({"name": "a", "policies": "affinity"}, {"name": "a", "policy": "affinity", "members": ["x"]}),
    cases.KEYPAIR: (
        {"name": "k", "publicKey": cases.PUBLIC_KEY + "\n"},
        {"name": "k", "public_key": cases.PUBLIC_KEY, "type": "ssh"},
    ),
    cases.INSTANCE: (
        {
            "name": "i",
            "flavorId": "f",
            "networks": [{"port": "p"}],
            "blockDevices": [{"uuid": "v", "sourceType": "volume", "destinationType": "volume", "bootIndex": 0}],
        },
        {
            "name": "i",
            "status": "ACTIVE",
            "flavor": {"id": "f"},
            "key_name": None,
            "OS-EXT-AZ:availability_zone": "nova",
            "config_drive": "",
            "metadata": {},
            "tags": [],
        },
    ),
    cases.ATTACHMENT: (
        {"instanceId": "i", "volumeId": "v"},
        {"serverId": "i", "volumeId": "v", "device": "/dev/vdb"},
    ),
    cases.LOAD_BALANCER: (
        {"vipPortId": "p"},
        {
            "name": "",
            "description": "",
            "admin_state_up": True,
            "vip_subnet_id": "s",
            "vip_network_id": "n",
            "vip_port_id": "p",
            "vip_address": "10.9.0.9",
            "flavor_id": None,
            "availability_zone": None,
            "provider": "amphora",
            "tags": [],
        },
    ),
    cases.LISTENER: (
        {"loadbalancerId": "p", "protocol": "HTTP", "protocolPort": 80},
        {
            "loadbalancers": PARENT,
            "protocol": "HTTP",
            "protocol_port": 80,
            "name": "",
            "description": "",
            "admin_state_up": True,
            "connection_limit": -1,
            "insert_headers": {},
            "allowed_cidrs": None,
            "timeout_client_data": 50000,
            "timeout_member_connect": 5000,
            "timeout_member_data": 50000,
            "timeout_tcp_inspect": 0,
            "default_tls_container_ref": None,
            "tags": [],
        },
    ),
    cases.POOL: (
        {"loadbalancerId": "p", "protocol": "TCP", "lbMethod": "SOURCE_IP"},
        {
            "loadbalancers": PARENT,
            "listeners": [],
            "protocol": "TCP",
            "lb_algorithm": "SOURCE_IP",
            "name": "",
            "description": "",
            "admin_state_up": True,
            "session_persistence": None,
            "tags": [],
        },
    ),
    cases.MEMBER: (
        {"poolId": "p", "address": "10.9.0.7", "protocolPort": 80},
        {
            "pool_id": "p",
            "address": "10.9.0.7",
            "protocol_port": 80,
            "subnet_id": None,
            "name": "",
            "admin_state_up": True,
            "weight": 1,
            "backup": False,
            "monitor_address": None,
            "monitor_port": None,
            "tags": [],
        },
    ),
    cases.MONITOR: (
        {"poolId": "p", "type": "HTTP", "delay": 5, "timeout": 3, "maxRetries": 3},
        {
            "pools": PARENT,
            "type": "HTTP",
            "delay": 5,
            "timeout": 3,
            "max_retries": 3,
            "max_retries_down": 3,
            "url_path": "/",
            "http_method": "GET",
            "expected_codes": "200",
            "name": "",
            "admin_state_up": True,
        },
    ),
}
"""Of each kind the least that may be asked for, and how its service shows that, with all that it fills in by itself."""


def differing(token: str, inputs: Inputs, body: Body) -> set[str]:
    """The managed fields that a scan would name."""
    kind: Any = REGISTRY.kind(token)
    least, shown = SHOWN[token]
    checked = kind.check({**least, **inputs})
    assert not checked.failures
    return set(differences(kind.desired(checked.inputs), kind.observe({"id": "x", **shown, **body}).fields))


def test_every_kind_that_is_scanned_is_shown_here() -> None:
    assert SHOWN.keys() == {kind.token for kind in KINDS}


@pytest.mark.parametrize("token", SHOWN, ids=lambda token: token.rpartition(":")[2])
def test_what_a_service_fills_in_by_itself_is_no_change(token: str) -> None:
    assert differing(token, {}, {}) == set()


KEY_WITH_SPACE = f"  {cases.PUBLIC_KEY}  "
PAIR = {"ipAddress": "10.9.0.50"}
V6 = {"ethertype": "IPv6"}

SAME: list[tuple[str, Inputs, Body]] = [
    (cases.NETWORK, {"tags": ["b=2", "a=1"]}, {"tags": ["a=1", "b=2"]}),
    (cases.NETWORK, {"tags": ["a=1", "a=1"]}, {"tags": ["a=1"]}),
    (cases.NETWORK, {"description": ""}, {"description": None}),
    (cases.NETWORK, {"availabilityZoneHints": ["b", "a"]}, {"availability_zone_hints": ["a", "b"]}),
    (cases.SUBNET, {"cidr": "10.9.0.1/24"}, {}),
    (cases.SUBNET, {"cidr": "2001:DB8:0::/64", "ipVersion": 6}, {"cidr": "2001:db8::/64", "ip_version": 6}),
    (cases.SUBNET, {"gatewayIp": "2001:DB8::0:1"}, {"gateway_ip": "2001:db8::1"}),
    (cases.SUBNET, {"noGateway": True}, {"gateway_ip": None}),
    (cases.SUBNET, {"noGateway": False}, {}),
    (cases.SUBNET, {"dnsNameservers": ["2001:DB8::53"]}, {"dns_nameservers": ["2001:db8::53"]}),
    (
        cases.SUBNET,
        {"allocationPools": [{"start": "10.9.0.99", "end": "10.9.0.120"}, {"start": "10.9.0.10", "end": "10.9.0.20"}]},
        {"allocation_pools": [{"start": "10.9.0.10", "end": "10.9.0.20"}, {"start": "10.9.0.99", "end": "10.9.0.120"}]},
    ),
    (
        cases.ROUTER,
        {"externalNetworkId": "x"},
        {"external_gateway_info": {"network_id": "x", "enable_snat": True, "external_fixed_ips": []}},
    ),
    (cases.RULE, {"protocol": "TCP"}, {"protocol": "tcp"}),
    (cases.RULE, {"protocol": "6"}, {"protocol": "tcp"}),
    (cases.RULE, {"protocol": "tcp"}, {"protocol": "6"}),
    (cases.RULE, {"protocol": "any"}, {"protocol": None}),
    (cases.RULE, {"protocol": "112"}, {"protocol": "vrrp"}),
    (cases.RULE, {**V6, "protocol": "icmp"}, {**V6, "protocol": "ipv6-icmp"}),
    (cases.RULE, {**V6, "protocol": "icmpv6"}, {**V6, "protocol": "icmp"}),
    (cases.RULE, {"remoteIpPrefix": "10.9.0.7"}, {"remote_ip_prefix": "10.9.0.7/32"}),
    (cases.RULE, {"remoteIpPrefix": "10.9.0.7/24"}, {"remote_ip_prefix": "10.9.0.0/24"}),
    (cases.PORT, {"macAddress": "FA-16-3E-00-00-01"}, {}),
    (cases.PORT, {"fixedIps": [{"subnetId": "s", "ipAddress": "10.9.0.7"}]}, {}),
    (cases.PORT, {"securityGroupIds": ["b", "a"]}, {"security_groups": ["a", "b"]}),
    (
        cases.PORT,
        {"allowedAddressPairs": [PAIR]},
        {"allowed_address_pairs": [{"ip_address": "10.9.0.50", "mac_address": "fa:16:3e:00:00:01"}]},
    ),
    (cases.PORT, {"allowedAddressPairs": [PAIR]}, {"allowed_address_pairs": [{"ip_address": "10.9.0.50/32"}]}),
    (
        cases.PORT,
        {"allowedAddressPairs": [{"ipAddress": "10.9.0.51"}, {**PAIR, "macAddress": "FA:16:3E:00:00:09"}]},
        {
            "allowed_address_pairs": [
                {"ip_address": "10.9.0.50", "mac_address": "fa:16:3e:00:00:09"},
                {"ip_address": "10.9.0.51", "mac_address": "fa:16:3e:00:00:01"},
            ]
        },
    ),
    (cases.FLOATING_IP, {"address": "2001:DB8::7"}, {"floating_ip_address": "2001:db8::7"}),
    (cases.KEYPAIR, {"publicKey": KEY_WITH_SPACE}, {}),
    (cases.INSTANCE, {"availabilityZone": "nova:host-1"}, {}),
    (cases.INSTANCE, {"tags": ["b", "a"]}, {"tags": ["a", "b"]}),
    (cases.INSTANCE, {"configDrive": False}, {}),
    (cases.INSTANCE, {"powerState": "shutoff"}, {"status": "SHUTOFF"}),
    (cases.LOAD_BALANCER, {"vipAddress": "2001:DB8::9"}, {"vip_address": "2001:db8::9"}),
    (
        cases.LISTENER,
        {"allowedCidrs": ["192.168.0.0/16", "10.0.0.1/8", "10.0.0.0/8"]},
        {"allowed_cidrs": ["10.0.0.0/8", "192.168.0.0/16"]},
    ),
    (
        cases.LISTENER,
        {"insertHeaders": {"X-Forwarded-For": True}},
        {"insert_headers": {"X-Forwarded-For": "True"}},
    ),
    (cases.LISTENER, {}, {"insert_headers": None}),
    (
        cases.POOL,
        {"persistence": {"type": "SOURCE_IP"}},
        {
            "session_persistence": {
                "type": "SOURCE_IP",
                "cookie_name": None,
                "persistence_timeout": None,
                "persistence_granularity": None,
            }
        },
    ),
    (cases.MEMBER, {"address": "2001:DB8:0:0::7"}, {"address": "2001:db8::7"}),
    (cases.MONITOR, {"httpMethod": "get", "urlPath": "/"}, {}),
]

CHANGED: list[tuple[str, Inputs, Body, set[str]]] = [
    (cases.NETWORK, {}, {"name": "by hand"}, {"name"}),
    (cases.NETWORK, {}, {"shared": True}, {"shared"}),
    (cases.NETWORK, {"tags": ["a=1"]}, {"tags": ["a=1", "b=2"]}, {"tags"}),
    (cases.SUBNET, {}, {"enable_dhcp": False}, {"enableDhcp"}),
    (cases.SUBNET, {}, {"dns_nameservers": ["114.114.114.114"]}, {"dnsNameservers"}),
    (
        cases.SUBNET,
        {"dnsNameservers": ["10.9.0.2", "10.9.0.3"]},
        {"dns_nameservers": ["10.9.0.3", "10.9.0.2"]},
        {"dnsNameservers"},
    ),
    (cases.SUBNET, {"noGateway": True}, {}, {"noGateway"}),
    (cases.ROUTER, {}, {"external_gateway_info": {"network_id": "x"}}, {"externalNetworkId"}),
    (cases.ROUTER_INTERFACE, {}, {"device_id": "other"}, {"routerId"}),
    (cases.SECURITY_GROUP, {"stateful": True}, {"stateful": False}, {"stateful"}),
    (cases.RULE, {"protocol": "tcp"}, {"protocol": "udp"}, {"protocol"}),
    (cases.RULE, {"protocol": "icmp"}, {"protocol": "ipv6-icmp"}, {"protocol"}),
    (cases.RULE, {"remoteIpPrefix": "10.9.0.0/24"}, {"remote_ip_prefix": "0.0.0.0/0"}, {"remoteIpPrefix"}),
    (cases.PORT, {"macAddress": "fa:16:3e:00:00:02"}, {}, {"macAddress"}),
    (cases.PORT, {}, {"fixed_ips": [{"subnet_id": "t", "ip_address": "10.8.0.7"}]}, {"fixedIps[*].subnetId"}),
    (cases.PORT, {}, {"allowed_address_pairs": [{"ip_address": "0.0.0.0/0"}]}, {"allowedAddressPairs"}),
    (
        cases.PORT,
        {"allowedAddressPairs": [PAIR]},
        {"allowed_address_pairs": [{"ip_address": "10.9.0.50", "mac_address": "fa:16:3e:00:00:09"}]},
        {"allowedAddressPairs"},
    ),
    (cases.PORT, {"securityGroupIds": ["a"]}, {"security_groups": []}, {"securityGroupIds"}),
    (cases.FLOATING_IP, {}, {"description": "mine"}, {"description"}),
    (cases.ASSOCIATION, {}, {"port_id": "q"}, {"portId"}),
    (cases.VOLUME, {}, {"size": 80}, {"size"}),
    (cases.VOLUME, {}, {"metadata": {"owner": "me"}}, {"metadata"}),
    (cases.SERVER_GROUP, {}, {"policy": "anti-affinity"}, {"policies"}),
    (cases.KEYPAIR, {}, {"public_key": "ssh-ed25519 AAAA other"}, {"publicKey"}),
    (cases.INSTANCE, {}, {"flavor": {"id": "g"}}, {"flavorId"}),
    (cases.INSTANCE, {}, {"status": "SHUTOFF"}, {"powerState"}),
    (cases.INSTANCE, {"availabilityZone": "az-gov"}, {}, {"availabilityZone"}),
    (cases.ATTACHMENT, {}, {"serverId": "j"}, {"instanceId"}),
    (cases.LOAD_BALANCER, {}, {"admin_state_up": False}, {"adminStateUp"}),
    (cases.LISTENER, {}, {"connection_limit": 10}, {"connectionLimit"}),
    (cases.LISTENER, {"allowedCidrs": ["10.0.0.0/8"]}, {"allowed_cidrs": None}, {"allowedCidrs"}),
    (cases.POOL, {}, {"lb_algorithm": "ROUND_ROBIN"}, {"lbMethod"}),
    (
        cases.POOL,
        {"persistence": {"type": "SOURCE_IP"}},
        {"session_persistence": {"type": "HTTP_COOKIE", "cookie_name": None}},
        {"persistence"},
    ),
    (cases.MEMBER, {}, {"weight": 0}, {"weight"}),
    (cases.MONITOR, {"httpMethod": "GET"}, {"http_method": "HEAD"}, {"httpMethod"}),
]


@pytest.mark.parametrize(("token", "inputs", "body"), SAME)
def test_what_means_the_same_is_the_same(token: str, inputs: Inputs, body: Body) -> None:
    assert differing(token, inputs, body) == set()


@pytest.mark.parametrize(("token", "inputs", "body", "fields"), CHANGED)
def test_what_was_changed_by_hand_is_named(token: str, inputs: Inputs, body: Body, fields: set[str]) -> None:
    assert differing(token, inputs, body) == fields


def test_every_kind_has_a_change_that_is_seen() -> None:
    assert {token for token, *_ in CHANGED} == SHOWN.keys()


@pytest.mark.parametrize("form", [forms.address, forms.prefix, forms.address_or_prefix, forms.mac, forms.protocol])
@given(text=st.one_of(st.text(max_size=12), st.ip_addresses().map(str), st.sampled_from(["10.1.2.3/8", "6", "ANY"])))
def test_a_normal_form_is_its_own(form: Any, text: str) -> None:
    once = form(text)
    assert once is None or form(once) == once
