"""What nova asks of neutron: ports made for a server or given to it, bound and unbound, and their addresses.

Called by `sandbox.cloud.compute`.
"""

from sandbox.cloud.caller import Caller
from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.network import ports
from sandbox.cloud.network.resource import Fields, may_see, stamp
from sandbox.cloud.network.security_groups import default_group
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.store import Document
from sandbox.cloud.world import World


def make_port(
    world: World,
    caller: Caller,
    *,
    network_id: str,
    server: Document,
    fixed_ip: str | None = None,
    security_groups: list[str] | None = None,
) -> Document:
    """Make a port on a network for a server (its `id`, `availability_zone`, `host`) and bind it.

    `security_groups` are names or ids of the caller's project (none: `default`). `BadRequest` where the network has
    no subnet or does not exist for the caller. The port's device_owner is `compute:<zone>`.
    """
    network = world[NetworkState].networks.get(network_id)
    if network is None or not may_see(world, caller, network):
        raise BadRequest(f"Network {network_id} could not be found.")
    if not network["subnets"]:
        raise BadRequest(f"Network {network_id} requires a subnet in order to boot instances on.")
    fields: Fields = {"network_id": network_id, **_binding(server)}
    if fixed_ip:
        fields["fixed_ips"] = [{"ip_address": fixed_ip}]
    if security_groups is not None:
        fields["security_groups"] = [_group(world, caller, each)["id"] for each in security_groups]
    return ports.make_port(world, caller.project_id or "", fields)


def bind_port(world: World, caller: Caller, *, port_id: str, server: Document) -> Document:
    """Give an existing port to a server; `BadRequest` where it does not exist, `Conflict` where a device has it."""
    port = world[NetworkState].ports.get(port_id)
    if port is None or not may_see(world, caller, port):
        raise BadRequest(f"Port {port_id} could not be found.")
    if port["device_id"]:
        raise Conflict(f"Port {port_id} is still in use.")
    ports.update_port(world, port, _binding(server))
    stamp(port)
    return port


def unbind_port(world: World, port_id: str) -> None:
    """Take a port from its server and keep it; a port that is gone is no error."""
    port = world[NetworkState].ports.get(port_id)
    if port is not None:
        ports.update_port(world, port, {"device_id": "", "device_owner": "", "binding:host_id": ""})
        stamp(port)


def remove_port(world: World, port_id: str) -> None:
    """Delete a port (and free its floating IP); a port that is gone is no error."""
    port = world[NetworkState].ports.get(port_id)
    if port is not None:
        ports.drop_port(world, port)


def ports_of(world: World, server_id: str) -> list[Document]:
    """The ports of a server."""
    return world[NetworkState].ports.where(device_id=server_id)


def usable_networks(world: World, caller: Caller) -> list[Document]:
    """The networks a server is put on when its create names none: the project's own and shared ones, not external."""
    state = world[NetworkState]
    return [
        network
        for network in state.networks
        if not network["router:external"]
        and (
            network["project_id"] == caller.project_id
            or network["shared"]
            or state.shared_with(network, caller.project_id)
        )
    ]


def external_networks(world: World) -> list[Document]:
    """The networks that floating IPs come from."""
    return [network for network in world[NetworkState].networks if network["router:external"]]


def addresses_of(world: World, server_id: str) -> Document:
    """`{network name: [{"addr", "version", "OS-EXT-IPS:type", "OS-EXT-IPS-MAC:mac_addr"}]}` with floating addresses."""
    state = world[NetworkState]
    addresses: dict[str, list[Fields]] = {}
    for port in ports_of(world, server_id):
        entries = addresses.setdefault(state.networks[port["network_id"]]["name"], [])
        floating = state.floating_ips.where(port_id=port["id"])
        entries += [_entry(port, address["ip_address"], "fixed") for address in port["fixed_ips"]]
        entries += [_entry(port, each["floating_ip_address"], "floating") for each in floating]
    return addresses


def security_groups_of(world: World, server_id: str) -> list[Document]:
    """`[{"name": …}]` of the server's ports, each once."""
    groups = world[NetworkState].security_groups
    identifiers = dict.fromkeys(each for port in ports_of(world, server_id) for each in port["security_groups"])
    return [{"name": groups[identifier]["name"]} for identifier in identifiers]


def set_security_group(world: World, caller: Caller, server_id: str, name_or_id: str, *, wanted: bool) -> None:
    """Put a security group on all ports of a server, or take it off; `NotFound` where the caller has no such group."""
    group = _group(world, caller, name_or_id)["id"]
    for port in ports_of(world, server_id):
        others = [each for each in port["security_groups"] if each != group]
        port["security_groups"] = [*others, group] if wanted else others
        stamp(port)


def _binding(server: Document) -> Fields:
    return {
        "device_id": server["id"],
        "device_owner": f"compute:{server['availability_zone']}",
        "binding:host_id": server["host"],
    }


def _group(world: World, caller: Caller, name_or_id: str) -> Document:
    """The caller's group of that id or name; `default` comes into being by being named."""
    if name_or_id == "default":
        return default_group(world, caller.project_id or "")
    groups = world[NetworkState].security_groups
    found = groups.get(name_or_id) or groups.first(project_id=caller.project_id, name=name_or_id)
    if found is None or not may_see(world, caller, found):
        raise NotFound(f"Security group {name_or_id} not found for project {caller.project_id}.")
    return found


def _entry(port: Document, address: str, kind: str) -> Fields:
    return {
        "addr": address,
        "version": 6 if ":" in address else 4,
        "OS-EXT-IPS:type": kind,
        "OS-EXT-IPS-MAC:mac_addr": port["mac_address"],
    }
