"""What becomes of a kept server: its states, its deletion, the events that tell of them."""

import uuid

from sandbox.cloud.clock import seconds_stamp
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import Conflict
from sandbox.cloud.network import plugging
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.volume import attaching
from sandbox.cloud.world import World

VM_STATES = {
    "BUILD": "building",
    "ACTIVE": "active",
    "REBOOT": "active",
    "HARD_REBOOT": "active",
    "PASSWORD": "active",
    "REBUILD": "active",
    "RESIZE": "active",
    "VERIFY_RESIZE": "resized",
    "REVERT_RESIZE": "resized",
    "MIGRATING": "active",
    "SHUTOFF": "stopped",
    "PAUSED": "paused",
    "SUSPENDED": "suspended",
    "RESCUE": "rescued",
    "SHELVED": "shelved",
    "SHELVED_OFFLOADED": "shelved_offloaded",
    "ERROR": "error",
    "DELETED": "deleted",
}
DELETED_KEPT = 5000
"""How many deleted servers `changes-since` remembers."""


def enter(server: Document, status: str, *, task: str | None = None) -> None:
    """Put a server into a status, with the task (if any) that is under way."""
    server["status"] = status
    server["vm_state"] = VM_STATES[status]
    server["task_state"] = task
    server["updated"] = seconds_stamp()


def fail(server: Document, message: str) -> None:
    """Put a server into ERROR and say why."""
    enter(server, "ERROR")
    server["fault"] = {"code": 500, "message": message, "created": seconds_stamp()}


def record(call: Call, server: Document, action: str) -> None:
    """Remember that someone did something to a server (instance actions)."""
    events = call.world[ComputeState].events.setdefault(server["id"], [])
    moment = seconds_stamp().rstrip("Z") + ".000000"
    events.insert(
        0,
        {
            "action": action,
            "instance_uuid": server["id"],
            "request_id": f"req-{uuid.uuid4()}",
            "user_id": call.caller.user_id,
            "project_id": call.caller.project_id,
            "start_time": moment,
            "updated_at": moment,
            "message": None,
        },
    )


def require_unlocked(call: Call, server: Document) -> None:
    """Refuse (409) to touch a locked server, except to administrators."""
    if server["locked"] and not call.caller.is_admin:
        raise Conflict(f"Instance {server['id']} is locked")


def delete(world: World, server: Document) -> None:
    """Begin a deletion: what nova made goes with the server, what was given to it is freed."""
    enter(server, server["status"], task="deleting")
    world.transitions.after("server.delete", lambda: finish_delete(world, server))


def finish_delete(world: World, server: Document) -> None:
    """End it: ports and volumes freed or removed, the group left, the server only remembered. Twice does no harm."""
    state = world[ComputeState]
    if server["id"] not in state.servers:
        return
    release(world, server)
    group = state.server_groups.get(server["group_id"])
    if group and server["id"] in group["members"]:
        group["members"].remove(server["id"])
    state.servers.remove(server["id"])
    server |= {"attachments": [], "ports": []}
    enter(server, "DELETED")
    server["terminated_at"] = server["updated"].rstrip("Z") + ".000000"
    state.deleted_servers.add(server)
    if len(state.deleted_servers) > DELETED_KEPT:
        state.deleted_servers.remove(next(iter(state.deleted_servers))["id"])


def release(world: World, server: Document) -> None:
    """Free all ports and volumes of a server; those that nova made, or that are to end with it, are removed."""
    for port in server["ports"]:
        if port["made_here"]:
            plugging.remove_port(world, port["port_id"])
        else:
            plugging.unbind_port(world, port["port_id"])
    for attachment in server["attachments"]:
        attaching.detach(world, volume_id=attachment["volume_id"], server_id=server["id"])
        if attachment["delete_on_termination"]:
            attaching.remove_volume(world, attachment["volume_id"])
