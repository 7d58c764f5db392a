"""Neutron's quotas: limits by project, what is used of them, and the defaults."""

from sandbox.cloud.errors import BadRequest
from sandbox.cloud.network.resource import Fields
from sandbox.cloud.network.state import DEFAULT_QUOTAS, NetworkState
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Collection
from sandbox.cloud.world import World


def register_quotas(routes: Router) -> None:
    """`/quotas`: anybody reads their own, administrators set them."""
    routes.get("/v2.0/quotas", admin=True)(_list)
    routes.get("/v2.0/quotas/{project_id}")(_show)
    routes.put("/v2.0/quotas/{project_id}", admin=True)(_update)
    routes.delete("/v2.0/quotas/{project_id}", admin=True)(_delete)
    routes.get("/v2.0/quotas/{project_id}/default")(_default)
    routes.get("/v2.0/quotas/{project_id}/details.json")(_details)
    routes.get("/v2.0/quotas/{project_id}/details")(_details)


def _list(call: Call) -> Fields:
    set_for = call.world[NetworkState].quotas
    return {
        "quotas": [
            _limits(call.world, project_id) | {"project_id": project_id, "tenant_id": project_id}
            for project_id in set_for
        ]
    }


def _show(call: Call) -> Fields:
    return {"quota": _limits(call.world, _project(call))}


def _update(call: Call) -> Fields:
    changes = {
        name: value
        for name, value in call.body("quota").items()
        if name not in ("project_id", "tenant_id", "check_limit")
    }
    for name, value in changes.items():
        if name not in DEFAULT_QUOTAS or not isinstance(value, int) or value < -1:
            raise BadRequest(f"Invalid input for {name}. Reason: '{value}' is not a limit.", kind="HTTPBadRequest")
    call.world[NetworkState].quotas.setdefault(call.params["project_id"], {}).update(changes)
    return {"quota": _limits(call.world, call.params["project_id"])}


def _delete(call: Call) -> None:
    call.world[NetworkState].quotas.pop(call.params["project_id"], None)


def _default(_call: Call) -> Fields:
    return {"quota": dict(DEFAULT_QUOTAS)}


def _details(call: Call) -> Fields:
    project_id = _project(call)
    limits = _limits(call.world, project_id)
    used = {name: len(kept.where(project_id=project_id)) for name, kept in _kept(call.world[NetworkState]).items()}
    return {
        "quota": {name: {"limit": limit, "used": used.get(name, 0), "reserved": 0} for name, limit in limits.items()}
    }


def _project(call: Call) -> str:
    project_id = call.params["project_id"]
    if project_id != call.caller.project_id:
        call.require_admin()
    return project_id


def _limits(world: World, project_id: str) -> dict[str, int]:
    return {name: world[NetworkState].quota(project_id, name) for name in DEFAULT_QUOTAS}


def _kept(state: NetworkState) -> dict[str, Collection]:
    return {
        "network": state.networks,
        "subnet": state.subnets,
        "port": state.ports,
        "router": state.routers,
        "floatingip": state.floating_ips,
        "security_group": state.security_groups,
        "security_group_rule": state.security_group_rules,
        "subnetpool": state.subnet_pools,
        "rbac_policy": state.rbac_policies,
        "trunk": state.trunks,
        "address_group": state.address_groups,
    }
