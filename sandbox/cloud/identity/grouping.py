"""What hangs on keystone's resources: a group's members, a user's projects, a project's tags, a domain's settings."""

from typing import Any

from sandbox.cloud.errors import NotFound
from sandbox.cloud.identity.assignments import project_roles
from sandbox.cloud.identity.routes import routes
from sandbox.cloud.identity.state import IdentityState
from sandbox.cloud.routing import Call, Reply

MEMBER = "/v3/groups/{group_id}/users/{user_id}"
TAG = "/v3/projects/{project_id}/tags/{tag}"
CONFIG = "/v3/domains/{domain_id}/config"


def _membership(call: Call) -> tuple[str, str]:
    state = call.world[IdentityState]
    return state.groups[call.params["group_id"]]["id"], state.users[call.params["user_id"]]["id"]


@routes.put(MEMBER, status=204, admin=True)
def add_member(call: Call) -> None:
    """Put a user in a group."""
    call.world[IdentityState].memberships.add(_membership(call))


@routes.add("HEAD", MEMBER, status=204, admin=True)
def check_member(call: Call) -> None:
    """Whether the user is in the group."""
    if _membership(call) not in call.world[IdentityState].memberships:
        raise NotFound(f"Could not find user {call.params['user_id']} in group {call.params['group_id']}.")


@routes.delete(MEMBER, admin=True)
def remove_member(call: Call) -> None:
    """Take a user out of a group."""
    check_member(call)
    call.world[IdentityState].memberships.discard(_membership(call))


@routes.get("/v3/groups/{group_id}/users", admin=True)
def members(call: Call) -> dict[str, Any]:
    """The users in a group."""
    state = call.world[IdentityState]
    group = state.groups[call.params["group_id"]]
    return {"users": [one for one in state.users if (group["id"], one["id"]) in state.memberships], "links": {}}


@routes.get("/v3/users/{user_id}/groups")
def groups_of(call: Call) -> dict[str, Any]:
    """The groups a user is in."""
    state = call.world[IdentityState]
    user = state.users[call.params["user_id"]]
    return {"groups": [one for one in state.groups if (one["id"], user["id"]) in state.memberships], "links": {}}


@routes.get("/v3/users/{user_id}/projects")
def projects_of(call: Call) -> dict[str, Any]:
    """The projects a user has a role on."""
    state = call.world[IdentityState]
    user_id = call.params["user_id"]
    if user_id != call.caller.user_id:
        call.require_admin()
    return {"projects": [one for one in state.projects if project_roles(state, user_id, one["id"])], "links": {}}


@routes.get("/v3/projects/{project_id}/tags")
def list_tags(call: Call) -> dict[str, Any]:
    """A project's tags."""
    return {"tags": call.world[IdentityState].projects[call.params["project_id"]]["tags"], "links": {}}


@routes.put("/v3/projects/{project_id}/tags", admin=True)
def set_tags(call: Call) -> dict[str, Any]:
    """Replace a project's tags."""
    project = call.world[IdentityState].projects[call.params["project_id"]]
    project["tags"] = sorted(set(call.json()["tags"]))
    return {"tags": project["tags"], "links": {}}


@routes.delete("/v3/projects/{project_id}/tags", admin=True)
def clear_tags(call: Call) -> None:
    """Remove a project's tags."""
    call.world[IdentityState].projects[call.params["project_id"]]["tags"] = []


@routes.put(TAG, status=201, admin=True)
def add_tag(call: Call) -> Reply:
    """Give a project one tag."""
    project = call.world[IdentityState].projects[call.params["project_id"]]
    project["tags"] = sorted({*project["tags"], call.params["tag"]})
    return Reply(status=201)


@routes.get(TAG, status=204)
def check_tag(call: Call) -> None:
    """Whether a project has a tag."""
    if call.params["tag"] not in call.world[IdentityState].projects[call.params["project_id"]]["tags"]:
        raise NotFound(f"Could not find tag {call.params['tag']}.")


@routes.delete(TAG, admin=True)
def remove_tag(call: Call) -> None:
    """Take one tag off a project."""
    check_tag(call)
    call.world[IdentityState].projects[call.params["project_id"]]["tags"].remove(call.params["tag"])


@routes.put(CONFIG, status=201, admin=True)
def create_config(call: Call) -> dict[str, Any]:
    """Set a domain's configuration."""
    state = call.world[IdentityState]
    config = call.body("config")
    state.domain_configs[state.domains[call.params["domain_id"]]["id"]] = config
    return {"config": config}


@routes.get(CONFIG, admin=True)
def show_config(call: Call) -> dict[str, Any]:
    """A domain's configuration."""
    config = call.world[IdentityState].domain_configs.get(call.params["domain_id"])
    if config is None:
        raise NotFound(f"Could not find any domain configuration for domain {call.params['domain_id']}.")
    return {"config": config}


@routes.patch(CONFIG, admin=True)
def update_config(call: Call) -> dict[str, Any]:
    """Change groups of a domain's configuration."""
    config = show_config(call)["config"]
    for group, options in call.body("config").items():
        config.setdefault(group, {}).update(options)
    return {"config": config}


@routes.delete(CONFIG, admin=True)
def delete_config(call: Call) -> None:
    """Drop a domain's configuration."""
    show_config(call)
    del call.world[IdentityState].domain_configs[call.params["domain_id"]]
