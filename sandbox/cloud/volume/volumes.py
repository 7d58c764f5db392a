"""Volumes: made (empty, or from an image, a snapshot, a volume, a backup), listed, changed, removed."""

import uuid
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.errors import BadRequest, NotFound
from sandbox.cloud.image.images import visible
from sandbox.cloud.image.state import ImageState
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.volume.routes import PROJECT, routes
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.volume.types import named_type
from sandbox.cloud.volume.views import Kind, found, listed, shown
from sandbox.cloud.world import World

VOLUME = Kind(
    "volume",
    "volumes",
    lambda state: state.volumes,
    since={
        "group_id": (3, 13),
        "provider_id": (3, 21),
        "service_uuid": (3, 48),
        "shared_targets": (3, 48),
        "cluster_name": (3, 61),
        "volume_type_id": (3, 63),
        "encryption_key_id": (3, 64),
        "consumes_quota": (3, 65),
    },
    project_field="os-vol-tenant-attr:tenant_id",
)
VOLUMES = f"{PROJECT}/volumes"
ONE = f"{VOLUMES}/{{volume_id}}"
DELETABLE = frozenset({"available", "error", "error_restoring", "error_extending", "error_managing"})
_IMAGE_FIELDS = ("container_format", "disk_format", "min_disk", "min_ram", "size", "checksum")


def make_volume(world: World, project_id: str, fields: dict[str, Any]) -> Document:
    """A volume `creating`, `available` once its latency has passed; `size` in GB, at least that of its source."""
    state = world[VolumeState]
    source = _source(world, fields)
    size = fields.get("size") or source["size"]
    if not isinstance(size, int | str) or not str(size).isdigit() or int(size) < 1:
        raise BadRequest(f"Invalid input received: Invalid volume size provided for create request: {size}.")
    if int(size) < source["size"]:
        raise BadRequest(f"Invalid input received: {source['refusal'].format(size=size)}")
    zone = fields.get("availability_zone") or state.zones[0]
    if zone not in state.zones:
        raise BadRequest(f"Invalid input received: Availability zone '{zone}' is invalid.")
    volume_type = named_type(world, project_id, fields.get("volume_type") or source["volume_type"])
    moment = clock.micro_stamp()
    volume = {
        "id": str(uuid.uuid4()),
        "project_id": project_id,
        "name": fields.get("name") or "",
        "description": fields.get("description"),
        "status": "creating",
        "size": int(size),
        "volume_type": volume_type["name"],
        "volume_type_id": volume_type["id"],
        "availability_zone": zone,
        "bootable": "true" if source["image"] else "false",
        "encrypted": volume_type["_encryption"] is not None,
        "encryption_key_id": str(uuid.uuid4()) if volume_type["_encryption"] else None,
        "multiattach": volume_type["extra_specs"].get("multiattach") == "<is> True",
        "metadata": {name: str(value) for name, value in (fields.get("metadata") or {}).items()},
        "attachments": [],
        "snapshot_id": fields.get("snapshot_id"),
        "source_volid": fields.get("source_volid"),
        "consistencygroup_id": None,
        "group_id": fields.get("group_id"),
        "replication_status": None,
        "migration_status": None,
        "user_id": fields.get("user_id", ""),
        "provider_id": None,
        "service_uuid": "0b6c0b2c-0000-4000-8000-000000000001",
        "shared_targets": False,
        "cluster_name": None,
        "consumes_quota": True,
        "os-vol-host-attr:host": "sandbox-storage-1@lvm#lvm",
        "os-vol-mig-status-attr:migstat": None,
        "os-vol-mig-status-attr:name_id": None,
        "created_at": moment,
        "updated_at": moment,
    }
    if source["image"]:
        volume["volume_image_metadata"] = source["image"]
    state.volumes.add(volume)
    world.transitions.after("volume.create", lambda: _settle(world, volume, "creating"))
    return volume


def set_status(volume: Document, status: str) -> None:
    """Pass into a status."""
    volume["status"] = status
    volume["updated_at"] = clock.micro_stamp()


def pass_through(world: World, volume: Document, status: str, *, step: str) -> None:
    """Into a status that ends by itself: back to what the volume was."""
    before = volume["status"]
    set_status(volume, status)
    world.transitions.after(step, lambda: _settle(world, volume, status, then=before))


def remove(world: World, volume: Document) -> None:
    """`deleting`, then gone with its snapshots."""
    set_status(volume, "deleting")
    world.transitions.after("volume.delete", lambda: forget(world, volume))


def forget(world: World, volume: Document) -> None:
    """Gone at once."""
    state = world[VolumeState]
    for kept in (state.snapshots, state.attachments, state.transfers):
        for document in kept.where(volume_id=volume["id"]):
            kept.remove(document["id"])
    if volume["id"] in state.volumes:
        state.volumes.remove(volume["id"])


def _settle(world: World, volume: Document, during: str, then: str = "available") -> None:
    if world[VolumeState].volumes.get(volume["id"]) is volume and volume["status"] == during:
        set_status(volume, then)


def _source(world: World, fields: dict[str, Any]) -> dict[str, Any]:
    """What a volume is made from: the least size (GB), its type, what it boots, and the words for a size too small."""
    state = world[VolumeState]
    if fields.get("imageRef"):
        image = world[ImageState].images[fields["imageRef"]]
        if image["status"] != "active":
            raise BadRequest(f"Invalid input received: Image {image['id']} is not active.")
        words = f"Volume size {{size}}GB cannot be smaller than the image minDisk size {image['min_disk']}GB."
        return {"size": image["min_disk"], "volume_type": None, "image": _image_metadata(image), "refusal": words}
    for name, kept in (("snapshot_id", state.snapshots), ("source_volid", state.volumes), ("backup_id", state.backups)):
        if not fields.get(name):
            continue
        origin = kept[fields[name]]
        volume = state.volumes.get(origin.get("volume_id", origin["id"])) or {}
        words = f"Volume size '{{size}}'GB cannot be smaller than the original volume size {origin['size']}GB."
        return {
            "size": origin["size"],
            "volume_type": volume.get("volume_type_id"),
            "image": volume.get("volume_image_metadata"),
            "refusal": words,
        }
    return {"size": 0, "volume_type": None, "image": None, "refusal": ""}


def _image_metadata(image: Document) -> dict[str, str]:
    return {"image_id": image["id"], "image_name": image["name"]} | {
        name: str(image.get(name)) for name in _IMAGE_FIELDS
    }


@routes.get(VOLUMES)
def index(call: Call) -> dict[str, Any]:
    """Names and ids."""
    return listed(call, VOLUME, detail=False)


@routes.get(f"{VOLUMES}/detail")
def detail(call: Call) -> dict[str, Any]:
    """In full."""
    return listed(call, VOLUME, detail=True)


@routes.get(f"{VOLUMES}/summary")
def summary(call: Call) -> dict[str, Any]:
    """How many volumes, how many GB, and with which metadata."""
    volumes = (
        list(VOLUME.of(call))
        if call.caller.is_admin and call.flag("all_tenants")
        else VOLUME.of(call).where(project_id=call.caller.project_id)
    )
    metadata: dict[str, list[str]] = {}
    for volume in volumes:
        for name, value in volume["metadata"].items():
            if value not in metadata.setdefault(name, []):
                metadata[name].append(value)
    totals = {"total_size": sum(volume["size"] for volume in volumes), "total_count": len(volumes)}
    return {"volume-summary": totals | {"metadata": metadata}}


@routes.post(VOLUMES, status=202)
def create(call: Call) -> dict[str, Any]:
    """A new volume of the caller's project."""
    fields, project_id = call.body("volume"), call.caller.project_id or ""
    state = call.world[VolumeState]
    for name, kind in (("snapshot_id", state.snapshots), ("source_volid", state.volumes)):
        if fields.get(name) and not call.caller.owns(kind[fields[name]]):
            raise BadRequest(f"Invalid input received: {name} {fields[name]} could not be found.")
    if fields.get("imageRef"):
        _require_image(call, fields["imageRef"])
    state.require_room(project_id, "volumes", size=int(fields.get("size") or 0))
    volume = make_volume(call.world, project_id, fields | {"user_id": call.caller.user_id})
    if fields.get("group_id"):
        state.groups[fields["group_id"]]["volumes"].append(volume["id"])
    return {"volume": shown(call, VOLUME, volume)}


def _require_image(call: Call, image_id: str) -> None:
    try:
        visible(call.world, call.caller, image_id)
    except NotFound:
        raise BadRequest("Invalid image identifier or unable to access requested image.") from None


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One volume."""
    return {"volume": shown(call, VOLUME, found(call, VOLUME, call.params["volume_id"]))}


@routes.put(ONE)
def update(call: Call) -> dict[str, Any]:
    """Change name, description or metadata."""
    volume, changes = found(call, VOLUME, call.params["volume_id"]), call.body("volume")
    volume.update({name: changes[name] for name in ("name", "description", "metadata") if name in changes})
    volume["updated_at"] = clock.micro_stamp()
    return {"volume": shown(call, VOLUME, volume)}


@routes.delete(ONE, status=202)
def delete(call: Call) -> None:
    """Refused (400) while in use, in a group, being transferred, or with snapshots (`cascade` takes those too)."""
    volume = found(call, VOLUME, call.params["volume_id"])
    state = call.world[VolumeState]
    snapshots = state.snapshots.where(volume_id=volume["id"])
    held = snapshots and not call.flag("cascade")
    if volume["status"] not in DELETABLE or volume["attachments"] or volume["group_id"] or held:
        raise BadRequest(
            "Invalid volume: Volume status must be available or error or error_restoring or error_extending or "
            "error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a "
            "transfer, or be disassociated from snapshots after volume transfer."
        )
    remove(call.world, volume)
