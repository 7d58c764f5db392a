"""Backups of volumes, full or on top of the last one, and restoring them."""

import uuid
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.errors import BadRequest
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.volume.routes import PROJECT, routes
from sandbox.cloud.volume.snapshots import SNAPSHOT
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.volume.views import Kind, found, links, listed, shown
from sandbox.cloud.volume.volumes import VOLUME, make_volume, pass_through
from sandbox.cloud.world import World

PROJECT_FIELD = "os-backup-project-attr:project_id"
BACKUP = Kind(
    "backup",
    "backups",
    lambda state: state.backups,
    since={"metadata": (3, 43), PROJECT_FIELD: (3, 18), "user_id": (3, 56), "encryption_key_id": (3, 64)},
    project_field=PROJECT_FIELD,
)
BACKUPS = f"{PROJECT}/backups"
ONE = f"{BACKUPS}/{{backup_id}}"


def make_backup(world: World, project_id: str, fields: dict[str, Any]) -> Document:
    """A backup `creating`, then `available`; an incremental one rests on the newest of the same volume."""
    state = world[VolumeState]
    volume = state.volumes[fields["volume_id"]]
    earlier = state.backups.where(volume_id=volume["id"], status="available")
    base = earlier[-1] if earlier else None
    incremental = bool(fields.get("incremental"))
    if incremental and base is None:
        raise BadRequest("Invalid backup: No backups available to do an incremental backup.")
    if incremental and base is not None:
        base["has_dependent_backups"] = True
    moment = clock.micro_stamp()
    backup = {
        "id": str(uuid.uuid4()),
        "project_id": project_id,
        "volume_id": volume["id"],
        "snapshot_id": fields.get("snapshot_id"),
        "name": fields.get("name") or "",
        "description": fields.get("description"),
        "status": "creating",
        "size": volume["size"],
        "object_count": 22,
        "container": fields.get("container") or "volumebackups",
        "availability_zone": fields.get("availability_zone") or "nova",
        "is_incremental": incremental,
        "has_dependent_backups": False,
        "fail_reason": None,
        "metadata": dict(fields.get("metadata") or {}),
        "user_id": fields.get("user_id", ""),
        "encryption_key_id": None,
        "data_timestamp": moment,
        "created_at": moment,
        "updated_at": moment,
        "_base": base["id"] if incremental and base else None,
    }
    state.backups.add(backup)
    world.transitions.after("backup.create", lambda: _settle(backup, "creating"))
    return backup


def remove_backup(world: World, backup: Document) -> None:
    """`deleting`, then gone; the one it rested on may be free of dependants then."""
    backup["status"] = "deleting"
    world.transitions.after("volume.delete", lambda: _forget(world, backup))


def _settle(backup: Document, during: str) -> None:
    if backup["status"] == during:
        backup |= {"status": "available", "updated_at": clock.micro_stamp()}


def _forget(world: World, backup: Document) -> None:
    backups = world[VolumeState].backups
    if backup["id"] not in backups:
        return
    backups.remove(backup["id"])
    base = backups.get(backup["_base"])
    if base is not None:
        base["has_dependent_backups"] = any(each["_base"] == base["id"] for each in backups)


def _of(call: Call) -> Document:
    return found(call, BACKUP, call.params["backup_id"])


@routes.get(BACKUPS)
def index(call: Call) -> dict[str, Any]:
    """Names and ids."""
    return listed(call, BACKUP, detail=False)


@routes.get(f"{BACKUPS}/detail")
def detail(call: Call) -> dict[str, Any]:
    """In full."""
    return listed(call, BACKUP, detail=True)


@routes.post(BACKUPS, status=202)
def create(call: Call) -> dict[str, Any]:
    """A backup of a volume that is available, or in use where `force` says so, or of a snapshot of it."""
    fields = call.body("backup")
    if fields.get("metadata") and call.microversion < (3, 43):
        raise BadRequest(
            "Invalid input for field/attribute backup. Additional properties are not allowed ('metadata')."
        )
    volume = found(call, VOLUME, fields.get("volume_id", ""))
    if fields.get("snapshot_id"):
        found(call, SNAPSHOT, fields["snapshot_id"])
    elif volume["status"] != "available" and not (volume["status"] == "in-use" and fields.get("force")):
        raise BadRequest(
            f"Invalid volume: Backing up a volume whose status is {volume['status']} needs the force flag "
            "or a snapshot."
        )
    state, project_id = call.world[VolumeState], call.caller.project_id or ""
    state.require_room(project_id, "backups", size=volume["size"], sizes="backup_gigabytes")
    backup = make_backup(call.world, project_id, fields | {"user_id": call.caller.user_id})
    if not fields.get("snapshot_id"):
        pass_through(call.world, volume, "backing-up", step="backup.create")
    return {"backup": {"id": backup["id"], "name": backup["name"], "links": links(call, BACKUP, backup)}}


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One backup."""
    return {"backup": shown(call, BACKUP, _of(call))}


@routes.put(ONE)
def update(call: Call) -> dict[str, Any]:
    """Change name, description or metadata."""
    backup, changes = _of(call), call.body("backup")
    backup.update({name: changes[name] for name in ("name", "description", "metadata") if name in changes})
    backup["updated_at"] = clock.micro_stamp()
    return {"backup": {"id": backup["id"], "name": backup["name"], "links": links(call, BACKUP, backup)}}


@routes.delete(ONE, status=202)
def delete(call: Call) -> None:
    """Refused (400) while it is being made or restored, or incremental ones rest on it."""
    backup = _of(call)
    if backup["status"] not in ("available", "error"):
        raise BadRequest("Invalid backup: Backup status must be available or error")
    if backup["has_dependent_backups"]:
        raise BadRequest("Invalid backup: Incremental backups exist for this backup.")
    remove_backup(call.world, backup)


@routes.post(f"{ONE}/restore", status=202)
def restore(call: Call) -> dict[str, Any]:
    """Into the volume named, or a new one."""
    backup, asked = _of(call), call.body("restore")
    if backup["status"] != "available":
        raise BadRequest("Invalid backup: Backup status must be available")
    if asked.get("volume_id"):
        volume = found(call, VOLUME, asked["volume_id"])
        if volume["status"] != "available":
            raise BadRequest("Invalid volume: Volume to be restored to must be available")
        if volume["size"] < backup["size"]:
            raise BadRequest(
                f"Invalid volume: volume size {volume['size']} is too small to restore backup of size {backup['size']}."
            )
    else:
        name = asked.get("name") or f"restore_backup_{backup['id']}"
        fields = {"name": name, "size": backup["size"], "backup_id": backup["id"], "user_id": call.caller.user_id}
        volume = make_volume(call.world, backup["project_id"], fields)
    if volume["status"] == "available":
        pass_through(call.world, volume, "restoring-backup", step="backup.create")
    backup["status"] = "restoring"
    call.world.transitions.after("backup.create", lambda: _settle(backup, "restoring"))
    return {"restore": {"backup_id": backup["id"], "volume_id": volume["id"], "volume_name": volume["name"]}}


@routes.post(f"{ONE}/action", status=202, admin=True)
def action(call: Call) -> None:
    """An administrator's corrections: reset the status, delete whatever the status."""
    backup, body = _of(call), call.json()
    name, argument = next(iter(body.items()))
    match name:
        case "os-reset_status":
            backup["status"] = argument["status"]
        case "os-force_delete":
            remove_backup(call.world, backup)
        case _:
            raise BadRequest(f"There is no such action: {name}")
