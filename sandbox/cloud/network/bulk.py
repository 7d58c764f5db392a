"""Neutron's kinds made by the thousand for the admin port: what a caller leaves out is taken from the project."""

from collections.abc import Mapping

from sandbox.cloud.errors import BadRequest
from sandbox.cloud.network.floating_ips import make_floating_ip
from sandbox.cloud.network.networks import make_network
from sandbox.cloud.network.ports import make_port
from sandbox.cloud.network.resource import Fields
from sandbox.cloud.network.routers import make_router
from sandbox.cloud.network.security_groups import default_group, make_group, make_rule
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.network.subnets import make_subnet
from sandbox.cloud.service import Maker
from sandbox.cloud.store import Document
from sandbox.cloud.world import World


def _subnet(world: World, project_id: str, fields: Fields) -> Document:
    """A /16 on the project's first network that has none (networks have an order, so the CIDRs differ)."""
    networks = world[NetworkState].networks.where(project_id=project_id)
    for number, network in enumerate(networks):
        if not network["subnets"]:
            return make_subnet(
                world, project_id, {"network_id": network["id"], "cidr": f"10.{number % 256}.0.0/16", **fields}
            )
    raise BadRequest(f"project {project_id} has no network without a subnet: make networks first")


def _port(world: World, project_id: str, fields: Fields) -> Document:
    return make_port(world, project_id, {"network_id": _first_network(world, project_id), **fields})


def _rule(world: World, project_id: str, fields: Fields) -> Document:
    """A rule that lets one TCP port in, each a different one, in the project's newest group."""
    groups = world[NetworkState].security_groups.where(project_id=project_id)
    group = groups[-1] if groups else default_group(world, project_id)
    port = 1 + len(group["security_group_rules"])
    inside = {"direction": "ingress", "protocol": "tcp", "port_range_min": port, "port_range_max": port}
    return make_rule(world, project_id, {"security_group_id": group["id"], **inside, **fields})


def _floating_ip(world: World, project_id: str, fields: Fields) -> Document:
    """On the newest external network: those that are seeded last have room for a fleet."""
    *_, external = (each for each in world[NetworkState].networks if each["router:external"])
    return make_floating_ip(world, project_id, {"floating_network_id": external["id"], **fields})


def _first_network(world: World, project_id: str) -> str:
    network = world[NetworkState].networks.first(project_id=project_id)
    if network is None:
        raise BadRequest(f"project {project_id} has no network: make networks first")
    return str(network["id"])


MAKERS: Mapping[str, Maker] = {
    "network": make_network,
    "subnet": _subnet,
    "port": _port,
    "router": make_router,
    "security_group": make_group,
    "security_group_rule": _rule,
    "floating_ip": _floating_ip,
}
