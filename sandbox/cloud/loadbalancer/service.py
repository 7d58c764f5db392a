"""Octavia as a service of the cloud: its routes and its bulk makers."""

from collections.abc import Mapping

from sandbox.cloud.errors import BadRequest, octavia_dialect
from sandbox.cloud.loadbalancer.balancers import LOAD_BALANCER, make_load_balancer, register_balancer
from sandbox.cloud.loadbalancer.kinds import Kind, register
from sandbox.cloud.loadbalancer.listeners import LISTENER, make_listener, register_statistics
from sandbox.cloud.loadbalancer.operator import register_operator
from sandbox.cloud.loadbalancer.policies import L7_POLICY, L7_RULE
from sandbox.cloud.loadbalancer.pools import HEALTH_MONITOR, MEMBER, POOL, make_member, make_pool, register_batch
from sandbox.cloud.loadbalancer.state import LoadBalancerState
from sandbox.cloud.loadbalancer.tree import Fields
from sandbox.cloud.network.state import NetworkState
from sandbox.cloud.routing import Router
from sandbox.cloud.service import Maker, Service
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

KINDS: tuple[Kind, ...] = (LOAD_BALANCER, LISTENER, POOL, MEMBER, HEALTH_MONITOR, L7_POLICY, L7_RULE)


def _routes() -> Router:
    routes = Router()
    for kind in KINDS:
        register(routes, kind)
    for add in (register_balancer, register_statistics, register_batch, register_operator):
        add(routes)
    return routes


def _first_subnet(world: World, project_id: str) -> str:
    subnet = world[NetworkState].subnets.first(project_id=project_id)
    if subnet is None:
        raise BadRequest(f"project {project_id} has no subnet: make subnets first")
    return str(subnet["id"])


def _newest(world: World, project_id: str, kind: Kind) -> Document:
    made = kind.collection(world[LoadBalancerState]).where(project_id=project_id)
    if not made:
        raise BadRequest(f"project {project_id} has no {kind.singular}: make some first")
    return made[-1]


def _load_balancer(world: World, project_id: str, fields: Fields) -> Document:
    return make_load_balancer(world, project_id, {"vip_subnet_id": _first_subnet(world, project_id), **fields})


def _listener(world: World, project_id: str, fields: Fields) -> Document:
    balancer = _newest(world, project_id, LOAD_BALANCER)
    port = 8000 + len(balancer["listeners"])
    inside = {"loadbalancer_id": balancer["id"], "protocol": "HTTP", "protocol_port": port}
    return make_listener(world, project_id, {**inside, **fields})


def _pool(world: World, project_id: str, fields: Fields) -> Document:
    balancer = _newest(world, project_id, LOAD_BALANCER)
    inside = {"loadbalancer_id": balancer["id"], "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    return make_pool(world, project_id, {**inside, **fields})


def _member(world: World, project_id: str, fields: Fields) -> Document:
    pool = _newest(world, project_id, POOL)
    number = len(pool["members"])
    inside = {"_parent": pool["id"], "address": f"10.0.{number // 256}.{number % 256}", "protocol_port": 80}
    return make_member(world, project_id, {**inside, **fields})


MAKERS: Mapping[str, Maker] = {
    "loadbalancer": _load_balancer,
    "listener": _listener,
    "pool": _pool,
    "member": _member,
}

LOAD_BALANCER_SERVICE = Service(
    name="load-balancer",
    type="load-balancer",
    prefix="load-balancer",
    endpoint="load-balancer",
    routes=_routes(),
    dialect=octavia_dialect,
    state=LoadBalancerState,
    makers=MAKERS,
)
