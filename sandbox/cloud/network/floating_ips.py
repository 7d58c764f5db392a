"""Floating IPs: an address of an external network, loose or tied to a port; port forwardings on the loose ones."""

from typing import Any

from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.network import query
from sandbox.cloud.network.ports import drop_port, make_port, port_details
from sandbox.cloud.network.resource import Fields, Resource, find, new_document, own, sees, stamp
from sandbox.cloud.network.routers import router_to
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

DEFAULTS: Fields = {
    "description": "",
    "floating_network_id": None,
    "floating_ip_address": None,
    "subnet_id": None,
    "port_id": None,
    "fixed_ip_address": None,
    "qos_policy_id": None,
    "dns_name": "",
    "dns_domain": "",
}


def make_floating_ip(world: World, project_id: str, fields: Fields) -> Document:
    """An address with the port that holds it on the external network, tied to a port where one is named."""
    state = world[NetworkState]
    network = state.networks[fields["floating_network_id"]]
    if not network["router:external"]:
        raise BadRequest(
            f"Bad floatingip request: Network {network['id']} is not a valid external network.", kind="BadRequest"
        )
    document = new_document(DEFAULTS, project_id, fields)
    del document["subnet_id"]
    tie = _tie(world, document, fields)
    wanted = {"subnet_id": fields.get("subnet_id"), "ip_address": fields.get("floating_ip_address")}
    holder = make_port(
        world,
        "",
        {
            "network_id": network["id"],
            "fixed_ips": [wanted] if any(wanted.values()) else None,
            "device_id": document["id"],
            "device_owner": "network:floatingip",
        },
    )
    if not holder["fixed_ips"]:
        drop_port(world, holder)
        raise BadRequest(f"Bad floatingip request: network {network['id']} has no subnet.", kind="BadRequest")
    document |= tie | {"floating_ip_address": holder["fixed_ips"][0]["ip_address"]}
    return state.floating_ips.add(document)


def update_floating_ip(world: World, floating: Document, changes: Fields) -> None:
    """Take the values; `port_id` ties it to a port, null lets it loose."""
    if "port_id" in changes:
        tie = _tie(world, floating, changes)
        world[NetworkState].floating_ips.change(floating, port_id=tie["port_id"])
        floating.update(tie)
    floating.update({name: value for name, value in changes.items() if name not in ("port_id", "fixed_ip_address")})


def remove_floating_ip(world: World, floating: Document) -> None:
    """The port that holds its address goes with it, and its forwardings."""
    state = world[NetworkState]
    for holder in state.ports.where(device_id=floating["id"]):
        drop_port(world, holder)
    for forwarding in state.port_forwardings.where(floatingip_id=floating["id"]):
        state.port_forwardings.remove(forwarding["id"])
    state.floating_ips.remove(floating["id"])


def _tie(world: World, floating: Document, fields: Fields) -> Fields:
    """What a floating IP shows of the port it is tied to, or of being loose. Refuses a port no router leads to."""
    port_id = fields.get("port_id")
    if not port_id:
        return {"port_id": None, "fixed_ip_address": None, "router_id": None, "port_details": None, "status": "DOWN"}
    state = world[NetworkState]
    port = state.ports[port_id]
    address = _fixed_address(port, fields.get("fixed_ip_address"))
    external = floating["floating_network_id"]
    router = router_to(world, address["subnet_id"], external)
    if router is None:
        raise NotFound(
            f"External network {external} is not reachable from subnet {address['subnet_id']}. "
            f"Therefore, cannot associate Port "
            f"{port_id} with a Floating IP.",
            kind="ExternalGatewayForFloatingIPNotFound",
        )
    for other in state.floating_ips.where(port_id=port_id):
        if other["id"] != floating["id"] and other["fixed_ip_address"] == address["ip_address"]:
            raise Conflict(
                f"Cannot associate floating IP {floating['floating_ip_address']} ({floating['id']}) with port "
                f"{port_id} using fixed IP "
                f"{address['ip_address']}, as that fixed IP already has a floating IP on external network {external}.",
                kind="FloatingIPPortAlreadyAssociated",
            )
    return {
        "port_id": port_id,
        "fixed_ip_address": address["ip_address"],
        "router_id": router["id"],
        "port_details": port_details(port),
        "status": "ACTIVE",
    }


def _fixed_address(port: Document, asked: str | None) -> dict[str, str]:
    addresses: list[dict[str, str]] = port["fixed_ips"]
    for address in addresses:
        if asked in (None, address["ip_address"]):
            return address
    raise BadRequest(
        f"Bad floatingip request: Cannot add floating IP to port {port['id']} that has no fixed IPv4 addresses.",
        kind="BadRequest",
    )


def _check_references(call: Call, fields: Fields) -> None:
    state = call.world[NetworkState]
    for name, collection, kind in (
        ("floating_network_id", state.networks, "Network"),
        ("port_id", state.ports, "Port"),
    ):
        document: Any = collection.get(fields.get(name))
        if fields.get(name) and (document is None or not sees(call, document)):
            raise NotFound(f"{kind} {fields[name]} could not be found.", kind=f"{kind}NotFound")


FLOATING_IP = Resource(
    singular="floatingip",
    plural="floatingips",
    path="floatingips",
    collection=lambda world: world[NetworkState].floating_ips,
    make=make_floating_ip,
    remove=remove_floating_ip,
    update=update_floating_ip,
    check=_check_references,
    defaults=DEFAULTS,
    required=frozenset({"floating_network_id"}),
    updatable=frozenset({"description", "port_id", "fixed_ip_address", "qos_policy_id"}),
    restricted=frozenset({"floating_ip_address"}),
)

FORWARDING_FIELDS = (
    "internal_port_id",
    "internal_ip_address",
    "internal_port",
    "external_port",
    "protocol",
    "description",
)


def register_forwardings(routes: Router) -> None:
    """`/floatingips/{id}/port_forwardings`."""
    base = "/v2.0/floatingips/{id}/port_forwardings"
    routes.get(base)(_list_forwardings)
    routes.post(base, status=201)(_create_forwarding)
    routes.get(f"{base}/{{forwarding_id}}")(_show_forwarding)
    routes.put(f"{base}/{{forwarding_id}}")(_update_forwarding)
    routes.delete(f"{base}/{{forwarding_id}}")(_delete_forwarding)


def _list_forwardings(call: Call) -> Fields:
    forwardings = call.world[NetworkState].port_forwardings.where(floatingip_id=find(FLOATING_IP, call)["id"])
    return {"port_forwardings": query.page(call, forwardings).documents}


def _create_forwarding(call: Call) -> Fields:
    floating, fields = own(FLOATING_IP, call), call.body("port_forwarding")
    if floating["port_id"]:
        raise Conflict(f"Floating IP {floating['id']} is tied to port {floating['port_id']}.", kind="PortHasFloatingIP")
    state = call.world[NetworkState]
    state.ports[fields["internal_port_id"]]
    for other in state.port_forwardings.where(floatingip_id=floating["id"]):
        if (other["external_port"], other["protocol"]) == (fields["external_port"], fields["protocol"]):
            raise Conflict(
                "A duplicate port forwarding entry with same attributes already exists.",
                kind="FloatingIpPortForwardingDuplicate",
            )
    document = new_document(dict.fromkeys(FORWARDING_FIELDS), floating["project_id"], fields) | {
        "floatingip_id": floating["id"]
    }
    return {"port_forwarding": state.port_forwardings.add(document)}


def _forwarding(call: Call) -> Document:
    forwarding = call.world[NetworkState].port_forwardings[call.params["forwarding_id"]]
    if forwarding["floatingip_id"] != find(FLOATING_IP, call)["id"]:
        raise NotFound(f"Port Forwarding {forwarding['id']} could not be found.", kind="PortForwardingNotFound")
    return forwarding


def _show_forwarding(call: Call) -> Fields:
    return {"port_forwarding": _forwarding(call)}


def _update_forwarding(call: Call) -> Fields:
    forwarding, changes = _forwarding(call), call.body("port_forwarding")
    forwarding.update({name: value for name, value in changes.items() if name in FORWARDING_FIELDS})
    stamp(forwarding)
    return {"port_forwarding": forwarding}


def _delete_forwarding(call: Call) -> None:
    call.world[NetworkState].port_forwardings.remove(_forwarding(call)["id"])
