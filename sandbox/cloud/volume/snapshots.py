"""Snapshots of volumes."""

import uuid
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.errors import BadRequest
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.volume.routes import PROJECT, routes
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.volume.views import Kind, found, listed, shown
from sandbox.cloud.volume.volumes import VOLUME
from sandbox.cloud.world import World

SNAPSHOT = Kind(
    "snapshot",
    "snapshots",
    lambda state: state.snapshots,
    since={"group_snapshot_id": (3, 14), "user_id": (3, 41), "consumes_quota": (3, 65)},
    project_field="os-extended-snapshot-attributes:project_id",
)
SNAPSHOTS = f"{PROJECT}/snapshots"
ONE = f"{SNAPSHOTS}/{{snapshot_id}}"


def make_snapshot(world: World, project_id: str, fields: dict[str, Any]) -> Document:
    """A snapshot `creating`, then `available`, of the size of its volume."""
    state = world[VolumeState]
    volume = state.volumes[fields["volume_id"]]
    moment = clock.micro_stamp()
    snapshot = {
        "id": str(uuid.uuid4()),
        "project_id": project_id,
        "volume_id": volume["id"],
        "name": fields.get("name") or "",
        "description": fields.get("description"),
        "status": "creating",
        "size": volume["size"],
        "metadata": {name: str(value) for name, value in (fields.get("metadata") or {}).items()},
        "group_snapshot_id": fields.get("group_snapshot_id"),
        "user_id": fields.get("user_id", ""),
        "consumes_quota": True,
        "os-extended-snapshot-attributes:progress": "0%",
        "created_at": moment,
        "updated_at": moment,
    }
    state.snapshots.add(snapshot)
    world.transitions.after("snapshot.create", lambda: _finish(snapshot))
    return snapshot


def remove_snapshot(world: World, snapshot: Document) -> None:
    """`deleting`, then gone."""
    snapshot["status"] = "deleting"
    world.transitions.after("volume.delete", lambda: _forget(world, snapshot))


def _finish(snapshot: Document) -> None:
    if snapshot["status"] == "creating":
        snapshot |= {"status": "available", "updated_at": clock.micro_stamp()}
        snapshot["os-extended-snapshot-attributes:progress"] = "100%"


def _forget(world: World, snapshot: Document) -> None:
    if snapshot["id"] in world[VolumeState].snapshots:
        world[VolumeState].snapshots.remove(snapshot["id"])


@routes.get(SNAPSHOTS)
def index(call: Call) -> dict[str, Any]:
    """Snapshots, as cinder lists them without details: all but the extended fields."""
    return listed(call, SNAPSHOT, detail=True)


@routes.get(f"{SNAPSHOTS}/detail")
def detail(call: Call) -> dict[str, Any]:
    """In full."""
    return listed(call, SNAPSHOT, detail=True)


@routes.post(SNAPSHOTS, status=202)
def create(call: Call) -> dict[str, Any]:
    """A snapshot of a volume that is available, or in use where `force` says so (from 3.66 on it need not)."""
    fields = call.body("snapshot")
    volume = found(call, VOLUME, fields.get("volume_id", ""))
    forced = call.microversion >= (3, 66) or str(fields.get("force", False)).lower() in ("true", "1")
    allowed = {"available", "in-use"} if forced else {"available"}
    if volume["status"] not in allowed:
        raise BadRequest(
            f"Invalid volume: Volume {volume['id']} status must be available, but current status is: "
            f"{volume['status']}."
        )
    call.world[VolumeState].require_room(volume["project_id"], "snapshots", size=volume["size"])
    snapshot = make_snapshot(call.world, volume["project_id"], fields | {"user_id": call.caller.user_id})
    return {"snapshot": shown(call, SNAPSHOT, snapshot)}


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One snapshot."""
    return {"snapshot": shown(call, SNAPSHOT, found(call, SNAPSHOT, call.params["snapshot_id"]))}


@routes.put(ONE)
def update(call: Call) -> dict[str, Any]:
    """Change name or description."""
    snapshot, changes = found(call, SNAPSHOT, call.params["snapshot_id"]), call.body("snapshot")
    snapshot.update({name: changes[name] for name in ("name", "description") if name in changes})
    snapshot["updated_at"] = clock.micro_stamp()
    return {"snapshot": shown(call, SNAPSHOT, snapshot)}


@routes.delete(ONE, status=202)
def delete(call: Call) -> None:
    """Refused (400) while it is being made, or belongs to a group snapshot."""
    snapshot = found(call, SNAPSHOT, call.params["snapshot_id"])
    if snapshot["status"] not in ("available", "error") or snapshot["group_snapshot_id"]:
        raise BadRequest(
            f"Invalid snapshot: Snapshot {snapshot['id']} status must be available or error, and it must not be part "
            "of a group."
        )
    remove_snapshot(call.world, snapshot)


@routes.post(f"{ONE}/action", status=202)
def action(call: Call) -> None:
    """An administrator's corrections of a snapshot's status, and deleting it whatever its status."""
    call.require_admin()
    snapshot, body = found(call, SNAPSHOT, call.params["snapshot_id"]), call.json()
    name, argument = next(iter(body.items()))
    match name:
        case "os-reset_status" | "os-update_snapshot_status":
            snapshot["status"] = argument["status"]
        case "os-force_delete":
            remove_snapshot(call.world, snapshot)
        case _:
            raise BadRequest(f"There is no such action: {name}")
