"""Pools with their members and health monitors."""

import ipaddress

from sandbox.cloud.errors import BadRequest, Conflict
from sandbox.cloud.loadbalancer import tree
from sandbox.cloud.loadbalancer.kinds import BASES, Kind, check_fields, find, make_one
from sandbox.cloud.loadbalancer.state import LoadBalancerState
from sandbox.cloud.loadbalancer.tree import Fields, new_document
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

ALGORITHMS = ("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP", "SOURCE_IP_PORT")
PROTOCOLS = ("HTTP", "HTTPS", "PROXY", "PROXYV2", "TCP", "UDP", "SCTP")
MONITORS = ("HTTP", "HTTPS", "PING", "SCTP", "TCP", "TLS-HELLO", "UDP-CONNECT")
POOL_DEFAULTS: Fields = {
    "name": "",
    "description": "",
    "admin_state_up": True,
    "loadbalancer_id": None,
    "listener_id": None,
    "protocol": None,
    "lb_algorithm": None,
    "session_persistence": None,
    "tls_enabled": False,
    "tls_container_ref": None,
    "ca_tls_container_ref": None,
    "crl_container_ref": None,
    "tls_ciphers": None,
    "tls_versions": [],
    "alpn_protocols": [],
    "tags": [],
}
MEMBER_DEFAULTS: Fields = {
    "name": "",
    "admin_state_up": True,
    "address": None,
    "protocol_port": None,
    "subnet_id": None,
    "weight": 1,
    "backup": False,
    "monitor_address": None,
    "monitor_port": None,
    "vnic_type": "normal",
    "tags": [],
}
MONITOR_DEFAULTS: Fields = {
    "name": "",
    "admin_state_up": True,
    "pool_id": None,
    "type": None,
    "delay": None,
    "timeout": None,
    "max_retries": None,
    "max_retries_down": 3,
    "http_method": None,
    "http_version": None,
    "domain_name": None,
    "url_path": None,
    "expected_codes": None,
    "tags": [],
}
_HTTP_DEFAULTS = {"http_method": "GET", "url_path": "/", "expected_codes": "200"}


def pool_root(world: World, fields: Fields) -> Document:
    """The load balancer of a new pool, named itself or by a listener of it."""
    state = world[LoadBalancerState]
    if fields.get("listener_id"):
        return state.loadbalancers[state.listeners[fields["listener_id"]]["_lb"]]
    if not fields.get("loadbalancer_id"):
        raise BadRequest("Validation failure: Must provide at least one of: loadbalancer_id, listener_id.")
    return state.loadbalancers[fields["loadbalancer_id"]]


def make_pool(world: World, project_id: str, fields: Fields) -> Document:
    """A pool of a load balancer, the default one of a listener where that is named."""
    state = world[LoadBalancerState]
    load_balancer = pool_root(world, fields)
    if fields["protocol"] not in PROTOCOLS or fields["lb_algorithm"] not in ALGORITHMS:
        raise BadRequest(f"Invalid input: protocol '{fields['protocol']}', lb_algorithm '{fields['lb_algorithm']}'.")
    listener = state.listeners.get(fields.get("listener_id"))
    if listener is not None and listener["default_pool_id"]:
        raise Conflict(f"Listener {listener['id']} already has a default pool {listener['default_pool_id']}.")
    document = new_document(POOL_DEFAULTS, project_id, fields) | {"_lb": load_balancer["id"]}
    del document["loadbalancer_id"], document["listener_id"]
    document |= {
        "loadbalancers": [{"id": load_balancer["id"]}],
        "listeners": [],
        "members": [],
        "healthmonitor_id": None,
    }
    if listener is not None:
        listener["default_pool_id"] = document["id"]
        document["listeners"] = [{"id": listener["id"]}]
    load_balancer["pools"] = [*load_balancer["pools"], {"id": document["id"]}]
    return state.pools.add(document)


def remove_pool(world: World, pool: Document) -> None:
    """Gone with its members and monitor."""
    state = world[LoadBalancerState]
    for member in state.members.where(_parent=pool["id"]):
        state.members.remove(member["id"])
    if pool["healthmonitor_id"]:
        state.healthmonitors.remove(pool["healthmonitor_id"])
    for each in pool["listeners"]:
        state.listeners[each["id"]]["default_pool_id"] = None
    load_balancer = state.loadbalancers[pool["_lb"]]
    load_balancer["pools"] = [each for each in load_balancer["pools"] if each["id"] != pool["id"]]
    state.pools.remove(pool["id"])


def _no_policy(call: Call, pool: Document) -> None:
    for policy in call.world[LoadBalancerState].l7policies.where(_lb=pool["_lb"]):
        if policy["redirect_pool_id"] == pool["id"]:
            raise Conflict(f"Pool {pool['id']} is in use by L7 policy {policy['id']}")


def make_member(world: World, project_id: str, fields: Fields) -> Document:
    """A member, each address and port once a pool."""
    state = world[LoadBalancerState]
    pool = state.pools[fields["_parent"]]
    address = fields["address"]
    _check_address(address)
    for other in state.members.where(_parent=pool["id"]):
        if (other["address"], other["protocol_port"]) == (address, fields["protocol_port"]):
            raise Conflict(
                f"Another member on this pool is already using ip {address} on protocol_port {fields['protocol_port']}"
            )
    document = new_document(MEMBER_DEFAULTS, project_id, fields) | {"_lb": pool["_lb"], "_parent": pool["id"]}
    document["operating_status"] = tree.operating(world, document)
    pool["members"] = [*pool["members"], {"id": document["id"]}]
    return state.members.add(document)


def remove_member(world: World, member: Document) -> None:
    state = world[LoadBalancerState]
    pool = state.pools[member["_parent"]]
    pool["members"] = [each for each in pool["members"] if each["id"] != member["id"]]
    state.members.remove(member["id"])


def make_monitor(world: World, project_id: str, fields: Fields) -> Document:
    """A health monitor, one a pool; its members are watched from now on."""
    state = world[LoadBalancerState]
    pool = state.pools[fields["pool_id"]]
    if pool["healthmonitor_id"]:
        raise Conflict(f"This pool already has a health monitor: {pool['healthmonitor_id']}.")
    if fields["type"] not in MONITORS:
        raise BadRequest(f"Invalid input for field/attribute type. Value: '{fields['type']}'.")
    if fields["delay"] < fields["timeout"]:
        raise BadRequest("Validation failure: delay must be greater than or equal to timeout.")
    web = _HTTP_DEFAULTS if fields["type"] in ("HTTP", "HTTPS") else {}
    document = new_document(MONITOR_DEFAULTS, project_id, web | fields) | {"_lb": pool["_lb"]}
    document["pools"] = [{"id": pool["id"]}]
    pool["healthmonitor_id"] = document["id"]
    _watch(world, pool)
    return state.healthmonitors.add(document)


def remove_monitor(world: World, monitor: Document) -> None:
    state = world[LoadBalancerState]
    pool = state.pools[monitor["pool_id"]]
    pool["healthmonitor_id"] = None
    _watch(world, pool)
    state.healthmonitors.remove(monitor["id"])


def _watch(world: World, pool: Document) -> None:
    for member in world[LoadBalancerState].members.where(_parent=pool["id"]):
        member["operating_status"] = tree.operating(world, member)


def _check_address(address: str) -> None:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise BadRequest(
            f"Invalid input for field/attribute address. Value: '{address}'. It is no IP address."
        ) from None


def _of_pool(world: World, fields: Fields) -> Document:
    state = world[LoadBalancerState]
    return state.loadbalancers[state.pools[fields.get("_parent") or fields["pool_id"]]["_lb"]]


POOL = Kind(
    singular="pool",
    plural="pools",
    path="/lbaas/pools",
    quota="pool",
    collection=lambda state: state.pools,
    make=make_pool,
    remove=remove_pool,
    root=pool_root,
    defaults=POOL_DEFAULTS,
    required=("protocol", "lb_algorithm"),
    fixed=frozenset({"loadbalancer_id", "listener_id", "protocol"}),
    check_delete=_no_policy,
)

MEMBER = Kind(
    singular="member",
    plural="members",
    path="/lbaas/pools/{parent}/members",
    quota="member",
    collection=lambda state: state.members,
    make=make_member,
    remove=remove_member,
    root=_of_pool,
    defaults=MEMBER_DEFAULTS,
    required=("address", "protocol_port"),
    fixed=frozenset({"address", "protocol_port", "subnet_id", "vnic_type"}),
)

HEALTH_MONITOR = Kind(
    singular="healthmonitor",
    plural="healthmonitors",
    path="/lbaas/healthmonitors",
    quota="health_monitor",
    collection=lambda state: state.healthmonitors,
    make=make_monitor,
    remove=remove_monitor,
    root=_of_pool,
    defaults=MONITOR_DEFAULTS,
    required=("pool_id", "type", "delay", "timeout", "max_retries"),
    fixed=frozenset({"pool_id", "type"}),
)


def register_batch(routes: Router) -> None:
    """All members of a pool at once."""
    for base in BASES:
        routes.put(f"{base}/lbaas/pools/{{parent}}/members", status=202)(replace_members)


def replace_members(call: Call) -> None:
    """The members named become those of the pool: others go (unless `additive_only`), known ones are changed."""
    pool, world = find(POOL, call, name="parent"), call.world
    load_balancer = tree.root(world, pool)
    tree.require_mutable(load_balancer)
    members = call.json().get("members") or []
    for member in members:
        check_fields(MEMBER, member)
    asked = {(each["address"], each["protocol_port"]): each for each in members}
    held = {(each["address"], each["protocol_port"]): each for each in MEMBER.of(call).where(_parent=pool["id"])}
    for key in held.keys() - asked.keys():
        if not call.flag("additive_only"):
            remove_member(world, held[key])
    for key, fields in asked.items():
        if key in held:
            held[key].update({name: value for name, value in fields.items() if name not in MEMBER.fixed})
        else:
            make_one(MEMBER, call, fields | {"_parent": pool["id"]}, load_balancer)
    tree.begin(world, pool, "PENDING_UPDATE")
