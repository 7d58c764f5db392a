"""Listeners: a protocol and port of a load balancer, leading to a default pool."""

from sandbox.cloud.errors import BadRequest, Conflict
from sandbox.cloud.loadbalancer.balancers import STATISTICS
from sandbox.cloud.loadbalancer.kinds import BASES, Kind, find
from sandbox.cloud.loadbalancer.policies import remove_policy
from sandbox.cloud.loadbalancer.state import LoadBalancerState
from sandbox.cloud.loadbalancer.tree import Fields, new_document
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

PROTOCOLS = ("HTTP", "HTTPS", "TCP", "UDP", "SCTP", "TERMINATED_HTTPS", "PROMETHEUS")
DEFAULTS: Fields = {
    "name": "",
    "description": "",
    "admin_state_up": True,
    "loadbalancer_id": None,
    "protocol": None,
    "protocol_port": None,
    "connection_limit": -1,
    "default_pool_id": None,
    "default_tls_container_ref": None,
    "sni_container_refs": [],
    "insert_headers": {},
    "allowed_cidrs": None,
    "client_authentication": "NONE",
    "client_ca_tls_container_ref": None,
    "client_crl_container_ref": None,
    "alpn_protocols": [],
    "tls_ciphers": None,
    "tls_versions": [],
    "timeout_client_data": 50000,
    "timeout_member_connect": 5000,
    "timeout_member_data": 50000,
    "timeout_tcp_inspect": 0,
    "hsts_include_subdomains": False,
    "hsts_max_age": None,
    "hsts_preload": False,
    "tags": [],
}


def make_listener(world: World, project_id: str, fields: Fields) -> Document:
    """A listener on a port that no other of its load balancer has (TCP and UDP apart)."""
    state = world[LoadBalancerState]
    load_balancer = state.loadbalancers[fields["loadbalancer_id"]]
    if fields["protocol"] not in PROTOCOLS:
        raise BadRequest(f"Invalid input for field/attribute protocol. Value: '{fields['protocol']}'.")
    transport = _transport(fields["protocol"])
    for other in state.listeners.where(_lb=load_balancer["id"]):
        if other["protocol_port"] == fields["protocol_port"] and _transport(other["protocol"]) == transport:
            raise Conflict(
                f"Another Listener on this Load Balancer is already using protocol {transport} and protocol_port "
                f"{fields['protocol_port']}"
            )
    document = new_document(DEFAULTS, project_id, fields) | {"_lb": load_balancer["id"], "default_pool_id": None}
    del document["loadbalancer_id"]
    document |= {"loadbalancers": [{"id": load_balancer["id"]}], "l7policies": []}
    if fields.get("default_pool_id"):
        _lead_to(world, document, fields["default_pool_id"])
    load_balancer["listeners"] = [*load_balancer["listeners"], {"id": document["id"]}]
    return state.listeners.add(document)


def update_listener(world: World, listener: Document, changes: Fields) -> None:
    """Take the values; another default pool is tied, the old one let go."""
    changes = dict(changes)
    if "default_pool_id" in changes:
        _lead_to(world, listener, changes.pop("default_pool_id"))
    listener.update(changes)


def remove_listener(world: World, listener: Document) -> None:
    """Gone with its policies; its pool stays with the load balancer."""
    state = world[LoadBalancerState]
    for policy in state.l7policies.where(listener_id=listener["id"]):
        remove_policy(world, policy)
    _lead_to(world, listener, None)
    load_balancer = state.loadbalancers[listener["_lb"]]
    load_balancer["listeners"] = [each for each in load_balancer["listeners"] if each["id"] != listener["id"]]
    state.listeners.remove(listener["id"])


def _lead_to(world: World, listener: Document, pool_id: str | None) -> None:
    pools = world[LoadBalancerState].pools
    new, old = pools[pool_id] if pool_id else None, pools.get(listener["default_pool_id"])
    if new is not None and new["_lb"] != listener["_lb"]:
        raise BadRequest(f"Validation failure: Pool {pool_id} belongs to another load balancer.")
    if old is not None:
        old["listeners"] = [each for each in old["listeners"] if each["id"] != listener["id"]]
    if new is not None:
        new["listeners"] = [*new["listeners"], {"id": listener["id"]}]
    listener["default_pool_id"] = pool_id


def _transport(protocol: str) -> str:
    return protocol if protocol in ("UDP", "SCTP") else "TCP"


LISTENER = Kind(
    singular="listener",
    plural="listeners",
    path="/lbaas/listeners",
    quota="listener",
    collection=lambda state: state.listeners,
    make=make_listener,
    remove=remove_listener,
    root=lambda world, fields: world[LoadBalancerState].loadbalancers[fields["loadbalancer_id"]],
    defaults=DEFAULTS,
    required=("loadbalancer_id", "protocol", "protocol_port"),
    fixed=frozenset({"loadbalancer_id", "protocol", "protocol_port"}),
    update=update_listener,
)


def register_statistics(routes: Router) -> None:
    """`/listeners/{id}/stats`."""
    for base in BASES:
        routes.get(f"{base}/lbaas/listeners/{{id}}/stats")(statistics)


def statistics(call: Call) -> Fields:
    """No traffic passes."""
    find(LISTENER, call)
    return {"stats": STATISTICS}
