"""The system's own network: network, subnet, router (with a gateway where the zone has one) and its interface."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_openstack import networking

from stacks.naming import Context
from stacks.tags import Item


@dataclass(frozen=True)
class SystemNetwork:
    """What machines and load balancers are placed in; an address is reachable from outside only after `interface`."""

    network: networking.Network
    subnet: networking.Subnet
    interface: networking.RouterInterface


def build(context: Context) -> SystemNetwork:
    placement, tags = context.spec.placement, context.tags.tags(Item.NETWORK)
    network = networking.Network("network", name=context.name("network"), tags=tags, opts=context.options())
    subnet = networking.Subnet(
        "subnet",
        name=context.name("subnet"),
        network_id=network.id,
        cidr=placement.cidr,
        ip_version=4,
        dns_nameservers=list(placement.dns),
        tags=tags,
        opts=context.options(),
    )
    router = networking.Router(
        "router",
        name=context.name("router"),
        external_network_id=placement.external_network.id if placement.external_network else None,
        tags=tags,
        opts=context.options(),
    )
    interface = networking.RouterInterface(
        "router-interface", router_id=router.id, subnet_id=subnet.id, opts=context.options()
    )
    return SystemNetwork(network, subnet, interface)
