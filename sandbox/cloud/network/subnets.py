"""Subnets, and the subnet pools they may be cut from."""

import ipaddress
import itertools
from typing import Any

from sandbox.cloud.caller import Caller
from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.network import addresses
from sandbox.cloud.network.addresses import AddressBook, Pool
from sandbox.cloud.network.resource import Fields, Resource, new_document, opened_to, sees, stamp
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

DEFAULTS: Fields = {
    "name": "",
    "description": "",
    "network_id": None,
    "ip_version": 4,
    "cidr": None,
    "gateway_ip": None,
    "allocation_pools": [],
    "enable_dhcp": True,
    "dns_nameservers": [],
    "host_routes": [],
    "ipv6_address_mode": None,
    "ipv6_ra_mode": None,
    "subnetpool_id": None,
    "prefixlen": None,
    "service_types": [],
    "segment_id": None,
    "dns_publish_fixed_ip": False,
    "use_default_subnetpool": False,
}
_NOT_SHOWN = ("prefixlen", "use_default_subnetpool")


def make_subnet(world: World, project_id: str, fields: Fields) -> Document:
    """A subnet with its address book; its CIDR given or cut from its subnet pool."""
    state = world[NetworkState]
    network = state.networks[fields["network_id"]]
    cidr = _cidr(state, fields)
    _refuse_overlap(state, network, cidr)
    gateway = fields.get("gateway_ip") if "gateway_ip" in fields else addresses.default_gateway(cidr)
    pools = _pools(cidr, gateway, fields.get("allocation_pools"))
    document = new_document(DEFAULTS, project_id, fields)
    for name in _NOT_SHOWN:
        del document[name]
    document |= {
        "cidr": str(cidr),
        "ip_version": cidr.version,
        "gateway_ip": gateway,
        "allocation_pools": [pool.body(cidr.version) for pool in pools],
    }
    state.books[document["id"]] = AddressBook(cidr.version, pools)
    network["subnets"].append(document["id"])
    stamp(network)
    return state.subnets.add(document)


def update_subnet(world: World, subnet: Document, changes: Fields) -> None:
    """Take the values; new pools rule what is given out from now on."""
    state = world[NetworkState]
    cidr = ipaddress.ip_network(subnet["cidr"])
    gateway = changes.get("gateway_ip", subnet["gateway_ip"])
    if gateway != subnet["gateway_ip"] and _gateway_in_use(state, subnet):
        raise Conflict(
            f"Current gateway ip {subnet['gateway_ip']} already in use by a port. Unable to update.",
            kind="GatewayIpInUse",
        )
    if changes.get("allocation_pools"):
        pools = _pools(cidr, gateway, changes["allocation_pools"])
        state.books[subnet["id"]].replace_pools(pools)
        changes = changes | {"allocation_pools": [pool.body(cidr.version) for pool in pools]}
    subnet.update(changes)


def remove_subnet(world: World, subnet: Document) -> None:
    """Refused (409) while a port has an address of it."""
    state = world[NetworkState]
    if state.books[subnet["id"]].taken:
        raise Conflict(
            f"Unable to complete operation on subnet {subnet['id']}: "
            "One or more ports have an IP allocation from this subnet.",
            kind="SubnetInUse",
        )
    network = state.networks[subnet["network_id"]]
    network["subnets"].remove(subnet["id"])
    stamp(network)
    state.subnets.remove(subnet["id"])
    del state.books[subnet["id"]]


def _cidr(state: NetworkState, fields: Fields) -> addresses.Network:
    if fields.get("cidr"):
        try:
            cidr = ipaddress.ip_network(fields["cidr"], strict=False)
        except ValueError:
            raise BadRequest(
                f"Invalid input for cidr. Reason: '{fields['cidr']}' is not a valid IP subnet.", kind="HTTPBadRequest"
            ) from None
        if fields.get("ip_version", cidr.version) != cidr.version:
            raise BadRequest(
                f"Invalid input for operation: cidr '{cidr}' does not match the ip_version '{fields['ip_version']}'.",
                kind="InvalidInput",
            )
        return cidr
    if not fields.get("subnetpool_id"):
        raise BadRequest(
            "Bad subnets request: a subnetpool must be specified in the absence of a cidr.", kind="BadRequest"
        )
    pool = state.subnet_pools[fields["subnetpool_id"]]
    length = fields.get("prefixlen") or pool["default_prefixlen"]
    used = [subnet["cidr"] for subnet in state.subnets.where(subnetpool_id=pool["id"])]
    carved = addresses.carve(pool["prefixes"], int(length), used)
    if carved is None:
        raise Conflict(
            "Failed to allocate subnet: Insufficient prefix space to allocate subnet size /" + str(length) + ".",
            kind="SubnetAllocationError",
        )
    return ipaddress.ip_network(carved)


def _refuse_overlap(state: NetworkState, network: Document, cidr: addresses.Network) -> None:
    for other in state.subnets.where(network_id=network["id"]):
        if other["ip_version"] == cidr.version and cidr.overlaps(ipaddress.ip_network(other["cidr"])):
            raise BadRequest(
                f"Invalid input for operation: Requested subnet with cidr: {cidr} for network: {network['id']} "
                "overlaps with another subnet.",
                kind="InvalidInput",
            )


def _pools(cidr: addresses.Network, gateway: str | None, given: list[dict[str, str]] | None) -> list[Pool]:
    if not given:
        return addresses.default_pools(cidr, gateway)
    try:
        pools = addresses.parse_pools(given)
    except (ValueError, KeyError, TypeError):
        raise BadRequest("Invalid input for allocation_pools.", kind="HTTPBadRequest") from None
    lowest, highest = int(cidr.network_address), int(cidr.broadcast_address)
    for pool in pools:
        if not lowest <= pool.first <= pool.last <= highest:
            raise BadRequest(
                f"The allocation pool {pool.body(cidr.version)} spans beyond the subnet cidr {cidr}.",
                kind="OutOfBoundsAllocationPool",
            )
        if gateway and pool.first <= int(ipaddress.ip_address(gateway)) <= pool.last:
            raise Conflict(
                f"Gateway ip {gateway} conflicts with allocation pool {pool.body(cidr.version)}.",
                kind="GatewayConflictWithAllocationPools",
            )
    if any(before.last >= after.first for before, after in itertools.pairwise(pools)):
        raise Conflict(f"Found overlapping allocation pools for subnet {cidr}.", kind="OverlappingAllocationPools")
    return pools


def _gateway_in_use(state: NetworkState, subnet: Document) -> bool:
    return any(
        address == {"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}
        for port in state.ports.where(network_id=subnet["network_id"])
        for address in port["fixed_ips"]
    )


def _check_network(call: Call, fields: Fields) -> None:
    network = call.world[NetworkState].networks.get(fields.get("network_id")) if "network_id" in fields else None
    if network is not None and not sees(call, network):
        raise NotFound(f"Network {network['id']} could not be found.", kind="NetworkNotFound")


def _opened_with_network(world: World, caller: Caller, subnet: Document) -> bool:
    """A subnet shows where its network is shared; that of an external network does not show for being external."""
    state = world[NetworkState]
    network = state.networks[subnet["network_id"]]
    return bool(
        network["shared"] or network["project_id"] == caller.project_id or state.shared_with(network, caller.project_id)
    )


SUBNET = Resource(
    singular="subnet",
    plural="subnets",
    path="subnets",
    collection=lambda world: world[NetworkState].subnets,
    make=make_subnet,
    remove=remove_subnet,
    update=update_subnet,
    check=_check_network,
    opened=_opened_with_network,
    defaults=DEFAULTS,
    required=frozenset({"network_id"}),
    updatable=frozenset(
        {
            "name",
            "description",
            "gateway_ip",
            "allocation_pools",
            "enable_dhcp",
            "dns_nameservers",
            "host_routes",
            "service_types",
        }
    ),
)


POOL_DEFAULTS: Fields = {
    "name": "",
    "description": "",
    "prefixes": [],
    "min_prefixlen": 8,
    "default_prefixlen": 8,
    "max_prefixlen": 32,
    "default_quota": None,
    "shared": False,
    "is_default": False,
    "address_scope_id": None,
}


def make_subnet_pool(world: World, project_id: str, fields: Fields) -> Document:
    """A pool of prefixes of one IP version."""
    versions = {_version(prefix) for prefix in fields["prefixes"]}
    if len(versions) != 1:
        raise BadRequest("Invalid input for operation: prefixes must be of one IP version.", kind="InvalidInput")
    given: dict[str, Any] = {"default_prefixlen": fields.get("min_prefixlen", 8)} | fields
    document = new_document(POOL_DEFAULTS, project_id, given)
    document |= {"ip_version": versions.pop()}
    return world[NetworkState].subnet_pools.add(document)


def remove_subnet_pool(world: World, pool: Document) -> None:
    """Refused (409) while a subnet is cut from it."""
    state = world[NetworkState]
    if any(subnet["subnetpool_id"] == pool["id"] for subnet in state.subnets):
        raise Conflict(
            f"Unable to delete subnet pool: subnets of pool {pool['id']} exist.", kind="SubnetPoolDeleteError"
        )
    state.subnet_pools.remove(pool["id"])


def _version(prefix: str) -> int:
    try:
        return ipaddress.ip_network(prefix, strict=False).version
    except ValueError:
        raise BadRequest(f"'{prefix}' is not a valid IP subnet.", kind="HTTPBadRequest") from None


SUBNET_POOL = Resource(
    singular="subnetpool",
    plural="subnetpools",
    path="subnetpools",
    collection=lambda world: world[NetworkState].subnet_pools,
    make=make_subnet_pool,
    remove=remove_subnet_pool,
    opened=opened_to,
    defaults=POOL_DEFAULTS,
    required=frozenset({"name", "prefixes"}),
    updatable=frozenset(POOL_DEFAULTS) - {"shared"},
    restricted=frozenset({"shared", "is_default"}),
)
