"""Attachments: a volume and the server that has it.

The attachments API, and what nova's requests and the actions on volumes share with it.
"""

import uuid
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.errors import BadRequest, Conflict
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.volume.routes import PROJECT, routes
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.volume.views import Kind, found, listed, shown
from sandbox.cloud.volume.volumes import VOLUME, set_status
from sandbox.cloud.world import World

ATTACHMENT = Kind(
    "attachment", "attachments", lambda state: state.attachments, summary=("id", "status", "instance", "volume_id")
)
ATTACHMENTS = f"{PROJECT}/attachments"
ONE = f"{ATTACHMENTS}/{{attachment_id}}"


def reserve(world: World, volume: Document, *, server_id: str | None, mode: str = "rw") -> Document:
    """Keep a volume for a server; refused (400) unless it is available, or may be attached more than once."""
    if volume["status"] != "available" and not (volume["multiattach"] and volume["status"] == "in-use"):
        raise BadRequest(
            f"Invalid volume: Volume {volume['id']} status must be available or downloading to reserve, but the "
            f"current status is {volume['status']}."
        )
    if volume["status"] == "available":
        set_status(volume, "reserved")
    return world[VolumeState].attachments.add(
        {
            "id": str(uuid.uuid4()),
            "project_id": volume["project_id"],
            "volume_id": volume["id"],
            "instance": server_id,
            "status": "reserved",
            "attached_at": None,
            "detached_at": None,
            "attach_mode": mode,
            "connection_info": {},
            "_by_nova": False,
        }
    )


def connect(attachment: Document, connector: dict[str, Any]) -> None:
    """Tell the connecting host where the volume is."""
    attachment |= {
        "status": "attaching",
        "connection_info": {
            "driver_volume_type": "local",
            "data": {"device_path": f"/dev/sandbox/{attachment['volume_id']}"},
        },
        "_host": connector.get("host"),
    }


def complete(world: World, attachment: Document, *, device: str) -> None:
    """The server has the volume: `in-use`, and shown among the volume's attachments."""
    volume = world[VolumeState].volumes[attachment["volume_id"]]
    moment = clock.micro_stamp()
    attachment |= {"status": "attached", "attached_at": moment}
    entry = {
        "id": volume["id"],
        "attachment_id": attachment["id"],
        "volume_id": volume["id"],
        "server_id": attachment["instance"],
        "host_name": attachment.get("_host"),
        "device": device,
        "attached_at": moment,
    }
    volume["attachments"] = [*volume["attachments"], entry]
    set_status(volume, "in-use")


def drop(world: World, attachment: Document) -> None:
    """The attachment is gone; with the last one the volume is available again."""
    state = world[VolumeState]
    state.attachments.remove(attachment["id"])
    volume = state.volumes.get(attachment["volume_id"])
    if volume is None:
        return
    volume["attachments"] = [each for each in volume["attachments"] if each["attachment_id"] != attachment["id"]]
    if not state.attachments.where(volume_id=volume["id"]):
        set_status(volume, "available")


def refuse_nova(attachment: Document) -> None:
    """What nova attached is detached through nova (409), since its guest still writes there."""
    if attachment["_by_nova"]:
        raise Conflict(f"Detach volume from instance {attachment['instance']} using the Compute API")


def _of(call: Call) -> Document:
    return found(call, ATTACHMENT, call.params["attachment_id"])


@routes.get(ATTACHMENTS)
def index(call: Call) -> dict[str, Any]:
    """In short."""
    return listed(call, ATTACHMENT, detail=False)


@routes.get(f"{ATTACHMENTS}/detail")
def detail(call: Call) -> dict[str, Any]:
    """In full."""
    return listed(call, ATTACHMENT, detail=True)


@routes.post(ATTACHMENTS)
def create(call: Call) -> dict[str, Any]:
    """Reserve a volume for a server, and connect it where a connector is given."""
    fields = call.body("attachment")
    volume = found(call, VOLUME, fields.get("volume_uuid", ""))
    server_id = fields.get("instance_uuid")
    attachment = reserve(call.world, volume, server_id=server_id, mode=fields.get("mode") or "rw")
    if fields.get("connector"):
        connect(attachment, fields["connector"])
    return {"attachment": shown(call, ATTACHMENT, attachment)}


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One attachment."""
    return {"attachment": shown(call, ATTACHMENT, _of(call))}


@routes.put(ONE)
def update(call: Call) -> dict[str, Any]:
    """Connect: the host that asks says who it is."""
    attachment, connector = _of(call), call.body("attachment").get("connector")
    if not connector:
        raise BadRequest("Invalid input received: connector is required.")
    connect(attachment, connector)
    return {"attachment": shown(call, ATTACHMENT, attachment)}


@routes.delete(ONE, status=200)
def delete(call: Call) -> dict[str, Any]:
    """Detach; answers the attachments the volume still has."""
    attachment = _of(call)
    refuse_nova(attachment)
    drop(call.world, attachment)
    remaining = call.world[VolumeState].attachments.where(volume_id=attachment["volume_id"])
    return {"attachments": [shown(call, ATTACHMENT, each) for each in remaining]}


@routes.post(f"{ONE}/action")
def action(call: Call) -> None:
    """`os-complete`: the host has connected."""
    if "os-complete" not in call.json():
        raise BadRequest("There is no such action.")
    complete(call.world, _of(call), device="/dev/vdb")
