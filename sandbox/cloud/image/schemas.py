"""JSON schemas that glance publishes of its own documents: enough to tell names and types."""

from typing import Any

from sandbox.cloud.errors import NotFound
from sandbox.cloud.image.routes import routes
from sandbox.cloud.routing import Call

TEXT = {"type": ["null", "string"]}
PROPERTIES: dict[str, dict[str, Any]] = {
    "image": {
        "id": {"type": "string", "readOnly": True},
        "name": TEXT,
        "status": {"type": "string", "readOnly": True},
        "visibility": {"type": "string", "enum": ["community", "public", "private", "shared"]},
        "protected": {"type": "boolean"},
        "min_disk": {"type": "integer"},
        "min_ram": {"type": "integer"},
        "size": {"type": ["null", "integer"], "readOnly": True},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 255}},
    },
    "member": {"member_id": {"type": "string"}, "image_id": {"type": "string"}, "status": {"type": "string"}},
    "task": {"id": {"type": "string"}, "type": {"type": "string"}, "status": {"type": "string"}},
    "namespace": {"namespace": {"type": "string"}, "display_name": TEXT, "description": TEXT},
    "resource_type": {"name": {"type": "string"}, "prefix": TEXT},
    "object": {"name": {"type": "string"}, "description": TEXT, "properties": {"type": "object"}},
    "property": {"name": {"type": "string"}, "title": {"type": "string"}, "type": {"type": "string"}},
    "tag": {"name": {"type": "string", "maxLength": 80}},
}
PLURALS = {f"{name}s" if name != "property" else "properties": name for name in PROPERTIES}


@routes.get("/v2/schemas/{name}")
def show(call: Call) -> dict[str, Any]:
    """The schema of a document (`image`) or of a list (`images`)."""
    return _schema(call.params["name"])


@routes.get("/v2/schemas/metadefs/{name}")
def show_definitions(call: Call) -> dict[str, Any]:
    """The schema of a metadata definition or of a list."""
    return _schema(call.params["name"])


def _schema(name: str) -> dict[str, Any]:
    if name in PROPERTIES:
        return {"name": name, "properties": PROPERTIES[name], "additionalProperties": TEXT, "required": ["name"]}
    if name in PLURALS:
        items = {"type": "array", "items": _schema(PLURALS[name])}
        return {"name": name, "properties": {name: items}, "links": [{"rel": "first", "href": "{first}"}]}
    raise NotFound(f"No schema {name}")
