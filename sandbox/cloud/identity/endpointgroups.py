"""Endpoint groups: endpoints chosen by a filter, and the projects they are associated with."""

from typing import Any

from sandbox.cloud.errors import NotFound
from sandbox.cloud.identity.routes import routes
from sandbox.cloud.identity.state import IdentityState
from sandbox.cloud.routing import Call, Reply

BASE = "/v3/OS-EP-FILTER"
PAIR = BASE + "/endpoint_groups/{group_id}/projects/{project_id}"


@routes.get(BASE + "/endpoint_groups/{group_id}/endpoints", admin=True)
def endpoints(call: Call) -> dict[str, Any]:
    """The endpoints that the group's filter chooses."""
    state = call.world[IdentityState]
    filters = state.endpoint_groups[call.params["group_id"]]["filters"]
    return {"endpoints": state.endpoints.where(**filters), "links": {}}


@routes.put(PAIR, status=204, admin=True)
def associate(call: Call) -> None:
    """Offer the group's endpoints to a project."""
    state = call.world[IdentityState]
    pair = (state.endpoint_groups[call.params["group_id"]]["id"], state.projects[call.params["project_id"]]["id"])
    state.endpoint_group_projects.add(pair)


@routes.delete(PAIR, admin=True)
def dissociate(call: Call) -> Reply:
    """No longer offer them."""
    pair = (call.params["group_id"], call.params["project_id"])
    try:
        call.world[IdentityState].endpoint_group_projects.remove(pair)
    except KeyError:
        raise NotFound("Could not find the association of endpoint group and project.") from None
    return Reply(status=204)


@routes.get(BASE + "/projects/{project_id}/endpoint_groups", admin=True)
def groups_of_project(call: Call) -> dict[str, Any]:
    """The endpoint groups associated with a project."""
    state = call.world[IdentityState]
    chosen = {group for group, project in state.endpoint_group_projects if project == call.params["project_id"]}
    return {"endpoint_groups": [one for one in state.endpoint_groups if one["id"] in chosen], "links": {}}


@routes.get(BASE + "/projects/{project_id}/endpoints", admin=True)
def endpoints_of_project(call: Call) -> dict[str, Any]:
    """The endpoints that a project's groups choose."""
    state = call.world[IdentityState]
    chosen = {
        endpoint["id"]: endpoint
        for group in groups_of_project(call)["endpoint_groups"]
        for endpoint in state.endpoints.where(**group["filters"])
    }
    return {"endpoints": list(chosen.values()), "links": {}}
