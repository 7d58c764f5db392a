"""Metadata and tags of servers."""

from typing import Any

from sandbox.cloud.compute import quotas
from sandbox.cloud.compute.finding import server_of
from sandbox.cloud.compute.lifecycle import require_unlocked
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import BadRequest, NotFound
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document

METADATA = "/v2.1/servers/{server_id}/metadata"
TAGS = "/v2.1/servers/{server_id}/tags"
LENGTH_LIMIT = 255
TAG_LIMIT = 50


def checked(call: Call, metadata: Document) -> Document:
    """Metadata as they may be kept: texts of up to 255 characters, as many as the quota says."""
    for key, value in metadata.items():
        if not key or len(key) > LENGTH_LIMIT or not isinstance(value, str) or len(value) > LENGTH_LIMIT:
            raise BadRequest(f"Invalid input for field/attribute {key}. Value: {value}.")
    quotas.require(call.world[ComputeState], call.caller.project_id or "", metadata_items=(0, len(metadata)))
    return metadata


@routes.get(METADATA)
def index(call: Call) -> dict[str, Any]:
    """All metadata."""
    return {"metadata": server_of(call)["metadata"]}


@routes.post(METADATA)
def merge(call: Call) -> dict[str, Any]:
    """Add to the metadata."""
    server = server_of(call)
    require_unlocked(call, server)
    server["metadata"] = checked(call, {**server["metadata"], **call.body("metadata")})
    return {"metadata": server["metadata"]}


@routes.put(METADATA)
def replace(call: Call) -> dict[str, Any]:
    """Replace the metadata."""
    server = server_of(call)
    require_unlocked(call, server)
    server["metadata"] = checked(call, call.body("metadata"))
    return {"metadata": server["metadata"]}


@routes.get(METADATA + "/{key}")
def show(call: Call) -> dict[str, Any]:
    """One item."""
    key = call.params["key"]
    metadata = server_of(call)["metadata"]
    if key not in metadata:
        raise NotFound("Metadata item was not found")
    return {"meta": {key: metadata[key]}}


@routes.put(METADATA + "/{key}")
def set_item(call: Call) -> dict[str, Any]:
    """Set one item."""
    server = server_of(call)
    require_unlocked(call, server)
    meta = call.body("meta")
    if set(meta) != {call.params["key"]}:
        raise BadRequest("Request body and URI mismatch")
    server["metadata"] = checked(call, {**server["metadata"], **meta})
    return {"meta": meta}


@routes.delete(METADATA + "/{key}")
def remove_item(call: Call) -> None:
    """Remove one item."""
    show(call)
    server = server_of(call)
    require_unlocked(call, server)
    del server["metadata"][call.params["key"]]


@routes.get(TAGS)
def tags(call: Call) -> dict[str, Any]:
    """All tags."""
    return {"tags": server_of(call)["tags"]}


@routes.put(TAGS)
def replace_tags(call: Call) -> dict[str, Any]:
    """Replace the tags."""
    wanted = sorted(set(call.json().get("tags") or []))
    if len(wanted) > TAG_LIMIT:
        raise BadRequest(f"The number of tags exceeded the per-server limit {TAG_LIMIT}")
    server_of(call)["tags"] = wanted
    return {"tags": wanted}


@routes.delete(TAGS)
def clear_tags(call: Call) -> None:
    """Remove the tags."""
    server_of(call)["tags"] = []


@routes.get(TAGS + "/{tag}")
def check_tag(call: Call) -> Reply:
    """Whether the server has the tag."""
    server = server_of(call)
    if call.params["tag"] not in server["tags"]:
        raise NotFound(f"Server {server['id']} has no tag '{call.params['tag']}'")
    return Reply(status=204)


@routes.put(TAGS + "/{tag}")
def add_tag(call: Call) -> Reply:
    """Add one tag: 201 if new, 204 if it was there."""
    server = server_of(call)
    new = call.params["tag"] not in server["tags"]
    server["tags"] = sorted({*server["tags"], call.params["tag"]})
    return Reply(status=201 if new else 204)


@routes.delete(TAGS + "/{tag}")
def remove_tag(call: Call) -> None:
    """Remove one tag."""
    check_tag(call)
    server_of(call)["tags"].remove(call.params["tag"])
