"""Actions on a volume (`POST /volumes/{id}/action`), a function each: extend, attach, retype, upload to an image …"""

from collections.abc import Callable
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.errors import BadRequest, NotFound
from sandbox.cloud.image.images import make_image
from sandbox.cloud.image.state import ImageState
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document
from sandbox.cloud.volume import attachments
from sandbox.cloud.volume.routes import routes
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.volume.types import named_type
from sandbox.cloud.volume.views import found
from sandbox.cloud.volume.volumes import ONE, VOLUME, forget, pass_through, set_status

Action = Callable[[Call, Document, Any], dict[str, Any] | None]
ACTIONS: dict[str, Action] = {}
ADMIN = frozenset({"os-reset_status", "os-force_delete", "os-force_detach", "os-unmanage", "os-migrate_volume"})


def _named(name: str) -> Callable[[Action], Action]:
    def register(handler: Action) -> Action:
        ACTIONS[name] = handler
        return handler

    return register


@routes.post(f"{ONE}/action", status=202)
def act(call: Call) -> Reply:
    """The action that the body's one key names."""
    body = call.json()
    if not isinstance(body, dict) or len(body) != 1:
        raise BadRequest("Invalid input received: There should be exactly one action.")
    name, argument = next(iter(body.items()))
    action = ACTIONS.get(name)
    if action is None:
        raise BadRequest(f"There is no such action: {name}")
    if name in ADMIN:
        call.require_admin()
    result = action(call, found(call, VOLUME, call.params["volume_id"]), argument or {})
    return Reply(result, 200 if name in ("os-set_bootable", "os-set_image_metadata") else 202)


@_named("os-extend")
def extend(call: Call, volume: Document, argument: Any) -> None:
    """Grow a volume (GB); one in use only from 3.42 on."""
    size = int(argument["new_size"])
    allowed = {"available", "in-use"} if call.microversion >= (3, 42) else {"available"}
    if volume["status"] not in allowed:
        raise BadRequest(
            f"Invalid volume: Volume {volume['id']} status must be '{sorted(allowed)}' to extend, currently "
            f"{volume['status']}."
        )
    if size <= volume["size"]:
        raise BadRequest(
            f"Invalid input received: New size for extend must be greater than current size. (current: "
            f"{volume['size']}, extended: {size})."
        )
    state, project_id = call.world[VolumeState], volume["project_id"]
    limit, used = state.limits(project_id)["gigabytes"], state.usage(project_id)["gigabytes"]
    if 0 <= limit < used + size - volume["size"]:
        raise BadRequest(
            f"VolumeSizeExceedsAvailableQuota: Requested volume exceeds allowed gigabytes quota of {limit}G."
        )
    pass_through(call.world, volume, "extending", step="volume.attach")
    volume["size"] = size


@_named("os-attach")
def attach(call: Call, volume: Document, argument: Any) -> None:
    """Mark a volume attached to a server (or a host)."""
    attachment = attachments.reserve(call.world, volume, server_id=argument.get("instance_uuid"))
    attachment["_host"] = argument.get("host_name")
    attachments.complete(call.world, attachment, device=argument["mountpoint"])


@_named("os-detach")
@_named("os-force_detach")
def detach(call: Call, volume: Document, argument: Any) -> None:
    """Take a volume from its server; what nova attached is refused (409)."""
    held = call.world[VolumeState].attachments.where(volume_id=volume["id"])
    wanted = argument.get("attachment_id")
    for attachment in held:
        if wanted in (None, attachment["id"]):
            attachments.refuse_nova(attachment)
            attachments.drop(call.world, attachment)
            return
    raise BadRequest(f"Invalid volume: Unable to detach volume {volume['id']}: it has no such attachment.")


@_named("os-reserve")
def reserve(_call: Call, volume: Document, _argument: Any) -> None:
    """Mark a volume as about to be attached."""
    if volume["status"] != "available":
        raise BadRequest(f"Invalid volume: status must be available to reserve, but it is {volume['status']}.")
    set_status(volume, "attaching")


@_named("os-unreserve")
def unreserve(_call: Call, volume: Document, _argument: Any) -> None:
    """Undo a reservation."""
    if volume["status"] == "attaching":
        set_status(volume, "available")


@_named("os-begin_detaching")
def begin_detaching(_call: Call, volume: Document, _argument: Any) -> None:
    """Mark a volume as about to be detached."""
    if volume["status"] != "in-use":
        raise BadRequest(f"Invalid volume: status must be in-use to detach, but it is {volume['status']}.")
    set_status(volume, "detaching")


@_named("os-roll_detaching")
def roll_detaching(_call: Call, volume: Document, _argument: Any) -> None:
    """Undo a detaching."""
    if volume["status"] == "detaching":
        set_status(volume, "in-use")


@_named("os-set_bootable")
def set_bootable(_call: Call, volume: Document, argument: Any) -> None:
    """Say whether a server may boot from it."""
    volume["bootable"] = str(argument["bootable"]).lower()


@_named("os-update_readonly_flag")
def update_readonly(_call: Call, volume: Document, argument: Any) -> None:
    """Keep the flag where cinder keeps it: in the metadata."""
    volume["metadata"]["readonly"] = str(argument["readonly"])


@_named("os-set_image_metadata")
def set_image_metadata(_call: Call, volume: Document, argument: Any) -> dict[str, Any]:
    """Say what image the volume holds."""
    held = volume.setdefault("volume_image_metadata", {})
    held.update(argument["metadata"])
    return {"metadata": held}


@_named("os-unset_image_metadata")
def unset_image_metadata(_call: Call, volume: Document, argument: Any) -> None:
    """Forget one of those words."""
    if argument["key"] not in volume.get("volume_image_metadata", {}):
        raise NotFound(f"Volume {volume['id']} has no image metadata with key {argument['key']}.")
    del volume["volume_image_metadata"][argument["key"]]


@_named("os-show_image_metadata")
def show_image_metadata(_call: Call, volume: Document, _argument: Any) -> dict[str, Any]:
    """What image the volume holds."""
    return {"metadata": volume.get("volume_image_metadata", {})}


@_named("os-retype")
def retype(call: Call, volume: Document, argument: Any) -> None:
    """Give a volume another type."""
    wanted = named_type(call.world, volume["project_id"], argument["new_type"])
    if volume["status"] not in ("available", "in-use"):
        raise BadRequest(f"Invalid volume: Volume {volume['id']} status must be available or in-use to retype.")
    if wanted["id"] == volume["volume_type_id"]:
        raise BadRequest(f"Invalid volume type: new volume type ({wanted['id']}) is the same as the old one.")
    pass_through(call.world, volume, "retyping", step="volume.attach")
    volume |= {"volume_type": wanted["name"], "volume_type_id": wanted["id"]}


@_named("revert")
def revert(call: Call, volume: Document, argument: Any) -> None:
    """Back to the newest snapshot."""
    newest = (call.world[VolumeState].snapshots.where(volume_id=volume["id"]) or [{"id": None}])[-1]
    if argument["snapshot_id"] != newest["id"]:
        raise BadRequest(f"Invalid snapshot: {argument['snapshot_id']} is not the latest one of volume {volume['id']}.")
    pass_through(call.world, volume, "reverting", step="volume.attach")


@_named("os-reset_status")
def reset_status(_call: Call, volume: Document, argument: Any) -> None:
    """An administrator's correction."""
    if "status" in argument:
        set_status(volume, argument["status"])


@_named("os-force_delete")
def force_delete(call: Call, volume: Document, _argument: Any) -> None:
    """Gone whatever its status."""
    forget(call.world, volume)


@_named("os-unmanage")
def unmanage(call: Call, volume: Document, _argument: Any) -> None:
    """Gone from cinder, left on the storage."""
    if volume["attachments"]:
        raise BadRequest("Invalid volume: Volume status must be available to unmanage.")
    forget(call.world, volume)


@_named("os-migrate_volume")
def migrate(_call: Call, volume: Document, argument: Any) -> None:
    """Move to another host."""
    volume["os-vol-host-attr:host"] = argument.get("host", volume["os-vol-host-attr:host"])


@_named("os-volume_upload_image")
def upload_to_image(call: Call, volume: Document, argument: Any) -> dict[str, Any]:
    """Make an image of a volume; active once its latency has passed."""
    if volume["status"] != "available" and not (volume["status"] == "in-use" and argument.get("force")):
        raise BadRequest(f"Invalid volume: Volume {volume['id']} status must be available to upload to an image.")
    if not argument.get("image_name"):
        raise BadRequest("Invalid input received: image_name is required.")
    image = make_image(call.world, volume["project_id"], _image_fields(volume, argument))
    image["status"] = "saving"
    pass_through(call.world, volume, "uploading", step="image.save")
    call.world.transitions.after("image.save", lambda: _activate(call, image))
    details = ("id", "display_description", "size", "volume_type")
    shown: dict[str, Any] = {name: volume.get(name) for name in details}
    shown |= {"status": "uploading", "updated_at": volume["updated_at"], "image_id": image["id"]}
    shown |= {name: image[name] for name in ("container_format", "disk_format")} | {"image_name": image["name"]}
    return {"os-volume_upload_image": shown}


def _image_fields(volume: Document, argument: Any) -> dict[str, Any]:
    return {
        "name": argument["image_name"],
        "visibility": argument.get("visibility", "private"),
        "protected": bool(argument.get("protected", False)),
        "container_format": argument.get("container_format", "bare"),
        "disk_format": argument.get("disk_format", "raw"),
        "min_disk": volume["size"],
        "size": volume["size"] * 1024**3,
    }


def _activate(call: Call, image: Document) -> None:
    if call.world[ImageState].images.get(image["id"]) is image:
        image |= {"status": "active", "updated_at": clock.seconds_stamp()}
