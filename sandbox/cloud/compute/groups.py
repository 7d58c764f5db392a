"""Server groups: servers that are to stand on one host, or on different ones."""

import uuid
from typing import Any

from sandbox.cloud.caller import Caller
from sandbox.cloud.compute import quotas
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import BadRequest, NotFound
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

BASE = "/v2.1/os-server-groups"
POLICIES = frozenset({"affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"})


def visible(world: World, caller: Caller, group_id: str) -> Document:
    """The group as the caller may see it; `NotFound` otherwise."""
    group = world[ComputeState].server_groups.get(group_id)
    if group is None or not caller.owns(group):
        raise NotFound(f"Instance group {group_id} could not be found.")
    return group


def new_group(state: ComputeState, fields: Document) -> Document:
    """Keep a group with `name`, `policy`, `rules`, `project_id`, `user_id`."""
    return state.server_groups.add({"id": str(uuid.uuid4()), "members": [], **fields})


def _shown(call: Call, group: Document) -> Document:
    document = {"id": group["id"], "name": group["name"], "members": list(group["members"])}
    if call.microversion >= (2, 64):
        document |= {"policy": group["policy"], "rules": group["rules"]}
    else:
        document |= {"policies": [group["policy"]], "metadata": {}}
    if call.microversion >= (2, 13):
        document |= {"project_id": group["project_id"], "user_id": group["user_id"]}
    return document


@routes.get(BASE)
def index(call: Call) -> dict[str, Any]:
    """The project's groups; `all_projects` for an administrator."""
    everybody = "all_projects" in call.query and call.caller.is_admin
    state = call.world[ComputeState]
    groups = list(state.server_groups) if everybody else state.server_groups.where(project_id=call.caller.project_id)
    start = int(call.query.get("offset", 0))
    limit = int(call.query.get("limit", 1000))
    return {"server_groups": [_shown(call, group) for group in groups[start : start + limit]]}


@routes.post(BASE)
def create(call: Call) -> dict[str, Any]:
    """A new group: `policies` with one entry, or `policy` and `rules` from 2.64 on."""
    fields = call.body("server_group")
    if call.microversion >= (2, 64):
        policy, rules = fields.get("policy"), fields.get("rules") or {}
    else:
        policy, rules = (fields.get("policies") or [None])[0], {}
    if policy not in POLICIES or (policy.startswith("soft") and call.microversion < (2, 15)):
        raise BadRequest(f"Invalid input for field/attribute policies. Value: {policy}.")
    state = call.world[ComputeState]
    project_id = call.caller.project_id or ""
    quotas.require(state, project_id, server_groups=(len(state.server_groups.where(project_id=project_id)), 1))
    kept = {"name": fields["name"], "policy": policy, "rules": rules}
    group = new_group(state, {**kept, "project_id": project_id, "user_id": call.caller.user_id})
    return {"server_group": _shown(call, group)}


@routes.get(BASE + "/{group_id}")
def show(call: Call) -> dict[str, Any]:
    """One group."""
    return {"server_group": _shown(call, visible(call.world, call.caller, call.params["group_id"]))}


@routes.delete(BASE + "/{group_id}")
def delete(call: Call) -> None:
    """Delete a group; its members stay."""
    visible(call.world, call.caller, call.params["group_id"])
    call.world[ComputeState].server_groups.remove(call.params["group_id"])
