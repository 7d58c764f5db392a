"""Nova's old proxy to glance (before 2.36): images and their metadata."""

from typing import Any

from sandbox.cloud.compute.routes import routes
from sandbox.cloud.errors import NotFound
from sandbox.cloud.image.images import READ_ONLY, visible
from sandbox.cloud.image.state import ImageState
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document

BASE = "/v2.1/images"
ONE = BASE + "/{image_id}"
METADATA = ONE + "/metadata"
STANDARD = READ_ONLY | {"name", "project_id", "visibility", "container_format", "disk_format", "min_disk", "min_ram"}
STANDARD |= {"os_hidden", "protected"}


def _require_proxy(call: Call) -> None:
    if call.microversion >= (2, 36):
        raise NotFound("The resource could not be found.")


def _image(call: Call) -> Document:
    _require_proxy(call)
    return visible(call.world, call.caller, call.params["image_id"])


def _metadata(image: Document) -> Document:
    return {name: value for name, value in image.items() if name not in STANDARD}


def _shown(call: Call, image: Document) -> Document:
    return {
        "id": image["id"],
        "name": image["name"],
        "status": "ACTIVE" if image["status"] == "active" else "SAVING",
        "progress": 100,
        "minDisk": image["min_disk"],
        "minRam": image["min_ram"],
        "OS-EXT-IMG-SIZE:size": image["size"],
        "created": image["created_at"],
        "updated": image["updated_at"],
        "metadata": _metadata(image),
        "links": [{"rel": "self", "href": f"{call.root}{BASE}/{image['id']}"}],
    }


def _listed(call: Call) -> list[Document]:
    _require_proxy(call)
    images = call.world[ImageState].images
    return [_shown(call, one) for one in images if one["visibility"] == "public" or call.caller.owns(one)]


@routes.get(BASE)
def index(call: Call) -> dict[str, Any]:
    """Ids and names."""
    return {"images": [{name: one[name] for name in ("id", "name", "links")} for one in _listed(call)]}


@routes.get(BASE + "/detail")
def detail(call: Call) -> dict[str, Any]:
    """Images in full."""
    return {"images": _listed(call)}


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One image."""
    return {"image": _shown(call, _image(call))}


@routes.get(METADATA)
def metadata(call: Call) -> dict[str, Any]:
    """An image's metadata."""
    return {"metadata": _metadata(_image(call))}


@routes.post(METADATA)
def merge(call: Call) -> dict[str, Any]:
    """Add to an image's metadata."""
    image = _image(call)
    image.update(call.body("metadata"))
    return {"metadata": _metadata(image)}


@routes.put(METADATA)
def replace(call: Call) -> dict[str, Any]:
    """Replace an image's metadata."""
    image = _image(call)
    for name in _metadata(image):
        del image[name]
    return merge(call)


@routes.delete(METADATA + "/{key}")
def remove(call: Call) -> None:
    """Remove one item."""
    image = _image(call)
    if call.params["key"] not in _metadata(image):
        raise NotFound("Metadata item was not found")
    del image[call.params["key"]]
