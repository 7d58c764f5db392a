"""Load balancers: the VIP port made in neutron or given, the amphora, cascade deletion, status tree, statistics."""

import uuid

from sandbox.cloud.errors import BadRequest
from sandbox.cloud.loadbalancer import tree
from sandbox.cloud.loadbalancer.kinds import BASES, Kind, find
from sandbox.cloud.loadbalancer.state import LoadBalancerState
from sandbox.cloud.loadbalancer.tree import Fields, new_document
from sandbox.cloud.network import ports
from sandbox.cloud.network.resource import may_see
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

OWNER = "Octavia"
DEFAULTS: Fields = {
    "name": "",
    "description": "",
    "admin_state_up": True,
    "vip_address": None,
    "vip_subnet_id": None,
    "vip_network_id": None,
    "vip_port_id": None,
    "vip_qos_policy_id": None,
    "vip_sg_ids": [],
    "additional_vips": [],
    "provider": "amphora",
    "flavor_id": None,
    "availability_zone": None,
    "tags": [],
}
STATISTICS = dict.fromkeys(("active_connections", "bytes_in", "bytes_out", "request_errors", "total_connections"), 0)


def make_load_balancer(world: World, project_id: str, fields: Fields) -> Document:
    """A load balancer without listeners at its VIP, with one amphora."""
    state = world[LoadBalancerState]
    if fields.get("flavor_id") and fields["flavor_id"] not in state.flavors:
        raise BadRequest(f"Validation failure: Invalid flavor_id. {fields['flavor_id']} not found.")
    document = new_document(DEFAULTS, project_id, {name: value for name, value in fields.items() if value is not None})
    document |= {"listeners": [], "pools": []} | _vip(world, project_id, document["id"], fields)
    state.loadbalancers.add(document)
    state.amphorae.add(_amphora(document))
    return document


def remove_load_balancer(world: World, document: Document) -> None:
    """Gone with all below it; a VIP port that was given stays."""
    state = world[LoadBalancerState]
    for kept in (state.listeners, state.pools, state.members, state.healthmonitors, state.l7policies, state.l7rules):
        for each in kept.where(_lb=document["id"]):
            kept.remove(each["id"])
    for amphora in state.amphorae.where(loadbalancer_id=document["id"]):
        state.amphorae.remove(amphora["id"])
    port = world[NetworkState].ports.get(document["vip_port_id"])
    if port is not None and port["device_owner"] == OWNER:
        ports.drop_port(world, port)
    state.loadbalancers.remove(document["id"])


def _vip(world: World, project_id: str, identifier: str, fields: Fields) -> Fields:
    """The VIP's four fields, from the port, subnet or network given."""
    state = world[NetworkState]
    if fields.get("vip_port_id"):
        port = state.ports.get(fields["vip_port_id"])
        if port is None:
            raise BadRequest(f"Validation failure: Port {fields['vip_port_id']} not found.")
        if any(each["vip_port_id"] == port["id"] for each in world[LoadBalancerState].loadbalancers):
            raise BadRequest(f"Validation failure: VIP port {port['id']} is already used by another load balancer.")
    else:
        port = _vip_port(world, project_id, identifier, fields)
    if not port["fixed_ips"]:
        raise BadRequest(f"Validation failure: VIP port {port['id']} has no address.")
    address = port["fixed_ips"][0]
    return {
        "vip_port_id": port["id"],
        "vip_network_id": port["network_id"],
        "vip_subnet_id": address["subnet_id"],
        "vip_address": address["ip_address"],
    }


def _vip_port(world: World, project_id: str, identifier: str, fields: Fields) -> Document:
    state = world[NetworkState]
    wanted = {"subnet_id": fields.get("vip_subnet_id"), "ip_address": fields.get("vip_address")}
    subnet = state.subnets.get(wanted["subnet_id"])
    network = state.networks.get(subnet["network_id"] if subnet else fields.get("vip_network_id"))
    if wanted["subnet_id"] and subnet is None:
        raise BadRequest(f"Validation failure: Subnet {wanted['subnet_id']} not found.")
    if network is None:
        raise BadRequest("Validation failure: VIP must contain one of: vip_port_id, vip_network_id, vip_subnet_id.")
    return ports.make_port(
        world,
        project_id,
        {
            "name": f"octavia-lb-{identifier}",
            "network_id": network["id"],
            "fixed_ips": [wanted] if any(wanted.values()) else None,
            "device_id": f"lb-{identifier}",
            "device_owner": OWNER,
        },
    )


def _amphora(load_balancer: Document) -> Document:
    return {
        "id": str(uuid.uuid4()),
        "project_id": load_balancer["project_id"],
        "loadbalancer_id": load_balancer["id"],
        "compute_id": str(uuid.uuid4()),
        "lb_network_ip": "192.168.0.10",
        "vrrp_ip": load_balancer["vip_address"],
        "ha_ip": load_balancer["vip_address"],
        "vrrp_port_id": load_balancer["vip_port_id"],
        "ha_port_id": load_balancer["vip_port_id"],
        "cert_expiration": None,
        "cert_busy": False,
        "role": "STANDALONE",
        "status": "ALLOCATED",
        "vrrp_interface": None,
        "vrrp_id": 1,
        "vrrp_priority": None,
        "cached_zone": "nova",
        "image_id": None,
        "compute_flavor": None,
        "created_at": tree.stamp(),
        "updated_at": None,
    }


def _check_vip(call: Call, fields: Fields) -> None:
    """The port, subnet or network of the VIP must be the caller's to use."""
    state = call.world[NetworkState]
    for name, kept in (("port", state.ports), ("subnet", state.subnets), ("network", state.networks)):
        document = kept.get(fields.get(f"vip_{name}_id"))
        network = state.networks[document["network_id"]] if name == "subnet" and document else document
        if network is not None and not may_see(call.world, call.caller, network):
            raise BadRequest(f"Validation failure: {name.capitalize()} {fields[f'vip_{name}_id']} not found.")


def _no_children(call: Call, document: Document) -> None:
    """Only with `cascade` do listeners and pools go with it."""
    if (document["listeners"] or document["pools"]) and not call.flag("cascade"):
        raise BadRequest(f"Validation failure: Cannot delete Load Balancer {document['id']} - it has children")


LOAD_BALANCER = Kind(
    singular="loadbalancer",
    plural="loadbalancers",
    path="/lbaas/loadbalancers",
    quota="load_balancer",
    collection=lambda state: state.loadbalancers,
    make=make_load_balancer,
    remove=remove_load_balancer,
    root=lambda _world, _fields: None,
    defaults=DEFAULTS,
    fixed=frozenset(
        {"vip_address", "vip_subnet_id", "vip_network_id", "vip_port_id", "provider", "flavor_id", "availability_zone"}
    ),
    check=_check_vip,
    check_delete=_no_children,
)


def register_balancer(routes: Router) -> None:
    """What a load balancer has beyond the handlers of every kind."""
    for base in BASES:
        one = f"{base}/lbaas/loadbalancers/{{id}}"
        routes.get(f"{one}/stats")(statistics)
        routes.get(f"{one}/status")(status_tree)
        routes.get(f"{one}/statuses")(status_tree)
        routes.put(f"{one}/failover", status=202, admin=True)(failover)


def statistics(call: Call) -> Fields:
    """No traffic passes."""
    find(LOAD_BALANCER, call)
    return {"stats": STATISTICS}


def failover(call: Call) -> None:
    """A new amphora in place of the old one."""
    document = find(LOAD_BALANCER, call)
    tree.require_mutable(document)
    tree.begin(call.world, document, "PENDING_UPDATE")


def status_tree(call: Call) -> Fields:
    """The two statuses of everything below a load balancer."""
    document, state = find(LOAD_BALANCER, call), call.world[LoadBalancerState]
    listeners = [
        _status(each)
        | {
            "pools": [_pool_status(state, pool["id"]) for pool in [{"id": each["default_pool_id"]}] if pool["id"]],
            "l7policies": [_status(state.l7policies[policy["id"]]) for policy in each["l7policies"]],
        }
        for each in state.listeners.where(_lb=document["id"])
    ]
    pools = [_pool_status(state, each["id"]) for each in document["pools"]]
    return {"statuses": {"loadbalancer": _status(document) | {"listeners": listeners, "pools": pools}}}


def _pool_status(state: LoadBalancerState, pool_id: str) -> Fields:
    pool = state.pools[pool_id]
    monitor = state.healthmonitors.get(pool["healthmonitor_id"])
    members = [
        _status(each) | {"address": each["address"], "protocol_port": each["protocol_port"]}
        for each in state.members.where(_parent=pool_id)
    ]
    return _status(pool) | {"members": members, "health_monitor": _status(monitor) if monitor else None}


def _status(document: Document) -> Fields:
    return {name: document.get(name) for name in ("id", "name", "provisioning_status", "operating_status")}
