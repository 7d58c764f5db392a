"""Metadata definitions: namespaces with objects, properties, tags and the resource types they are for."""

from typing import Any

from sandbox.cloud.clock import seconds_stamp
from sandbox.cloud.errors import Conflict, NotFound
from sandbox.cloud.image.routes import routes
from sandbox.cloud.image.state import ImageState
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document

BASE = "/v2/metadefs/namespaces"
ONE = BASE + "/{namespace}"
PARTS = ("objects", "properties", "tags", "resource_types")


def _namespace(call: Call) -> Document:
    return call.world[ImageState].namespaces[call.params["namespace"]]


def _shown(namespace: Document) -> Document:
    path = f"/v2/metadefs/namespaces/{namespace['id']}"
    hidden = {"id", "project_id", *PARTS}
    document = {name: value for name, value in namespace.items() if name not in hidden}
    return {**document, "self": path, "schema": "/v2/schemas/metadefs/namespace", "owner": namespace["project_id"]}


@routes.get(BASE)
def index(call: Call) -> dict[str, Any]:
    """All namespaces the caller may see."""
    namespaces = [
        _shown(one)
        for one in call.world[ImageState].namespaces
        if one["visibility"] == "public" or call.caller.owns(one)
    ]
    return {"namespaces": namespaces, "first": BASE, "schema": "/v2/schemas/metadefs/namespaces"}


@routes.post(BASE, status=201, admin=True)
def create(call: Call) -> dict[str, Any]:
    """A new namespace."""
    fields = call.json()
    name = fields["namespace"]
    if name in call.world[ImageState].namespaces:
        raise Conflict(f"The metadata definition namespace={name} already exists.")
    moment = seconds_stamp()
    namespace: Document = {
        "id": name,
        "project_id": call.caller.project_id,
        "visibility": "private",
        "protected": False,
        "created_at": moment,
        "updated_at": moment,
        **{part: {} for part in PARTS},
        **fields,
    }
    call.world[ImageState].namespaces.add(namespace)
    return _shown(namespace)


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One namespace, with its tags."""
    namespace = _namespace(call)
    tags = {"tags": list(namespace["tags"].values())} if namespace["tags"] else {}
    return {**_shown(namespace), **tags}


@routes.put(ONE, admin=True)
def update(call: Call) -> dict[str, Any]:
    """Change a namespace."""
    namespace = _namespace(call)
    namespace |= {**call.json(), "updated_at": seconds_stamp()}
    return _shown(namespace)


@routes.delete(ONE, admin=True)
def delete(call: Call) -> None:
    """Delete a namespace with all that is in it."""
    call.world[ImageState].namespaces.remove(call.params["namespace"])


def _part(call: Call, part: str) -> Document:
    kept = _namespace(call)[part]
    name = call.params["name"]
    if name not in kept:
        raise NotFound(f"No {part} named {name} in namespace {call.params['namespace']}.")
    found: Document = kept[name]
    return found


def _register(part: str) -> None:
    """Routes of objects, properties or tags: kept by name in their namespace."""
    base = f"{ONE}/{part}"

    @routes.get(base)
    def listed(call: Call) -> dict[str, Any]:
        kept = _namespace(call)[part]
        return {part: kept if part == "properties" else list(kept.values())}

    @routes.post(base, status=201, admin=True)
    def added(call: Call) -> Reply:
        kept = _namespace(call)[part]
        fields = call.json()
        if part == "tags" and "tags" in fields:
            if call.headers.get("X-Openstack-Append", "").lower() != "true":
                kept.clear()
            kept.update({tag["name"]: tag for tag in fields["tags"]})
            return Reply({"tags": list(kept.values())}, status=201)
        kept[fields["name"]] = {"created_at": seconds_stamp(), "updated_at": seconds_stamp(), **fields}
        return Reply(kept[fields["name"]], status=201)

    @routes.delete(base, admin=True)
    def cleared(call: Call) -> None:
        _namespace(call)[part].clear()

    @routes.get(f"{base}/{{name}}")
    def shown(call: Call) -> dict[str, Any]:
        return _part(call, part)

    @routes.post(f"{base}/{{name}}", status=201, admin=True)
    def named(call: Call) -> dict[str, Any]:
        document = {"name": call.params["name"]}
        _namespace(call)[part][document["name"]] = document
        return document

    @routes.put(f"{base}/{{name}}", admin=True)
    def changed(call: Call) -> dict[str, Any]:
        document = _part(call, part)
        document |= {**call.json(), "updated_at": seconds_stamp()}
        kept = _namespace(call)[part]
        del kept[call.params["name"]]
        kept[document["name"]] = document
        return document

    @routes.delete(f"{base}/{{name}}", admin=True)
    def removed(call: Call) -> None:
        _part(call, part)
        del _namespace(call)[part][call.params["name"]]


for _name in ("objects", "properties", "tags"):
    _register(_name)


@routes.get("/v2/metadefs/resource_types")
def resource_types(call: Call) -> dict[str, Any]:
    """Every resource type any namespace was associated with."""
    return {"resource_types": list(call.world[ImageState].resource_types.values())}


@routes.get(ONE + "/resource_types")
def associations(call: Call) -> dict[str, Any]:
    """The resource types a namespace is for."""
    return {"resource_type_associations": list(_namespace(call)["resource_types"].values())}


@routes.post(ONE + "/resource_types", status=201, admin=True)
def associate(call: Call) -> dict[str, Any]:
    """Say that a namespace is for a resource type."""
    moment = seconds_stamp()
    association = {"created_at": moment, "updated_at": moment, **call.json()}
    name = association["name"]
    _namespace(call)["resource_types"][name] = association
    call.world[ImageState].resource_types[name] = {"name": name, "created_at": moment, "updated_at": moment}
    return association


@routes.delete(ONE + "/resource_types/{name}", admin=True)
def dissociate(call: Call) -> None:
    """Say that it no longer is."""
    _part(call, "resource_types")
    del _namespace(call)["resource_types"][call.params["name"]]
