"""What nova asks of neutron: ports made for a server or given to it, bound and unbound, and their addresses.

Called by `sandbox.cloud.compute`.
"""

from sandbox.cloud.caller import Caller
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
    """Make a port on a network for a server (its `id`, `OS-EXT-AZ:availability_zone`, `OS-EXT-SRV-ATTR:host`) and bind it.

    `security_groups` are names or ids of the caller's project (none: `default`). `BadRequest` where the network has no subnet or
    does not exist for the caller. The port's device_owner is `compute:<zone>`.
    """
    raise NotImplementedError


def bind_port(world: World, caller: Caller, *, port_id: str, server: Document) -> Document:
    """Give an existing port to a server; `BadRequest` where it does not exist, `Conflict` where a device has it."""
    raise NotImplementedError


def unbind_port(world: World, port_id: str) -> None:
    """Take a port from its server and keep it; a port that is gone is no error."""
    raise NotImplementedError


def remove_port(world: World, port_id: str) -> None:
    """Delete a port (and free its floating IP); a port that is gone is no error."""
    raise NotImplementedError


def ports_of(world: World, server_id: str) -> list[Document]:
    """The ports of a server."""
    raise NotImplementedError


def usable_networks(world: World, caller: Caller) -> list[Document]:
    """The networks a server is put on when its create names none: the project's own and shared ones, not external."""
    raise NotImplementedError


def addresses_of(world: World, server_id: str) -> Document:
    """`{network name: [{"addr", "version", "OS-EXT-IPS:type", "OS-EXT-IPS-MAC:mac_addr"}]}` with floating addresses."""
    raise NotImplementedError


def security_groups_of(world: World, server_id: str) -> list[Document]:
    """`[{"name": …}]` of the server's ports, each once."""
    raise NotImplementedError


def set_security_group(world: World, caller: Caller, server_id: str, name_or_id: str, *, wanted: bool) -> None:
    """Put a security group on all ports of a server, or take it off; `NotFound` where the caller has no such group."""
    raise NotImplementedError
