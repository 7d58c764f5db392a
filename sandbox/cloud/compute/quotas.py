"""Quotas and limits: what a project may have, what it has, and the refusal (403) beyond."""

from typing import Any

from sandbox.cloud.compute.routes import routes
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import BadRequest, Forbidden
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document

ONE = "/v2.1/os-quota-sets/{project_id}"
RETIRED = frozenset({"floating_ips", "fixed_ips", "security_groups", "security_group_rules", "networks"})
"""Network quotas nova no longer shows from 2.36 on."""
FILES = frozenset({"injected_files", "injected_file_content_bytes", "injected_file_path_bytes"})
"""File quotas it no longer shows from 2.57 on."""


def limit_of(state: ComputeState, project_id: str, name: str) -> int:
    """A project's limit; -1 is none."""
    return state.quotas.get(project_id, {}).get(name, state.quota_defaults[name])


def require(state: ComputeState, project_id: str, **wanted: tuple[int, int]) -> None:
    """Refuse (403) unless each resource, given as (used, asked), stays within its limit."""
    for name, (used, asked) in wanted.items():
        limit = limit_of(state, project_id, name)
        if 0 <= limit < used + asked:
            raise Forbidden(f"Quota exceeded for {name}: Requested {asked}, but already used {used} of {limit} {name}")


def usage(state: ComputeState, project_id: str) -> dict[str, int]:
    """What the project's servers use: instances, cores, ram (MiB)."""
    flavors = [server["flavor"] for server in state.servers.where(project_id=project_id)]
    return {
        "instances": len(flavors),
        "cores": sum(flavor["vcpus"] for flavor in flavors),
        "ram": sum(flavor["ram"] for flavor in flavors),
    }


def _names(call: Call) -> list[str]:
    hidden = (RETIRED if call.microversion >= (2, 36) else frozenset()) | (
        FILES if call.microversion >= (2, 57) else frozenset()
    )
    return [name for name in call.world[ComputeState].quota_defaults if name not in hidden]


def _set(call: Call, project_id: str) -> dict[str, int]:
    state = call.world[ComputeState]
    return {name: limit_of(state, project_id, name) for name in _names(call)}


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """A project's limits."""
    project_id = call.params["project_id"]
    if project_id != call.caller.project_id:
        call.require_admin()
    return {"quota_set": {"id": project_id, **_set(call, project_id)}}


@routes.get(ONE + "/defaults")
def defaults(call: Call) -> dict[str, Any]:
    """The limits of a project that has none of its own."""
    standard = call.world[ComputeState].quota_defaults
    return {"quota_set": {"id": call.params["project_id"], **{name: standard[name] for name in _names(call)}}}


@routes.get(ONE + "/detail")
def detail(call: Call) -> dict[str, Any]:
    """Limits with what is used of them."""
    project_id = call.params["project_id"]
    if project_id != call.caller.project_id:
        call.require_admin()
    state = call.world[ComputeState]
    used = usage(state, project_id) | {"server_groups": len(state.server_groups.where(project_id=project_id))}
    shown: Document = {
        name: {"limit": limit, "in_use": used.get(name, 0), "reserved": 0}
        for name, limit in _set(call, project_id).items()
    }
    return {"quota_set": {"id": project_id, **shown}}


@routes.put(ONE, admin=True)
def update(call: Call) -> dict[str, Any]:
    """Give a project limits of its own."""
    state = call.world[ComputeState]
    project_id = call.params["project_id"]
    fields = {name: value for name, value in call.body("quota_set").items() if name not in {"force", "tenant_id"}}
    for name, value in fields.items():
        if name not in state.quota_defaults:
            raise BadRequest(f"Additional properties are not allowed ('{name}' was unexpected)")
        state.quotas.setdefault(project_id, {})[name] = int(value)
    return {"quota_set": _set(call, project_id)}


@routes.delete(ONE, status=202, admin=True)
def revert(call: Call) -> None:
    """Back to the defaults."""
    call.world[ComputeState].quotas.pop(call.params["project_id"], None)


@routes.get("/v2.1/limits")
def limits(call: Call) -> dict[str, Any]:
    """The absolute limits of the caller's project, or of `tenant_id` for an administrator."""
    project_id = call.query.get("tenant_id") or call.caller.project_id or ""
    if project_id != call.caller.project_id:
        call.require_admin()
    state = call.world[ComputeState]
    used = usage(state, project_id)

    def maximum(name: str) -> int:
        return limit_of(state, project_id, name)

    absolute: Document = {
        "maxTotalInstances": maximum("instances"),
        "maxTotalCores": maximum("cores"),
        "maxTotalRAMSize": maximum("ram"),
        "maxTotalKeypairs": maximum("key_pairs"),
        "maxServerGroups": maximum("server_groups"),
        "maxServerGroupMembers": maximum("server_group_members"),
        "maxServerMeta": maximum("metadata_items"),
        "totalInstancesUsed": used["instances"],
        "totalCoresUsed": used["cores"],
        "totalRAMUsed": used["ram"],
        "totalServerGroupsUsed": len(state.server_groups.where(project_id=project_id)),
    }
    if call.microversion < (2, 39):
        absolute["maxImageMeta"] = maximum("metadata_items")
    if call.microversion < (2, 57):
        absolute |= {
            "maxPersonality": maximum("injected_files"),
            "maxPersonalitySize": maximum("injected_file_content_bytes"),
        }
    if call.microversion < (2, 36):
        absolute |= {
            "maxSecurityGroups": maximum("security_groups"),
            "maxSecurityGroupRules": maximum("security_group_rules"),
            "maxTotalFloatingIps": maximum("floating_ips"),
            "totalSecurityGroupsUsed": 0,
            "totalFloatingIpsUsed": 0,
        }
    return {"limits": {"rate": [], "absolute": absolute}}
