"""Ports: addresses out of subnets, security groups, binding.

Nova goes through `plugging`; routers, floating IPs and octavia call here.
"""

import ipaddress
from typing import Any

from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.network.addresses import NoAddressLeftError
from sandbox.cloud.network.resource import Fields, Resource, new_document, sees, stamp
from sandbox.cloud.network.security_groups import default_group
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

DEFAULTS: Fields = {
    "name": "",
    "description": "",
    "network_id": None,
    "admin_state_up": True,
    "mac_address": None,
    "fixed_ips": None,
    "device_id": "",
    "device_owner": "",
    "security_groups": None,
    "allowed_address_pairs": [],
    "extra_dhcp_opts": [],
    "port_security_enabled": None,
    "binding:vnic_type": "normal",
    "binding:host_id": "",
    "binding:profile": {},
    "qos_policy_id": None,
    "dns_name": "",
    "dns_domain": "",
    "propagate_uplink_status": True,
    "tags": [],
}
Address = dict[str, str]


def make_port(world: World, project_id: str, fields: Fields) -> Document:
    """A port with its addresses: those asked for, or the next free one of each IP version of its network."""
    state = world[NetworkState]
    network = state.networks[fields["network_id"]]
    groups = _groups(world, project_id, network, fields)
    mac = _mac(state, network, fields.get("mac_address"))
    document = new_document(DEFAULTS, project_id, fields)
    secured = document["port_security_enabled"]
    document |= {
        "mac_address": mac,
        "security_groups": groups,
        "port_security_enabled": network["port_security_enabled"] if secured is None else secured,
        "fixed_ips": _allocate(state, network, fields.get("fixed_ips")),
        "binding:vif_type": "unbound",
        "binding:vif_details": {},
        "qos_network_policy_id": network["qos_policy_id"],
        "ip_allocation": "immediate",
        "resource_request": None,
        "dns_assignment": [],
        "status": "DOWN",
    }
    _reflect_binding(document)
    return state.ports.add(document)


def update_port(world: World, port: Document, changes: Fields) -> None:
    """Take the values; addresses that go are free again, those that come are claimed first."""
    state = world[NetworkState]
    changes = dict(changes)
    if "fixed_ips" in changes:
        changes["fixed_ips"] = _reallocate(state, port, changes["fixed_ips"])
    for group in changes.get("security_groups") or ():
        state.security_groups[group]
    state.ports.change(port, **changes)
    _reflect_binding(port)
    _refresh_floating_ips(state, port)


def remove_port(world: World, port: Document) -> None:
    """Its addresses are free again, its floating IPs loose. Ports of routers and trunks refuse (409)."""
    state = world[NetworkState]
    if port["device_owner"].startswith("network:router"):
        raise Conflict(
            f"Port {port['id']} cannot be deleted directly via the port API: has device owner {port['device_owner']}.",
            kind="ServicePortInUse",
        )
    if state.trunks.where(port_id=port["id"]):
        raise Conflict(f"Port {port['id']} is currently a parent port for a trunk.", kind="PortInUseAsTrunkParent")
    if any(sub["port_id"] == port["id"] for trunk in state.trunks for sub in trunk["sub_ports"]):
        raise Conflict(f"Port {port['id']} is currently a subport of a trunk.", kind="PortInUseAsSubPort")
    drop_port(world, port)


def drop_port(world: World, port: Document) -> None:
    """Remove a port whoever owns it (the router or floating IP that owns it goes too)."""
    state = world[NetworkState]
    release(state, port["fixed_ips"])
    for floating in state.floating_ips.where(port_id=port["id"]):
        state.floating_ips.change(floating, port_id=None)
        floating |= {"fixed_ip_address": None, "router_id": None, "port_details": None, "status": "DOWN"}
        stamp(floating)
    for forwarding in [each for each in state.port_forwardings if each["internal_port_id"] == port["id"]]:
        state.port_forwardings.remove(forwarding["id"])
    state.ports.remove(port["id"])


def port_details(port: Document) -> Fields:
    """What a floating IP shows of its port."""
    names = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner")
    return {name: port[name] for name in names}


def release(state: NetworkState, fixed_ips: list[Address]) -> None:
    """Free these addresses."""
    for address in fixed_ips:
        state.books[address["subnet_id"]].release(address["ip_address"])


def _allocate(state: NetworkState, network: Document, asked: list[Fields] | None) -> list[Address]:
    """Claim what is asked for (nothing asked: one address a version); on a failure nothing stays claimed."""
    subnets = state.subnets.where(network_id=network["id"])
    claimed: list[Address] = []
    try:
        if asked is None:
            for version in sorted({subnet["ip_version"] for subnet in subnets}):
                claimed.append(
                    _any_address(state, network, [each for each in subnets if each["ip_version"] == version])
                )
        for wanted in asked or ():
            claimed.append(_asked_address(state, network, subnets, wanted))
    except (BadRequest, Conflict, NotFound):
        release(state, claimed)
        raise
    return claimed


def _any_address(state: NetworkState, network: Document, subnets: list[Document]) -> Address:
    for subnet in subnets:
        try:
            return {"subnet_id": subnet["id"], "ip_address": state.books[subnet["id"]].allocate()}
        except NoAddressLeftError:
            continue
    raise Conflict(f"No more IP addresses available on network {network['id']}.", kind="IpAddressGenerationFailure")


def _asked_address(state: NetworkState, network: Document, subnets: list[Document], wanted: Fields) -> Address:
    """One entry of `fixed_ips`: a subnet, an address, or both."""
    address = wanted.get("ip_address")
    if wanted.get("subnet_id"):
        chosen = [state.subnets[wanted["subnet_id"]]]
        if chosen[0]["network_id"] != network["id"]:
            raise BadRequest(
                f"Invalid input for operation: Failed to create port on network {network['id']}, because fixed_ips "
                f"included invalid subnet {chosen[0]['id']}.",
                kind="InvalidInput",
            )
    else:
        chosen = subnets
    if not address:
        return _any_address(state, network, chosen)
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        raise BadRequest(
            f"Invalid input for fixed_ips. Reason: '{address}' is not a valid IP address.", kind="HTTPBadRequest"
        ) from None
    for subnet in chosen:
        if number in ipaddress.ip_network(subnet["cidr"]):
            if not state.books[subnet["id"]].claim(address):
                raise Conflict(
                    f"IP address {address} already allocated in subnet {subnet['id']}", kind="IpAddressAlreadyAllocated"
                )
            return {"subnet_id": subnet["id"], "ip_address": address}
    raise BadRequest(
        f"IP address {address} is not a valid IP for any of the subnets on the specified network.",
        kind="InvalidIpForNetwork",
    )


def _reallocate(state: NetworkState, port: Document, asked: list[Fields]) -> list[Address]:
    """The port's new addresses; those it keeps stay claimed, those it loses are freed."""
    before = port["fixed_ips"]
    kept = [address for address in before if any(_same(address, wanted) for wanted in asked)]
    new = [wanted for wanted in asked if not any(_same(address, wanted) for address in kept)]
    added = _allocate(state, state.networks[port["network_id"]], new)
    release(state, [address for address in before if address not in kept])
    return [*kept, *added]


def _same(address: Address, wanted: Fields) -> bool:
    return all(address.get(name) == value for name, value in wanted.items() if value)


def _groups(world: World, project_id: str, network: Document, fields: Fields) -> list[str]:
    """The security groups of a new port: as asked, or the project's default one where ports are secured at all."""
    asked = fields.get("security_groups")
    if asked is not None:
        for group in asked:
            world[NetworkState].security_groups[group]
        return list(asked)
    secured = fields.get("port_security_enabled", network["port_security_enabled"])
    if secured is False or fields.get("device_owner", "").startswith("network:"):
        return []
    return [default_group(world, project_id)["id"]]


def _mac(state: NetworkState, network: Document, asked: str | None) -> str:
    if not asked:
        return "fa:16:3e:" + next(state.macs).to_bytes(3, "big").hex(":")
    if any(port["mac_address"] == asked for port in state.ports.where(network_id=network["id"])):
        raise Conflict(
            f"Unable to complete operation for network {network['id']}. The mac address {asked} is in use.",
            kind="MacAddressInUse",
        )
    return asked


def _reflect_binding(port: Document) -> None:
    """A port with a host is plugged and ACTIVE; so are those of neutron's own devices."""
    bound = bool(port["binding:host_id"])
    port["binding:vif_type"] = "ovs" if bound else "unbound"
    port["binding:vif_details"] = {"port_filter": True, "connectivity": "l2"} if bound else {}
    plugged = bound or port["device_owner"].startswith("network:router")
    port["status"] = "ACTIVE" if plugged and port["admin_state_up"] else "DOWN"


def _refresh_floating_ips(state: NetworkState, port: Document) -> None:
    for floating in state.floating_ips.where(port_id=port["id"]):
        floating["port_details"] = port_details(port)


def _check_references(call: Call, fields: Fields) -> None:
    """The network and the groups must be the caller's to use."""
    state = call.world[NetworkState]
    network = state.networks.get(fields.get("network_id")) if "network_id" in fields else None
    if network is not None and not sees(call, network):
        raise NotFound(f"Network {network['id']} could not be found.", kind="NetworkNotFound")
    for identifier in fields.get("security_groups") or ():
        group: Any = state.security_groups.get(identifier)
        if group is None or not sees(call, group):
            raise NotFound(f"Security group {identifier} does not exist", kind="SecurityGroupNotFound")


PORT = Resource(
    singular="port",
    plural="ports",
    path="ports",
    collection=lambda world: world[NetworkState].ports,
    make=make_port,
    remove=remove_port,
    update=update_port,
    check=_check_references,
    defaults=DEFAULTS,
    required=frozenset({"network_id"}),
    updatable=frozenset(DEFAULTS) - {"network_id", "tags"},
    restricted=frozenset({"binding:host_id", "binding:profile"}),
)
