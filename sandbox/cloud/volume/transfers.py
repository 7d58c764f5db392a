"""Handing a volume to another project: offered with a key, accepted with it."""

import secrets
import uuid
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.errors import BadRequest
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.volume.routes import PROJECT, routes
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.volume.views import Kind, found, listed, shown
from sandbox.cloud.volume.volumes import VOLUME, set_status

TRANSFER = Kind(
    "transfer",
    "transfers",
    lambda state: state.transfers,
    since={
        "no_snapshots": (3, 55),
        "source_project_id": (3, 57),
        "destination_project_id": (3, 57),
        "accepted": (3, 57),
    },
    summary=("id", "name", "volume_id"),
)


def index(call: Call) -> dict[str, Any]:
    """In short."""
    return listed(call, TRANSFER, detail=False)


def detail(call: Call) -> dict[str, Any]:
    """In full."""
    return listed(call, TRANSFER, detail=True)


def create(call: Call) -> dict[str, Any]:
    """Offer an available volume; the answer alone holds the key."""
    fields = call.body("transfer")
    volume = found(call, VOLUME, fields.get("volume_id", ""))
    if volume["status"] != "available":
        raise BadRequest("Invalid volume: status must be available")
    set_status(volume, "awaiting-transfer")
    transfer = call.world[VolumeState].transfers.add(
        {
            "id": str(uuid.uuid4()),
            "project_id": volume["project_id"],
            "volume_id": volume["id"],
            "name": fields.get("name"),
            "no_snapshots": bool(fields.get("no_snapshots")),
            "source_project_id": volume["project_id"],
            "destination_project_id": None,
            "accepted": False,
            "created_at": clock.micro_stamp(),
            "_key": secrets.token_hex(8),
        }
    )
    return {"transfer": shown(call, TRANSFER, transfer) | {"auth_key": transfer["_key"]}}


def show(call: Call) -> dict[str, Any]:
    """One offer."""
    return {"transfer": shown(call, TRANSFER, found(call, TRANSFER, call.params["transfer_id"]))}


def delete(call: Call) -> None:
    """Take the offer back."""
    transfer = found(call, TRANSFER, call.params["transfer_id"])
    _end(call, transfer)


def accept(call: Call) -> dict[str, Any]:
    """Take the volume over, with the key of the offer (400 with another)."""
    state = call.world[VolumeState]
    transfer = state.transfers[call.params["transfer_id"]]
    if not secrets.compare_digest(str(call.body("accept").get("auth_key")), transfer["_key"]):
        raise BadRequest("Invalid auth key: Attempt to transfer with invalid auth key.")
    volume, project_id = _end(call, transfer), call.caller.project_id
    taken = [] if transfer["no_snapshots"] else state.snapshots.where(volume_id=volume["id"])
    state.volumes.change(volume, project_id=project_id)
    for snapshot in taken:
        state.snapshots.change(snapshot, project_id=project_id)
    return {"transfer": {"id": transfer["id"], "name": transfer["name"], "volume_id": volume["id"]}}


def _end(call: Call, transfer: Document) -> Document:
    """The offer is gone, the volume available."""
    state = call.world[VolumeState]
    state.transfers.remove(transfer["id"])
    volume = state.volumes[transfer["volume_id"]]
    set_status(volume, "available")
    return volume


for _path in ("volume-transfers", "os-volume-transfer"):
    _base = f"{PROJECT}/{_path}"
    routes.get(_base)(index)
    routes.get(f"{_base}/detail")(detail)
    routes.post(_base, status=202)(create)
    routes.get(f"{_base}/{{transfer_id}}")(show)
    routes.delete(f"{_base}/{{transfer_id}}", status=202)(delete)
    routes.post(f"{_base}/{{transfer_id}}/accept", status=202)(accept)
