"""Load balancers: one for each cluster that serves WEB or APP, with listener, pool, monitor and members a service.

TLS is passed through: keys and certificates stay on the unit's machines. Health is that the port answers, since what
a unit's application returns for `/` is its own affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi_openstack import loadbalancer, networking

from controller.domain.spec import Cluster
from stacks.ecs import Server
from stacks.naming import Context
from stacks.network import SystemNetwork
from stacks.openings import BALANCER_GROUP
from stacks.security import SecurityGroups
from stacks.services import SERVICES, Service
from stacks.tags import Item

_PROBE_SECONDS = 5
_PROBE_TIMEOUT_SECONDS = 3
_PROBES_TO_FAIL = 3


@dataclass(frozen=True)
class Balancer:
    """A cluster with the virtual port that serves it."""

    cluster: Cluster
    vip: networking.Port
    balancer: loadbalancer.LoadBalancer


def build(
    context: Context, network: SystemNetwork, groups: SecurityGroups, servers: Sequence[Server]
) -> list[Balancer]:
    return [_balancer(context, network, groups, cluster, servers) for cluster in context.spec.balanced_clusters]


def _balancer(
    context: Context,
    network: SystemNetwork,
    groups: SecurityGroups,
    cluster: Cluster,
    servers: Sequence[Server],
) -> Balancer:
    """The virtual port is made first, so that it is ours and bears our security group."""
    name = cluster.name
    tags = context.tags.tags(Item.BALANCER)
    vip = networking.Port(
        f"{name}-vip",
        name=context.name(f"{name}-vip"),
        network_id=network.network.id,
        fixed_ips=[networking.PortFixedIpArgs(subnet_id=network.subnet.id)],
        security_group_ids=[groups[BALANCER_GROUP].id],
        tags=tags,
        opts=context.options(),
    )
    balancer = loadbalancer.LoadBalancer(
        name, name=context.name(name), vip_port_id=vip.id, tags=tags, opts=context.options()
    )
    members = [server for server in servers if server.machine in cluster.machines]
    for service in SERVICES[cluster.role]:
        listener = _listener(context, f"{name}-{service.name}", balancer, service)
        _pool(context, f"{name}-{service.name}", listener, service, network=network, members=members)
    return Balancer(cluster, vip, balancer)


def _listener(
    context: Context, name: str, balancer: loadbalancer.LoadBalancer, service: Service
) -> loadbalancer.Listener:
    return loadbalancer.Listener(
        f"{name}-listener",
        name=context.name(f"{name}-listener"),
        loadbalancer_id=balancer.id,
        protocol=service.protocol,
        protocol_port=service.first_port,
        tags=context.tags.tags(Item.BALANCER),
        opts=context.options(),
    )


def _pool(
    context: Context,
    name: str,
    listener: loadbalancer.Listener,
    service: Service,
    *,
    network: SystemNetwork,
    members: Sequence[Server],
) -> None:
    """The pool behind `listener` with its monitor and one member a machine."""
    tags = context.tags.tags(Item.BALANCER)
    pool = loadbalancer.Pool(
        f"{name}-pool",
        name=context.name(f"{name}-pool"),
        listener_id=listener.id,
        protocol=service.protocol,
        lb_method="LEAST_CONNECTIONS",
        tags=tags,
        opts=context.options(),
    )
    loadbalancer.Monitor(
        f"{name}-monitor",
        name=context.name(f"{name}-monitor"),
        pool_id=pool.id,
        type="TCP",
        delay=_PROBE_SECONDS,
        timeout=_PROBE_TIMEOUT_SECONDS,
        max_retries=_PROBES_TO_FAIL,
        opts=context.options(),
    )
    for server in members:
        loadbalancer.Member(
            f"{name}-{server.machine.name}",
            name=context.name(f"{name}-{server.machine.name}"),
            pool_id=pool.id,
            address=server.address,
            protocol_port=service.first_port,
            subnet_id=network.subnet.id,
            tags=tags,
            opts=context.options(),
        )
