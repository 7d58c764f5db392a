"""Networks: made, changed, removed; their availability of addresses."""

from sandbox.cloud.errors import Conflict, NotFound
from sandbox.cloud.network.resource import Fields, Resource, new_document, opened_to
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

DEFAULTS: Fields = {
    "name": "",
    "description": "",
    "admin_state_up": True,
    "shared": False,
    "router:external": False,
    "is_default": False,
    "mtu": 1450,
    "port_security_enabled": True,
    "qos_policy_id": None,
    "dns_domain": "",
    "availability_zone_hints": [],
    "provider:network_type": "geneve",
    "provider:physical_network": None,
    "provider:segmentation_id": None,
    "vlan_transparent": None,
}


def make_network(world: World, project_id: str, fields: Fields) -> Document:
    """A network without subnets, ACTIVE at once."""
    networks = world[NetworkState].networks
    document = new_document(DEFAULTS, project_id, fields)
    document |= {
        "status": "ACTIVE",
        "subnets": [],
        "availability_zones": ["nova"],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "l2_adjacency": True,
    }
    if document["provider:segmentation_id"] is None and document["provider:network_type"] != "flat":
        document["provider:segmentation_id"] = len(networks) + 1
    return networks.add(document)


def remove_network(world: World, network: Document) -> None:
    """Subnets without ports go with it; a port refuses (409)."""
    state = world[NetworkState]
    if state.ports.where(network_id=network["id"]):
        raise Conflict(
            f"Unable to complete operation on network {network['id']}. "
            "There are one or more ports still in use on the network.",
            kind="NetworkInUse",
        )
    for subnet in state.subnets.where(network_id=network["id"]):
        state.subnets.remove(subnet["id"])
        del state.books[subnet["id"]]
    state.networks.remove(network["id"])


def check_zones(call: Call, fields: Fields) -> None:
    """Refuse (404) a hint to an availability zone that there is not."""
    for zone in fields.get("availability_zone_hints") or ():
        if zone not in call.world[NetworkState].zones:
            raise NotFound(f"AvailabilityZone {zone} could not be found.", kind="AvailabilityZoneNotFound")


NETWORK = Resource(
    singular="network",
    plural="networks",
    path="networks",
    collection=lambda world: world[NetworkState].networks,
    make=make_network,
    remove=remove_network,
    check=check_zones,
    opened=opened_to,
    defaults=DEFAULTS,
    updatable=frozenset(
        {
            "name",
            "description",
            "admin_state_up",
            "shared",
            "router:external",
            "is_default",
            "mtu",
            "port_security_enabled",
            "qos_policy_id",
            "dns_domain",
        }
    ),
    restricted=frozenset(
        {
            "shared",
            "router:external",
            "is_default",
            "provider:network_type",
            "provider:physical_network",
            "provider:segmentation_id",
        }
    ),
)


def register_availability(routes: Router) -> None:
    """`/network-ip-availabilities`, for administrators."""
    routes.get("/v2.0/network-ip-availabilities", admin=True)(list_availability)
    routes.get("/v2.0/network-ip-availabilities/{id}", admin=True)(show_availability)


def list_availability(call: Call) -> Fields:
    networks = call.world[NetworkState].networks
    rows = [_availability(call.world, network) for network in networks]
    for name in ("network_id", "network_name", "project_id"):
        if name in call.query:
            rows = [row for row in rows if row[name] == call.query[name]]
    return {"network_ip_availabilities": rows}


def show_availability(call: Call) -> Fields:
    network = call.world[NetworkState].networks.get(call.params["id"])
    if network is None:
        raise NotFound(f"Network {call.params['id']} could not be found.", kind="NetworkNotFound")
    return {"network_ip_availability": _availability(call.world, network)}


def _availability(world: World, network: Document) -> Fields:
    state = world[NetworkState]
    subnets = [
        {
            "subnet_id": subnet["id"],
            "subnet_name": subnet["name"],
            "cidr": subnet["cidr"],
            "ip_version": subnet["ip_version"],
            "total_ips": state.books[subnet["id"]].size,
            "used_ips": len(state.books[subnet["id"]].taken),
        }
        for subnet in state.subnets.where(network_id=network["id"])
    ]
    return {
        "network_id": network["id"],
        "network_name": network["name"],
        "project_id": network["project_id"],
        "tenant_id": network["project_id"],
        "total_ips": sum(subnet["total_ips"] for subnet in subnets),
        "used_ips": sum(subnet["used_ips"] for subnet in subnets),
        "subnet_ip_availability": subnets,
    }
