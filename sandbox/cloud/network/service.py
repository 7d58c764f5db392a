"""Neutron as a service of the cloud: its routes and its seed (external networks and a shared private one)."""

from collections.abc import Mapping
from typing import Any

from sandbox.cloud.errors import neutron_dialect
from sandbox.cloud.identity.state import IdentityState
from sandbox.cloud.network.bulk import MAKERS
from sandbox.cloud.network.facts import register_facts, seed_agents
from sandbox.cloud.network.floating_ips import FLOATING_IP, register_forwardings
from sandbox.cloud.network.networks import NETWORK, make_network, register_availability
from sandbox.cloud.network.ports import PORT
from sandbox.cloud.network.qos import QOS_POLICY, register_rules
from sandbox.cloud.network.quotas import register_quotas
from sandbox.cloud.network.resource import Resource, register
from sandbox.cloud.network.routers import ROUTER, add_interface, make_router, register_actions
from sandbox.cloud.network.security_groups import SECURITY_GROUP, SECURITY_GROUP_RULE
from sandbox.cloud.network.sharing import ADDRESS_GROUP, RBAC_POLICY, register_addresses
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.network.subnets import SUBNET, SUBNET_POOL, make_subnet
from sandbox.cloud.network.trunks import TRUNK, register_subports
from sandbox.cloud.routing import Router
from sandbox.cloud.service import Service
from sandbox.cloud.world import World

RESOURCES: tuple[Resource, ...] = (
    NETWORK,
    SUBNET,
    SUBNET_POOL,
    PORT,
    ROUTER,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    FLOATING_IP,
    TRUNK,
    QOS_POLICY,
    RBAC_POLICY,
    ADDRESS_GROUP,
)


def _routes() -> Router:
    routes = Router()
    for resource in RESOURCES:
        register(routes, resource)
    for add in (
        register_facts,
        register_availability,
        register_actions,
        register_forwardings,
        register_subports,
        register_rules,
        register_addresses,
        register_quotas,
    ):
        add(routes)
    return routes


def seed(world: World, document: Mapping[str, Any]) -> None:
    """The agents and zones, and the external networks of seed.yaml, owned by no project."""
    seed_agents(world)
    world[NetworkState].zones = list(document["availability_zones"])
    for each in document["external_networks"]:
        fields = {
            "name": each["name"],
            "router:external": True,
            "provider:network_type": "flat",
            "provider:physical_network": each["name"],
        }
        network = make_network(world, "", fields)
        inside = {
            "name": f"{each['name']}-subnet",
            "cidr": each["cidr"],
            "gateway_ip": each["gateway"],
            "enable_dhcp": False,
        }
        make_subnet(world, "", {"network_id": network["id"], **inside})
    _seed_private(world, document["private_network"])


def _seed_private(world: World, document: Mapping[str, Any]) -> None:
    """The network that servers are put on when nothing is said: the administrators' own, shared, routed to outside."""
    owner = next(project["id"] for project in world[IdentityState].projects if project["name"] == "admin")
    network = make_network(world, owner, {"name": document["name"], "shared": True})
    fields = {"name": f"{document['name']}-subnet", "network_id": network["id"], "cidr": document["cidr"]}
    subnet = make_subnet(world, owner, fields)
    outside = world[NetworkState].networks.first(name=document["external"])
    gateway = {"network_id": outside["id"]} if outside else None
    router = make_router(world, owner, {"name": document["router"], "external_gateway_info": gateway})
    add_interface(world, router, {"subnet_id": subnet["id"]})


NETWORK_SERVICE = Service(
    name="network",
    type="network",
    prefix="network",
    endpoint="network",
    routes=_routes(),
    dialect=neutron_dialect,
    state=NetworkState,
    seed=seed,
    makers=MAKERS,
)
