"""What nova asks of cinder: volumes made for a server, attached and detached.

Called by `sandbox.cloud.compute`.
"""

from sandbox.cloud.caller import Caller
from sandbox.cloud.store import Document
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
    raise NotImplementedError


def attach(world: World, caller: Caller, *, volume_id: str, server_id: str, device: str) -> Document:
    """Attach a volume: status `in-use`; returns the attachment (`id` is nova's `attachment_id`).

    `NotFound` where the caller has no such volume; `BadRequest` unless it is available (or multiattach).
    """
    raise NotImplementedError


def detach(world: World, *, volume_id: str, server_id: str) -> None:
    """Detach a volume: status `available` again; one that is not attached or gone is no error."""
    raise NotImplementedError


def remove_volume(world: World, volume_id: str) -> None:
    """Delete a volume that a server took with it (delete_on_termination)."""
    raise NotImplementedError


def find_volume(world: World, caller: Caller, volume_id: str) -> Document:
    """The volume as the caller may see it; `NotFound` otherwise."""
    raise NotImplementedError


def make_snapshot(world: World, caller: Caller, *, volume_id: str, name: str) -> Document:
    """Snapshot an attached volume, as createImage of a server booted from a volume does."""
    raise NotImplementedError
