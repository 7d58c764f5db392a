"""Images: create, list, show, change by JSON patch, delete, tags, (de)activation."""

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from sandbox.cloud import paging
from sandbox.cloud.caller import Caller
from sandbox.cloud.clock import seconds_stamp
from sandbox.cloud.errors import BadRequest, Conflict, Forbidden, NotFound
from sandbox.cloud.image.routes import routes
from sandbox.cloud.image.state import ImageState
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

VISIBILITIES = frozenset({"public", "private", "shared", "community"})
READ_ONLY = frozenset(
    {"id", "owner", "status", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value", "created_at",
     "updated_at", "file", "schema", "self", "tags", "locations", "direct_url"}
)  # fmt: skip
NOT_PROPERTIES = frozenset(
    {"limit", "marker", "sort", "sort_key", "sort_dir", "visibility", "member_status", "os_hidden", "tag"}
)
"""Words of a list's query that are no filters by equality."""
ONE = "/v2/images/{image_id}"


def seed(world: World, seed_file: Mapping[str, Any]) -> None:
    """The public images of seed.yaml, active, with a size but without bytes."""
    for fields in seed_file["images"]:
        make_image(world, "", dict(fields))


def make_image(world: World, project_id: str, fields: dict[str, Any]) -> Document:
    """An active image without bytes: public where no project is named, private to the project otherwise."""
    document = {**_new(project_id, fields), "visibility": "private" if project_id else "public", **fields}
    document |= {"status": "active", "os_hash_algo": "sha512", "checksum": uuid.uuid4().hex}
    return world[ImageState].images.add(document)


def visible(world: World, caller: Caller, image_id: str) -> Document:
    """The image as the caller may see it; `NotFound` otherwise."""
    state = world[ImageState]
    image = state.images[image_id]
    if (
        caller.owns(image)
        or image["visibility"] in {"public", "community"}
        or (image["visibility"] == "shared" and caller.project_id in state.members.get(image_id, {}))
    ):
        return image
    raise NotFound(f"No image found with ID {image_id}")


def changeable(call: Call) -> Document:
    """The image a path names, if the caller may change it: 404 where it is not visible, 403 where it is not theirs."""
    image = visible(call.world, call.caller, call.params["image_id"])
    if not call.caller.owns(image):
        raise Forbidden("You are not permitted to modify this image.")
    return image


def shown(image: Document) -> Document:
    """An image as the API shows it."""
    document = {name: value for name, value in image.items() if name != "project_id"}
    path = f"/v2/images/{image['id']}"
    links = {"self": path, "file": f"{path}/file", "schema": "/v2/schemas/image"}
    return {**document, **links, "owner": image["project_id"]}


@routes.post("/v2/images", status=201)
def create(call: Call) -> Reply:
    """A new image, queued until its data come."""
    fields = call.json()
    refused = READ_ONLY & set(fields) - {"id", "owner", "tags"}
    if refused:
        raise Forbidden(f"Attribute '{sorted(refused)[0]}' is read-only.")
    visibility = fields.get("visibility", "shared")
    if visibility not in VISIBILITIES:
        raise BadRequest(f"Invalid visibility {visibility!r}.")
    if visibility == "public":
        call.require_admin()
    owner = fields.pop("owner", None) if call.caller.is_admin else None
    document = {**_new(owner or call.caller.project_id or "", fields), "visibility": visibility, **fields}
    if document["id"] in call.world[ImageState].images:
        raise Conflict(f"Image ID {document['id']} already exists!")
    document["tags"] = sorted(set(document["tags"]))
    call.world[ImageState].images.add(document)
    headers = {
        "Location": f"{call.root}/v2/images/{document['id']}",
        "OpenStack-image-import-methods": "glance-direct,web-download",
    }
    return Reply(shown(document), status=201, headers=headers)


@routes.get("/v2/images")
def index(call: Call) -> dict[str, Any]:
    """The images the caller may see, filtered and sorted (newest first), by page."""
    state = call.world[ImageState]
    documents = [image for image in state.images if _listed(call, state, image) and _selected(call, image)]
    _sort(call, documents)
    page = paging.cut(call, documents)
    document: Document = {
        "images": [shown(image) for image in page.documents],
        "schema": "/v2/schemas/images",
        "first": "/v2/images",
    }
    if page.next_url:
        document["next"] = page.next_url.removeprefix(call.root)
    return document


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One image."""
    return shown(visible(call.world, call.caller, call.params["image_id"]))


@routes.patch(ONE)
def update(call: Call) -> dict[str, Any]:
    """Apply a JSON patch (add, replace, remove of top-level attributes)."""
    image = changeable(call)
    changes: dict[str, Any] = {}
    removed: set[str] = set()
    for step in call.json():
        name = step["path"].lstrip("/").replace("~1", "/").replace("~0", "~")
        if name in READ_ONLY - {"tags"}:
            raise Forbidden(f"Attribute '{name}' is read-only.")
        if step["op"] == "remove":
            if name not in image:
                raise Conflict(f"Property {name} does not exist.")
            removed.add(name)
        else:
            changes[name] = step["value"]
    if changes.get("visibility") == "public":
        call.require_admin()
    for name in removed:
        del image[name]
    call.world[ImageState].images.change(image, **changes, updated_at=seconds_stamp())
    return shown(image)


@routes.delete(ONE)
def delete(call: Call) -> None:
    """Delete an image; 403 while it is protected."""
    image = changeable(call)
    if image["protected"]:
        raise Forbidden(f"Image {image['id']} is protected and cannot be deleted.")
    state = call.world[ImageState]
    state.images.remove(image["id"])
    for kept in (state.data, state.staged, state.members):
        kept.pop(image["id"], None)


@routes.put(ONE + "/tags/{tag}")
def add_tag(call: Call) -> None:
    """Give an image a tag."""
    image = changeable(call)
    image["tags"] = sorted({*image["tags"], call.params["tag"]})


@routes.delete(ONE + "/tags/{tag}")
def remove_tag(call: Call) -> None:
    """Take a tag off an image."""
    image = changeable(call)
    if call.params["tag"] not in image["tags"]:
        raise NotFound(f"Image has no tag {call.params['tag']}")
    image["tags"].remove(call.params["tag"])


@routes.post(ONE + "/actions/deactivate", status=204)
def deactivate(call: Call) -> None:
    """Close an image's data to all but administrators."""
    changeable(call)["status"] = "deactivated"


@routes.post(ONE + "/actions/reactivate", status=204)
def reactivate(call: Call) -> None:
    """Open it again."""
    changeable(call)["status"] = "active"


def _new(project_id: str, fields: Mapping[str, Any]) -> Document:
    moment = seconds_stamp()
    return {
        "id": fields.get("id") or str(uuid.uuid4()),
        "name": None,
        "status": "queued",
        "project_id": project_id,
        "container_format": "bare" if "size" in fields else None,
        "disk_format": "qcow2" if "size" in fields else None,
        "size": None,
        "virtual_size": None,
        "checksum": None,
        "os_hash_algo": None,
        "os_hash_value": None,
        "os_hidden": False,
        "protected": False,
        "min_disk": 0,
        "min_ram": 0,
        "tags": [],
        "created_at": moment,
        "updated_at": moment,
    }


def _listed(call: Call, state: ImageState, image: Document) -> bool:
    """Whether a list shows the image: community images and shared ones only where asked for or accepted."""
    wanted = call.query.get("visibility")
    if wanted not in {None, "all", image["visibility"]}:
        return False
    if call.caller.owns(image) or image["visibility"] == "public":
        return True
    if image["visibility"] == "community":
        return wanted is not None
    member = state.members.get(image["id"], {}).get(call.caller.project_id or "")
    status = call.query.get("member_status", "accepted")
    return member is not None and status in {"all", member["status"]}


def _selected(call: Call, image: Document) -> bool:
    """The other filters: `in:` lists, tags, size and ranges of time, and any property by equality."""
    if call.flag("os_hidden") is not image["os_hidden"]:
        return False
    tags = {value for name, value in call.query.items() if name == "tag"}
    if not tags <= set(image["tags"]):
        return False
    for name, value in call.query.items():
        if name not in NOT_PROPERTIES and not _matches(image, name, value):
            return False
    return True


def _matches(image: Document, name: str, value: str) -> bool:
    if name in {"size_min", "size_max"}:
        size: int = image["size"] or 0
        return size >= int(value) if name == "size_min" else size <= int(value)
    have: Any = image["project_id"] if name == "owner" else image.get(name)
    if value.startswith("in:"):
        return str(have) in [item.strip('"') for item in value[3:].split(",")]
    operator, _, operand = value.partition(":")
    if name in {"created_at", "updated_at"} and operator in {"gt", "gte", "lt", "lte", "eq", "neq"}:
        verdict: bool = {
            "gt": have > operand, "gte": have >= operand, "lt": have < operand,
            "lte": have <= operand, "eq": have == operand, "neq": have != operand,
        }[operator]  # fmt: skip
        return verdict
    if isinstance(have, bool):
        return (value.lower() == "true") is have
    return str(have) == value


def _sort(call: Call, documents: list[Document]) -> None:
    """Newest first, or by `sort=name:asc,…` or `sort_key` and `sort_dir`."""
    order = call.query.get("sort")
    if order is None:
        order = f"{call.query.get('sort_key', 'created_at')}:{call.query.get('sort_dir', 'desc')}"
    for part in reversed(order.split(",")):
        key, _, direction = part.partition(":")
        documents.sort(key=partial(_rank, key), reverse=direction != "asc")


def _rank(key: str, image: Document) -> tuple[bool, Any]:
    """A sort key that puts what has no value after what has."""
    return image.get(key) is None, image.get(key) or 0
