"""Volumes attached to servers."""

import string
import uuid
from typing import Any

from sandbox.cloud import paging
from sandbox.cloud.compute.finding import server_of
from sandbox.cloud.compute.lifecycle import record, require_unlocked
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document
from sandbox.cloud.volume import attaching

BASE = "/v2.1/servers/{server_id}/os-volume_attachments"
ONE = BASE + "/{volume_id}"
ATTACHABLE = frozenset({"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "VERIFY_RESIZE", "SHELVED", "SHELVED_OFFLOADED"})


def attached(
    call: Call, server: Document, volume_id: str, *, delete_on_termination: bool, tag: str | None, device: str | None
) -> Document:
    """Attach a volume (404 unknown, 400 not available) and note it on the server; returns the note."""
    device = device or _next_device(server)
    attachment = attaching.attach(call.world, call.caller, volume_id=volume_id, server_id=server["id"], device=device)
    note: Document = {
        "volume_id": volume_id,
        "attachment_id": attachment["id"],
        "bdm_uuid": str(uuid.uuid4()),
        "device": device,
        "tag": tag,
        "delete_on_termination": delete_on_termination,
        "root": device == "/dev/vda",
    }
    server["attachments"].append(note)
    return note


def _next_device(server: Document) -> str:
    taken = {one["device"] for one in server["attachments"]}
    letters = string.ascii_lowercase if not server["image_id"] else string.ascii_lowercase[1:]
    return next(f"/dev/vd{letter}" for letter in letters if f"/dev/vd{letter}" not in taken)


def _shown(call: Call, server: Document, note: Document) -> Document:
    document: Document = {"serverId": server["id"], "volumeId": note["volume_id"], "device": note["device"]}
    if call.microversion >= (2, 89):
        document |= {"attachment_id": note["attachment_id"], "bdm_uuid": note["bdm_uuid"]}
    else:
        document["id"] = note["volume_id"]
    if call.microversion >= (2, 70):
        document["tag"] = note["tag"]
    if call.microversion >= (2, 79):
        document["delete_on_termination"] = note["delete_on_termination"]
    return document


def _note(call: Call, server: Document) -> Document:
    volume_id = call.params["volume_id"]
    for note in server["attachments"]:
        if note["volume_id"] == volume_id:
            found: Document = note
            return found
    raise NotFound(f"volume_id not found: {volume_id}")


@routes.get(BASE)
def index(call: Call) -> dict[str, Any]:
    """A server's volumes."""
    server = server_of(call)
    page = paging.cut(call, server["attachments"], key="volume_id")
    return {"volumeAttachments": [_shown(call, server, note) for note in page.documents]}


@routes.post(BASE)
def create(call: Call) -> dict[str, Any]:
    """Attach a volume."""
    server = server_of(call)
    require_unlocked(call, server)
    fields = call.body("volumeAttachment")
    if server["status"] not in ATTACHABLE or server["task_state"]:
        raise Conflict(f"Cannot 'attach_volume' instance {server['id']} while it is in vm_state {server['vm_state']}")
    note = attached(
        call,
        server,
        fields["volumeId"],
        delete_on_termination=bool(fields.get("delete_on_termination", False)),
        tag=fields.get("tag"),
        device=fields.get("device"),
    )
    record(call, server, "attach_volume")
    return {"volumeAttachment": _shown(call, server, note)}


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One attachment."""
    server = server_of(call)
    return {"volumeAttachment": _shown(call, server, _note(call, server))}


@routes.put(ONE, status=202)
def update(call: Call) -> None:
    """Change `delete_on_termination` (2.85), or swap the volume for another."""
    server = server_of(call)
    note = _note(call, server)
    fields = call.body("volumeAttachment")
    if "delete_on_termination" in fields:
        note["delete_on_termination"] = bool(fields["delete_on_termination"])
    wanted: str = fields.get("volumeId") or note["volume_id"]
    if wanted != note["volume_id"]:
        call.require_admin()
        attaching.attach(call.world, call.caller, volume_id=wanted, server_id=server["id"], device=note["device"])
        attaching.detach(call.world, volume_id=note["volume_id"], server_id=server["id"])
        note["volume_id"] = wanted


@routes.delete(ONE, status=202)
def delete(call: Call) -> Reply:
    """Detach a volume; not the one the server boots from."""
    server = server_of(call)
    require_unlocked(call, server)
    note = _note(call, server)
    if note["root"] and not server["image_id"]:
        raise BadRequest("Cannot detach a root device volume")
    server["attachments"].remove(note)
    attaching.detach(call.world, volume_id=note["volume_id"], server_id=server["id"])
    record(call, server, "detach_volume")
    return Reply(status=202)
