"""Ports of servers: listed, added and taken away while the server lives."""

from typing import Any

from sandbox.cloud.compute.finding import server_of
from sandbox.cloud.compute.lifecycle import require_unlocked
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.errors import BadRequest, NotFound
from sandbox.cloud.network import plugging
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document

BASE = "/v2.1/servers/{server_id}/os-interface"
ONE = BASE + "/{port_id}"


def _shown(call: Call, port: Document) -> Document:
    document = {
        "port_id": port["id"],
        "net_id": port["network_id"],
        "mac_addr": port["mac_address"],
        "port_state": port["status"],
        "fixed_ips": port["fixed_ips"],
    }
    if call.microversion >= (2, 70):
        document["tag"] = None
    return document


@routes.get(BASE)
def index(call: Call) -> dict[str, Any]:
    """A server's ports."""
    ports = plugging.ports_of(call.world, server_of(call)["id"])
    return {"interfaceAttachments": [_shown(call, port) for port in ports]}


@routes.post(BASE)
def create(call: Call) -> dict[str, Any]:
    """Give the server a port, or make one on a network."""
    server = server_of(call)
    require_unlocked(call, server)
    document = call.json().get("interfaceAttachment") or {}
    port_id, network_id = document.get("port_id"), document.get("net_id")
    if port_id and network_id:
        raise BadRequest("Must not input both network_id and port_id")
    if port_id:
        port = plugging.bind_port(call.world, call.caller, port_id=port_id, server=server)
    else:
        port = _on_network(call, server, network_id, document.get("fixed_ips") or [])
    server["ports"].append({"port_id": port["id"], "made_here": not port_id})
    return {"interfaceAttachment": _shown(call, port)}


def _on_network(call: Call, server: Document, network_id: str | None, fixed_ips: list[Document]) -> Document:
    if network_id is None:
        usable = plugging.usable_networks(call.world, call.caller)
        if len(usable) != 1:
            raise BadRequest("Name a network: the project has not exactly one.")
        network_id = usable[0]["id"]
    fixed_ip = fixed_ips[0]["ip_address"] if fixed_ips else None
    return plugging.make_port(call.world, call.caller, network_id=network_id, server=server, fixed_ip=fixed_ip)


def _port(call: Call, server: Document) -> Document:
    for port in plugging.ports_of(call.world, server["id"]):
        if port["id"] == call.params["port_id"]:
            return port
    raise NotFound(f"Port {call.params['port_id']} is not attached to instance {server['id']}")


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One port of the server."""
    return {"interfaceAttachment": _shown(call, _port(call, server_of(call)))}


@routes.delete(ONE, status=202)
def delete(call: Call) -> Reply:
    """Take a port away: deleted if nova made it, else freed."""
    server = server_of(call)
    require_unlocked(call, server)
    port_id = _port(call, server)["id"]
    made_here = any(one["made_here"] for one in server["ports"] if one["port_id"] == port_id)
    server["ports"] = [one for one in server["ports"] if one["port_id"] != port_id]
    if made_here:
        plugging.remove_port(call.world, port_id)
    else:
        plugging.unbind_port(call.world, port_id)
    return Reply(status=202)


@routes.get("/v2.1/servers/{server_id}/ips")
def addresses(call: Call) -> dict[str, Any]:
    """A server's addresses by network."""
    return {"addresses": plugging.addresses_of(call.world, server_of(call)["id"])}


@routes.get("/v2.1/servers/{server_id}/os-security-groups")
def security_groups(call: Call) -> dict[str, Any]:
    """The security groups of a server's ports."""
    return {"security_groups": plugging.security_groups_of(call.world, server_of(call)["id"])}
