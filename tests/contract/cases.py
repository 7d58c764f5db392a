"""For each kind: what its inputs are in this world, and one change for every input that can be changed in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.engine.provider import Observation
from tests.contract.world import World

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGBz2hGjuoTlDmH7fd/Rl8JmZwMGqMqBEbPPdu7rZQ9l bastion"
NETWORK = "openstack:networking/network:Network"
SUBNET = "openstack:networking/subnet:Subnet"
ROUTER = "openstack:networking/router:Router"
ROUTER_INTERFACE = "openstack:networking/routerInterface:RouterInterface"
SECURITY_GROUP = "openstack:networking/secGroup:SecGroup"
RULE = "openstack:networking/secGroupRule:SecGroupRule"
PORT = "openstack:networking/port:Port"
FLOATING_IP = "openstack:networking/floatingIp:FloatingIp"
ASSOCIATION = "openstack:networking/floatingIpAssociate:FloatingIpAssociate"
VOLUME = "openstack:blockstorage/volume:Volume"
SERVER_GROUP = "openstack:compute/serverGroup:ServerGroup"
KEYPAIR = "openstack:compute/keypair:Keypair"
INSTANCE = "openstack:compute/instance:Instance"
ATTACHMENT = "openstack:compute/volumeAttach:VolumeAttach"
LOAD_BALANCER = "openstack:loadbalancer/loadBalancer:LoadBalancer"
LISTENER = "openstack:loadbalancer/listener:Listener"
POOL = "openstack:loadbalancer/pool:Pool"
MEMBER = "openstack:loadbalancer/member:Member"
MONITOR = "openstack:loadbalancer/monitor:Monitor"

TAGS = ["yunguan_system=archive", "yunguan_unit=ghj"]
NAMED = {"name": "另一个名字", "description": "another description"}


@dataclass(frozen=True)
class Case:
    """`inputs` makes prerequisites and gives the inputs; each of `changes` is applied by itself, one by one."""

    inputs: Callable[[World], Mapping[str, Any]]
    changes: Mapping[str, Any] = field(default_factory=dict)
    later: Mapping[str, Callable[[World], Any]] = field(default_factory=dict)
    """Changes whose value must be made first."""


def network(world: World) -> Observation:
    return world.shared("network", NETWORK, {"name": "net"})


def subnet(world: World) -> Observation:
    return world.shared("subnet", SUBNET, _subnet(world))


def router(world: World) -> Observation:
    external = world.catalogue.network("ext-internet")
    return world.shared("router", ROUTER, {"name": "gate", "externalNetworkId": external})


def group(world: World, name: str = "group") -> Observation:
    return world.shared(name, SECURITY_GROUP, {"name": name, "deleteDefaultRules": True})


def port(world: World) -> Observation:
    return world.shared("port", PORT, _port(world))


def volume(world: World, name: str) -> Observation:
    image = world.catalogue.image("CentOS 7.9", 40) if name == "boot" else None
    return world.shared(name, VOLUME, {"name": name, "size": 40, "imageId": image})


def server(world: World) -> Observation:
    return world.shared("server", INSTANCE, _instance(world))


def balancer(world: World) -> Observation:
    return world.shared("balancer", LOAD_BALANCER, {"name": "slb", "vipSubnetId": subnet(world).id})


def listener(world: World) -> Observation:
    return world.shared("listener", LISTENER, _listener(world))


def pool(world: World) -> Observation:
    return world.shared("pool", POOL, _pool(world))


def _subnet(world: World) -> Mapping[str, Any]:
    return {"name": "sub", "networkId": network(world).id, "cidr": "10.9.0.0/24", "dnsNameservers": ["10.9.0.2"]}


def _port(world: World) -> Mapping[str, Any]:
    fixed_ips = [{"subnetId": subnet(world).id}]
    groups = [group(world).id]
    named = {"name": "port", "description": "of a test", "tags": TAGS}
    return {**named, "networkId": network(world).id, "fixedIps": fixed_ips, "securityGroupIds": groups}


def _association(world: World) -> Mapping[str, Any]:
    interface = {"routerId": router(world).id, "subnetId": subnet(world).id}
    world.shared("interface", ROUTER_INTERFACE, interface)
    address = world.shared("address", FLOATING_IP, {"pool": "ext-internet"})
    return {"floatingIp": address.outputs["address"], "portId": port(world).id}


def _rule(world: World) -> Mapping[str, Any]:
    ports = {"protocol": "tcp", "portRangeMin": 443, "portRangeMax": 443}
    what = {"direction": "ingress", "ethertype": "IPv4", "remoteIpPrefix": "10.0.0.0/8", "description": "https"}
    return {**what, **ports, "securityGroupId": group(world).id}


def _instance(world: World) -> Mapping[str, Any]:
    boot = {"uuid": volume(world, "boot").id, "sourceType": "volume", "destinationType": "volume", "bootIndex": 0}
    apart = world.shared("apart", SERVER_GROUP, {"name": "apart", "policies": "anti-affinity"})
    return {
        "name": "server",
        "flavorId": world.catalogue.flavor(2, 4).id,
        "availabilityZone": "az-gov",
        "blockDevices": [{**boot, "deleteOnTermination": False}],
        "networks": [{"port": port(world).id}],
        "schedulerHints": [{"group": apart.id}],
        "metadata": {"yunguan_unit": "ghj"},
        "tags": TAGS,
        "userData": "#!/bin/sh\n",
    }


def _listener(world: World) -> Mapping[str, Any]:
    return {"name": "front", "loadbalancerId": balancer(world).id, "protocol": "HTTP", "protocolPort": 80, "tags": TAGS}


def _pool(world: World) -> Mapping[str, Any]:
    return {
        "name": "back",
        "listenerId": listener(world).id,
        "protocol": "HTTP",
        "lbMethod": "ROUND_ROBIN",
        "persistence": {"type": "APP_COOKIE", "cookieName": "session"},
        "tags": TAGS,
    }


CASES: Mapping[str, Case] = {
    NETWORK: Case(
        lambda _: {"name": "net", "description": "of a test", "tags": TAGS},
        {**NAMED, "adminStateUp": False, "mtu": 1400, "portSecurityEnabled": False, "tags": ["one=1"]},
    ),
    SUBNET: Case(
        _subnet,
        {
            **NAMED,
            "enableDhcp": False,
            "dnsNameservers": ["10.9.0.3", "10.9.0.2"],
            "allocationPools": [{"start": "10.9.0.10", "end": "10.9.0.99"}],
            "gatewayIp": "10.9.0.254",
            "tags": ["one=1"],
        },
    ),
    ROUTER: Case(
        lambda world: {"name": "gate", "externalNetworkId": world.catalogue.network("ext-gov"), "tags": TAGS},
        {**NAMED, "adminStateUp": False, "tags": []},
        {"externalNetworkId": lambda world: world.catalogue.network("ext-internet")},
    ),
    ROUTER_INTERFACE: Case(lambda world: {"routerId": router(world).id, "subnetId": subnet(world).id}),
    SECURITY_GROUP: Case(
        lambda _: {"name": "web", "description": "of a test", "deleteDefaultRules": True, "tags": TAGS},
        {**NAMED, "stateful": False, "tags": ["one=1"]},
    ),
    RULE: Case(_rule),
    PORT: Case(
        _port,
        {
            **NAMED,
            "adminStateUp": False,
            "fixedIps": [],
            "allowedAddressPairs": [{"ipAddress": "10.9.0.50"}],
            "tags": ["one=1"],
        },
        {"securityGroupIds": lambda world: [group(world, "other").id]},
    ),
    FLOATING_IP: Case(
        lambda _: {"pool": "ext-internet", "description": "of a test", "tags": TAGS},
        {"description": "another description", "tags": ["one=1"]},
    ),
    ASSOCIATION: Case(_association, {}, {"portId": lambda world: world.make(PORT, {**_port(world), "name": "two"}).id}),
    VOLUME: Case(
        lambda world: {
            "name": "disk",
            "description": "of a test",
            "size": 40,
            "imageId": world.catalogue.image("CentOS 7.9", 40),
            "volumeType": "lvmdriver-1",
            "metadata": {"yunguan_unit": "ghj", "yunguan_system": "archive"},
        },
        {**NAMED, "size": 60, "volumeType": "ssd", "metadata": {"yunguan_unit": "czj", "yunguan_phase": "trial"}},
    ),
    SERVER_GROUP: Case(lambda _: {"name": "apart", "policies": "anti-affinity"}),
    KEYPAIR: Case(lambda _: {"name": "bastion", "publicKey": PUBLIC_KEY}),
    INSTANCE: Case(
        _instance,
        {
            "name": "另一台",
            "adminPass": "a-new-one",
            "powerState": "shutoff",
            "metadata": {"yunguan_unit": "czj", "yunguan_phase": "trial"},
            "tags": ["one=1"],
        },
        {"flavorId": lambda world: world.catalogue.flavor(4, 8).id},
    ),
    ATTACHMENT: Case(lambda world: {"instanceId": server(world).id, "volumeId": volume(world, "data").id}),
    LOAD_BALANCER: Case(
        lambda world: {"name": "slb", "vipPortId": port(world).id, "tags": TAGS},
        {**NAMED, "adminStateUp": False, "tags": ["one=1"]},
    ),
    LISTENER: Case(
        _listener,
        {
            **NAMED,
            "adminStateUp": False,
            "connectionLimit": 500,
            "allowedCidrs": ["10.0.0.0/8"],
            "insertHeaders": {"X-Forwarded-For": "true"},
            "timeoutClientData": 60000,
            "timeoutMemberConnect": 6000,
            "timeoutMemberData": 60000,
            "timeoutTcpInspect": 10,
            "tags": ["one=1"],
        },
    ),
    POOL: Case(_pool, {**NAMED, "adminStateUp": False, "lbMethod": "LEAST_CONNECTIONS", "tags": ["one=1"]}),
    MEMBER: Case(
        lambda world: {
            "name": "one",
            "poolId": pool(world).id,
            "address": "10.9.0.77",
            "protocolPort": 8080,
            "subnetId": subnet(world).id,
            "tags": TAGS,
        },
        {
            "name": "two",
            "adminStateUp": False,
            "weight": 7,
            "backup": True,
            "monitorAddress": "10.9.0.78",
            "monitorPort": 8081,
            "tags": [],
        },
    ),
    MONITOR: Case(
        lambda world: {
            "name": "probe",
            "poolId": pool(world).id,
            "type": "HTTP",
            "delay": 5,
            "timeout": 3,
            "maxRetries": 3,
        },
        {
            "name": "other",
            "adminStateUp": False,
            "delay": 9,
            "timeout": 4,
            "maxRetries": 4,
            "maxRetriesDown": 5,
            "urlPath": "/health",
            "httpMethod": "HEAD",
            "expectedCodes": "200-204",
        },
    ),
}
