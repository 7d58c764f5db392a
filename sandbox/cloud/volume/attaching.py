"""What nova asks of cinder: volumes made for a server, attached and detached.

Called by `sandbox.cloud.compute`.
"""

from sandbox.cloud.caller import Caller
from sandbox.cloud.errors import NotFound
from sandbox.cloud.store import Document
from sandbox.cloud.volume import attachments, snapshots, volumes
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.world import World


def make_volume(
    world: World,
    caller: Caller,
    *,
    size: int,
    name: str = "",
    image_id: str | None = None,
    snapshot_id: str | None = None,
    source_volume_id: str | None = None,
    volume_type: str | None = None,
    availability_zone: str | None = None,
) -> Document:
    """Make a volume (size in GB) at once available, for a server that boots from it."""
    project_id = caller.project_id or ""
    world[VolumeState].require_room(project_id, "volumes", size=size)
    fields = {
        "size": size,
        "name": name,
        "imageRef": image_id,
        "snapshot_id": snapshot_id,
        "source_volid": source_volume_id,
        "volume_type": volume_type,
        "availability_zone": availability_zone,
        "user_id": caller.user_id,
    }
    volume = volumes.make_volume(world, project_id, fields)
    volumes.set_status(volume, "available")
    return volume


def attach(world: World, caller: Caller, *, volume_id: str, server_id: str, device: str) -> Document:
    """Attach a volume: status `in-use`; returns the attachment (`id` is nova's `attachment_id`).

    `NotFound` where the caller has no such volume; `BadRequest` unless it is available (or multiattach).
    """
    attachment = attachments.reserve(world, find_volume(world, caller, volume_id), server_id=server_id)
    attachment["_by_nova"] = True
    attachments.complete(world, attachment, device=device)
    return attachment


def detach(world: World, *, volume_id: str, server_id: str) -> None:
    """Detach a volume: status `available` again; one that is not attached or gone is no error."""
    for attachment in world[VolumeState].attachments.where(volume_id=volume_id, instance=server_id):
        attachments.drop(world, attachment)


def remove_volume(world: World, volume_id: str) -> None:
    """Delete a volume that a server took with it (delete_on_termination)."""
    volume = world[VolumeState].volumes.get(volume_id)
    if volume is not None:
        volumes.remove(world, volume)


def find_volume(world: World, caller: Caller, volume_id: str) -> Document:
    """The volume as the caller may see it; `NotFound` otherwise."""
    volume = world[VolumeState].volumes.get(volume_id)
    if volume is None or not caller.owns(volume):
        raise NotFound(f"Volume {volume_id} could not be found.")
    return volume


def make_snapshot(world: World, caller: Caller, *, volume_id: str, name: str) -> Document:
    """Snapshot an attached volume, as createImage of a server booted from a volume does."""
    volume = find_volume(world, caller, volume_id)
    world[VolumeState].require_room(volume["project_id"], "snapshots", size=volume["size"])
    fields = {"volume_id": volume_id, "name": name, "user_id": caller.user_id}
    return snapshots.make_snapshot(world, volume["project_id"], fields)
