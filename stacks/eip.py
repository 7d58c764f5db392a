"""Floating IPs: one for each entry of the system, where its zone gives them.

An entry is what clients reach: the load balancer of a WEB cluster, or a WEB machine without one. APP, DAT and the
rest have no address outside, whatever their zone.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_openstack import networking

from stacks.ecs import Server
from stacks.naming import Context
from stacks.network import SystemNetwork
from stacks.slb import Balancer
from stacks.tags import Item


def build(
    context: Context, network: SystemNetwork, servers: Sequence[Server], balancers: Sequence[Balancer]
) -> dict[str, pulumi.Output[str]]:
    """Address by the name of the machine or load balancer that it leads to."""
    external = context.spec.placement.external_network
    if external is None:
        return {}
    ports = {server.machine.name: server.port for server in servers} | {one.cluster.name: one.vip for one in balancers}
    return {
        name: _floating_ip(context, network, name, ports[name], external.name)
        for name in context.spec.floating_ip_entries
    }


def _floating_ip(
    context: Context, network: SystemNetwork, name: str, port: networking.Port, pool: str
) -> pulumi.Output[str]:
    """Associated only once the router leads to the subnet: Neutron refuses it before."""
    address = networking.FloatingIp(
        f"{name}-eip", pool=pool, tags=context.tags.tags(Item.ADDRESS), opts=context.options()
    )
    networking.FloatingIpAssociate(
        f"{name}-eip-associate",
        floating_ip=address.address,
        port_id=port.id,
        opts=context.options(network.interface),
    )
    return address.address
