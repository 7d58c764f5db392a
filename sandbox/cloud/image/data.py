"""The bytes of images: upload, download, staging and import; stores and import methods as glance tells of them."""

import hashlib
from typing import Any

from sandbox.cloud.errors import Conflict, Forbidden
from sandbox.cloud.image.images import changeable, visible
from sandbox.cloud.image.routes import routes
from sandbox.cloud.image.state import ImageState
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document

ONE = "/v2/images/{image_id}"


@routes.put(ONE + "/file")
def upload(call: Call) -> None:
    """Take the data of a queued image: it becomes active."""
    image = changeable(call)
    if image["status"] not in {"queued", "saving"}:
        raise Conflict(f"Image status transition from {image['status']} to saving is not allowed.")
    _keep(call.world[ImageState], image, call.content)


@routes.get(ONE + "/file")
def download(call: Call) -> Reply:
    """Give the data; 204 where there are none."""
    image = visible(call.world, call.caller, call.params["image_id"])
    if image["status"] == "deactivated" and not call.caller.is_admin:
        raise Forbidden("The requested image has been deactivated. Image data download is forbidden.")
    content = call.world[ImageState].data.get(image["id"])
    if content is None:
        return Reply(status=204)
    headers = {"Content-MD5": image["checksum"]}
    return Reply(content=content, content_type="application/octet-stream", headers=headers)


@routes.put(ONE + "/stage")
def stage(call: Call) -> None:
    """Take data that an import will use."""
    image = changeable(call)
    call.world[ImageState].staged[image["id"]] = call.content
    image["status"] = "uploading"


@routes.post(ONE + "/import", status=202)
def import_image(call: Call) -> Reply:
    """Make staged data the image's own; `web-download` gets none, for nothing is fetched from here."""
    image = changeable(call)
    state = call.world[ImageState]
    content = state.staged.pop(image["id"], b"")
    image["status"] = "importing"
    call.world.transitions.after("image.save", lambda: _keep(state, image, content))
    return Reply(status=202)


@routes.get("/v2/info/import")
def import_info(_call: Call) -> dict[str, Any]:
    """The ways to import."""
    methods = {"description": "Import methods available.", "type": "array", "value": ["glance-direct", "web-download"]}
    return {"import-methods": methods}


@routes.get("/v2/info/stores")
def stores(_call: Call) -> dict[str, Any]:
    """The one store."""
    return {"stores": [{"id": "memory", "description": "In memory", "default": "true"}]}


@routes.get("/v2/tasks")
def tasks(call: Call) -> dict[str, Any]:
    """The tasks: none are kept, as current glance makes them only for its own imports."""
    return {"tasks": list(call.world[ImageState].tasks), "schema": "/v2/schemas/tasks", "first": "/v2/tasks"}


@routes.get("/v2/tasks/{task_id}")
def show_task(call: Call) -> dict[str, Any]:
    """One task."""
    return call.world[ImageState].tasks[call.params["task_id"]]


def _keep(state: ImageState, image: Document, content: bytes) -> None:
    """The image's data are here: sums, size, active."""
    state.data[image["id"]] = content
    image["checksum"] = hashlib.md5(content, usedforsecurity=False).hexdigest()
    image["os_hash_algo"] = "sha512"
    image["os_hash_value"] = hashlib.sha512(content).hexdigest()
    image["size"] = len(content)
    image["status"] = "active"
