"""Routers: the gateway to an external network, interfaces into subnets, extra routes."""

import ipaddress
from typing import Any

from sandbox.cloud.errors import ApiError, BadRequest, Conflict, Forbidden, NotFound
from sandbox.cloud.network.networks import check_zones
from sandbox.cloud.network.ports import drop_port, make_port
from sandbox.cloud.network.resource import Fields, Resource, new_document, own, sees, stamp
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

INTERFACE = "network:router_interface"
GATEWAY = "network:router_gateway"
DEFAULTS: Fields = {
    "name": "",
    "description": "",
    "admin_state_up": True,
    "external_gateway_info": None,
    "distributed": False,
    "ha": False,
    "routes": [],
    "flavor_id": None,
    "availability_zone_hints": [],
}


def make_router(world: World, project_id: str, fields: Fields) -> Document:
    """A router, with its gateway port where a gateway is asked for."""
    document = new_document(DEFAULTS, project_id, fields)
    document |= {"status": "ACTIVE", "availability_zones": ["nova"], "external_gateway_info": None}
    if fields.get("external_gateway_info"):
        _set_gateway(world, document, fields["external_gateway_info"])
    return world[NetworkState].routers.add(document)


def update_router(world: World, router: Document, changes: Fields) -> None:
    """Take the values; a changed gateway is plugged anew, and stays while floating IPs use it (409)."""
    changes = dict(changes)
    if "routes" in changes:
        _check_routes(world, router, changes["routes"])
    if "external_gateway_info" in changes:
        _change_gateway(world, router, changes.pop("external_gateway_info") or {})
    router.update(changes)


def remove_router(world: World, router: Document) -> None:
    """Refused (409) while it has interfaces; its gateway goes with it."""
    if interfaces(world, router):
        raise Conflict(f"Router {router['id']} still has ports", kind="RouterInUse")
    _clear_gateway(world, router)
    world[NetworkState].routers.remove(router["id"])


def interfaces(world: World, router: Document) -> list[Document]:
    """The ports by which a router reaches into subnets."""
    return world[NetworkState].ports.where(device_id=router["id"], device_owner=INTERFACE)


def router_to(world: World, subnet_id: str, external_network_id: str) -> Document | None:
    """The router between a subnet and an external network, or nothing."""
    state = world[NetworkState]
    for port in state.ports.where(network_id=state.subnets[subnet_id]["network_id"], device_owner=INTERFACE):
        router = state.routers[port["device_id"]]
        gateway = router["external_gateway_info"] or {}
        reaches = any(address["subnet_id"] == subnet_id for address in port["fixed_ips"])
        if reaches and gateway.get("network_id") == external_network_id:
            return router
    return None


def add_interface(world: World, router: Document, fields: Fields) -> Fields:
    """Plug a subnet (at its gateway's address) or a port that is free; answers what neutron's action answers."""
    if fields.get("port_id"):
        port = _plug_port(world, router, world[NetworkState].ports[fields["port_id"]])
    elif fields.get("subnet_id"):
        port = _plug_subnet(world, router, world[NetworkState].subnets[fields["subnet_id"]])
    else:
        raise BadRequest("Bad router request: Either subnet_id or port_id must be specified.", kind="BadRequest")
    stamp(router)
    return _interface_body(router, port)


def remove_interface(world: World, router: Document, fields: Fields) -> Fields:
    """Unplug the interface named by subnet or port, which goes with its port."""
    subnet_id, port_id = fields.get("subnet_id"), fields.get("port_id")
    if not subnet_id and not port_id:
        raise BadRequest(
            "Validation of attributes failed: Either subnet_id or port_id must be specified.", kind="BadRequest"
        )
    for port in interfaces(world, router):
        if port_id in (None, port["id"]) and subnet_id in (None, *_subnets_of(port)):
            break
    else:
        raise NotFound(
            f"Router {router['id']} does not have an interface on {subnet_id or port_id}.",
            kind="RouterInterfaceNotFoundForSubnet" if subnet_id else "RouterInterfaceNotFound",
        )
    _refuse_floating_behind(world, router, _subnets_of(port))
    drop_port(world, port)
    stamp(router)
    return _interface_body(router, port)


def _plug_subnet(world: World, router: Document, subnet: Document) -> Document:
    if not subnet["gateway_ip"]:
        raise BadRequest("Bad router request: Subnet for router interface must have a gateway IP.", kind="BadRequest")
    _refuse_clash(world, router, subnet)
    fixed = [{"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}]
    return make_port(
        world,
        router["project_id"],
        {
            "network_id": subnet["network_id"],
            "fixed_ips": fixed,
            "device_id": router["id"],
            "device_owner": INTERFACE,
        },
    )


def _plug_port(world: World, router: Document, port: Document) -> Document:
    if port["device_id"]:
        raise Conflict(f"Port {port['id']} is currently in use by device {port['device_id']}.", kind="PortInUse")
    for subnet_id in _subnets_of(port):
        _refuse_clash(world, router, world[NetworkState].subnets[subnet_id])
    world[NetworkState].ports.change(port, device_id=router["id"], device_owner=INTERFACE, status="ACTIVE")
    stamp(port)
    return port


def _refuse_clash(world: World, router: Document, subnet: Document) -> None:
    state = world[NetworkState]
    cidr = ipaddress.ip_network(subnet["cidr"])
    for port in interfaces(world, router):
        for other_id in _subnets_of(port):
            if other_id == subnet["id"]:
                raise BadRequest(
                    f"Bad router request: Router already has a port on subnet {subnet['id']}.", kind="BadRequest"
                )
            other = state.subnets[other_id]
            if cidr.version == other["ip_version"] and cidr.overlaps(ipaddress.ip_network(other["cidr"])):
                raise BadRequest(
                    f"Bad router request: Cidr {cidr} of subnet {subnet['id']} overlaps with cidr {other['cidr']} of "
                    f"subnet {other_id}.",
                    kind="BadRequest",
                )


def _set_gateway(world: World, router: Document, asked: Fields) -> None:
    state = world[NetworkState]
    network = state.networks[asked["network_id"]]
    if not network["router:external"]:
        raise BadRequest(f"Bad router request: Network {network['id']} is not an external network.", kind="BadRequest")
    port = make_port(
        world,
        "",
        {
            "network_id": network["id"],
            "fixed_ips": asked.get("external_fixed_ips"),
            "device_id": router["id"],
            "device_owner": GATEWAY,
        },
    )
    router["external_gateway_info"] = {
        "network_id": network["id"],
        "external_fixed_ips": port["fixed_ips"],
        "enable_snat": asked.get("enable_snat", True),
    }


def _change_gateway(world: World, router: Document, asked: Fields) -> None:
    before = router["external_gateway_info"] or {}
    if before and before["network_id"] == asked.get("network_id") and not asked.get("external_fixed_ips"):
        before["enable_snat"] = asked.get("enable_snat", before["enable_snat"])
        return
    if before and before["network_id"] != asked.get("network_id"):
        _refuse_floating_through(world, router)
    _clear_gateway(world, router)
    if not asked:
        return
    try:
        _set_gateway(world, router, asked)
    except ApiError:
        if before:
            _set_gateway(world, router, before)
        raise


def _clear_gateway(world: World, router: Document) -> None:
    for port in world[NetworkState].ports.where(device_id=router["id"], device_owner=GATEWAY):
        drop_port(world, port)
    router["external_gateway_info"] = None


def _refuse_floating_through(world: World, router: Document) -> None:
    if any(floating["router_id"] == router["id"] for floating in world[NetworkState].floating_ips):
        raise Conflict(
            f"Gateway cannot be updated for router {router['id']}, since a gateway to external network is "
            "required by one "
            "or more floating IPs.",
            kind="RouterExternalGatewayInUseByFloatingIp",
        )


def _refuse_floating_behind(world: World, router: Document, subnet_ids: list[str]) -> None:
    state = world[NetworkState]
    for floating in state.floating_ips:
        port = state.ports.get(floating["port_id"])
        if floating["router_id"] == router["id"] and port and set(_subnets_of(port)) & set(subnet_ids):
            raise Conflict(
                f"Router interface for subnet {subnet_ids[0]} on router {router['id']} cannot be deleted, as it is "
                "required "
                "by one or more floating IPs.",
                kind="RouterInterfaceInUseByFloatingIP",
            )


def _check_routes(world: World, router: Document, routes: list[dict[str, str]]) -> None:
    """A next hop must lie in a subnet the router has a leg in."""
    state = world[NetworkState]
    legs = [subnet for port in state.ports.where(device_id=router["id"]) for subnet in _subnets_of(port)]
    near = [ipaddress.ip_network(state.subnets[subnet]["cidr"]) for subnet in legs]
    for route in routes:
        hop = ipaddress.ip_address(route["nexthop"])
        if not any(hop in cidr for cidr in near):
            raise BadRequest(
                f"Invalid format for routes: {routes}, the nexthop is not connected with router", kind="InvalidRoutes"
            )


def _subnets_of(port: Document) -> list[str]:
    return [address["subnet_id"] for address in port["fixed_ips"]]


def _interface_body(router: Document, port: Document) -> Fields:
    subnets = _subnets_of(port)
    return {
        "id": router["id"],
        "project_id": router["project_id"],
        "tenant_id": router["project_id"],
        "network_id": port["network_id"],
        "port_id": port["id"],
        "subnet_id": subnets[0] if subnets else None,
        "subnet_ids": subnets,
        "tags": router["tags"],
    }


def _check(call: Call, fields: Fields) -> None:
    check_zones(call, fields)
    asked = fields.get("external_gateway_info") or {}
    if not asked:
        return
    network: Any = call.world[NetworkState].networks.get(asked.get("network_id"))
    if network is None or not sees(call, network):
        raise NotFound(f"Network {asked.get('network_id')} could not be found.", kind="NetworkNotFound")
    if not call.caller.is_admin and asked.keys() & {"enable_snat", "external_fixed_ips"}:
        raise Forbidden("(rule:router:external_gateway_info) is disallowed by policy", kind="PolicyNotAuthorized")


ROUTER = Resource(
    singular="router",
    plural="routers",
    path="routers",
    collection=lambda world: world[NetworkState].routers,
    make=make_router,
    remove=remove_router,
    update=update_router,
    check=_check,
    defaults=DEFAULTS,
    updatable=frozenset(
        {"name", "description", "admin_state_up", "external_gateway_info", "routes", "distributed", "ha"}
    ),
    restricted=frozenset({"distributed", "ha"}),
)


def register_actions(routes: Router) -> None:
    """The actions on a router that are PUTs below it."""
    routes.put("/v2.0/routers/{id}/add_router_interface")(_add_router_interface)
    routes.put("/v2.0/routers/{id}/remove_router_interface")(_remove_router_interface)
    routes.put("/v2.0/routers/{id}/add_extraroutes")(_add_extra_routes)
    routes.put("/v2.0/routers/{id}/remove_extraroutes")(_remove_extra_routes)


def _add_router_interface(call: Call) -> Fields:
    return add_interface(call.world, own(ROUTER, call), call.json())


def _remove_router_interface(call: Call) -> Fields:
    return remove_interface(call.world, own(ROUTER, call), call.json())


def _add_extra_routes(call: Call) -> Fields:
    router = own(ROUTER, call)
    added = [route for route in call.body("router")["routes"] if route not in router["routes"]]
    return _set_routes(call, router, [*router["routes"], *added])


def _remove_extra_routes(call: Call) -> Fields:
    router, gone = own(ROUTER, call), call.body("router")["routes"]
    return _set_routes(call, router, [route for route in router["routes"] if route not in gone])


def _set_routes(call: Call, router: Document, routes: list[dict[str, str]]) -> Fields:
    update_router(call.world, router, {"routes": routes})
    stamp(router)
    return {"router": router}
