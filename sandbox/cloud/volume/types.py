"""Volume types with their extra specs, encryption and access; the default type of the cloud and of a project."""

import re
import uuid
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document
from sandbox.cloud.volume.routes import PROJECT, routes
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.world import World

PUBLIC = "os-volume-type-access:is_public"
TYPES = f"{PROJECT}/types"
ONE = f"{TYPES}/{{type_id}}"
_PROJECT_ID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")


def make_type(world: World, fields: dict[str, Any]) -> Document:
    """A volume type; names are unique (409)."""
    types = world[VolumeState].types
    if types.where(name=fields["name"]):
        raise Conflict(f"Volume Type {fields['name']} already exists.")
    return types.add(
        {
            "id": str(uuid.uuid4()),
            "name": fields["name"],
            "description": fields.get("description"),
            "is_public": fields.get(PUBLIC, True),
            PUBLIC: fields.get(PUBLIC, True),
            "extra_specs": dict(fields.get("extra_specs") or {}),
            "qos_specs_id": None,
            "project_id": None,
            "_access": [],
            "_encryption": None,
        }
    )


def named_type(world: World, project_id: str, name_or_id: str | None) -> Document:
    """The type of that name or id, or the project's default; 404 where there is none the project may use."""
    state = world[VolumeState]
    if name_or_id is None:
        name_or_id = state.default_types.get(project_id, state.default_types[""])
    found = state.types.get(name_or_id) or state.types.first(name=name_or_id)
    if found is None or not (found["is_public"] or project_id in found["_access"]):
        raise NotFound(f"Volume type {name_or_id} could not be found.")
    return found


def _shown(call: Call, document: Document) -> Document:
    view = {name: value for name, value in document.items() if name[0] != "_" and name != "project_id"}
    if not call.caller.is_admin:
        del view["qos_specs_id"]
    return view


def _found(call: Call) -> Document:
    """The type of the path, by id or name."""
    identifier = call.params["type_id"]
    types = call.world[VolumeState].types
    found = types.get(identifier) or types.first(name=identifier)
    allowed = found is not None and (
        call.caller.is_admin or found["is_public"] or call.caller.project_id in found["_access"]
    )
    if found is None or not allowed:
        raise NotFound(f"Volume type {identifier} could not be found.")
    return found


@routes.get(TYPES)
def index(call: Call) -> dict[str, Any]:
    """Public types and those the project has access to; an administrator may ask for others with `is_public`."""
    asked = call.query.get("is_public", "true").lower()
    types = list(call.world[VolumeState].types)
    if call.caller.is_admin and asked == "none":
        return {"volume_types": [_shown(call, each) for each in types]}
    public = asked not in ("false", "0") or not call.caller.is_admin
    chosen = [each for each in types if each["is_public"] is public or call.caller.project_id in each["_access"]]
    return {"volume_types": [_shown(call, each) for each in chosen]}


@routes.post(TYPES, admin=True)
def create(call: Call) -> dict[str, Any]:
    """A new type."""
    fields = call.body("volume_type")
    if not fields.get("name"):
        raise BadRequest("Invalid input received: Type name can not be empty.")
    return {"volume_type": _shown(call, make_type(call.world, fields))}


@routes.get(f"{TYPES}/default")
def show_default(call: Call) -> dict[str, Any]:
    """The type a volume of the caller's project gets when it names none."""
    return {"volume_type": _shown(call, named_type(call.world, call.caller.project_id or "", None))}


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One type."""
    return {"volume_type": _shown(call, _found(call))}


@routes.put(ONE, admin=True)
def update(call: Call) -> dict[str, Any]:
    """Change name, description or whether it is public."""
    document, changes = _found(call), call.body("volume_type")
    public = changes.get("is_public", document["is_public"])
    named = {name: changes[name] for name in ("name", "description") if name in changes}
    call.world[VolumeState].types.change(document, **named, **{"is_public": public, PUBLIC: public})
    return {"volume_type": _shown(call, document)}


@routes.delete(ONE, status=202, admin=True)
def delete(call: Call) -> None:
    """Refused (400) while a volume has the type."""
    state, document = call.world[VolumeState], _found(call)
    if any(volume["volume_type_id"] == document["id"] for volume in state.volumes):
        raise BadRequest("Target volume type is still in use.")
    state.types.remove(document["id"])


@routes.get(f"{ONE}/extra_specs")
def extra_specs(call: Call) -> dict[str, Any]:
    """The extra specs of a type."""
    return {"extra_specs": _found(call)["extra_specs"]}


@routes.post(f"{ONE}/extra_specs", admin=True)
def add_extra_specs(call: Call) -> dict[str, Any]:
    """Set some extra specs."""
    specs = call.body("extra_specs")
    _found(call)["extra_specs"].update(specs)
    return {"extra_specs": specs}


@routes.get(f"{ONE}/extra_specs/{{key}}")
def extra_spec(call: Call) -> dict[str, Any]:
    """One extra spec."""
    key = call.params["key"]
    return {key: _spec(call, key)}


@routes.put(f"{ONE}/extra_specs/{{key}}", admin=True)
def set_extra_spec(call: Call) -> dict[str, Any]:
    """Set one extra spec."""
    key = call.params["key"]
    value = call.json()[key]
    _found(call)["extra_specs"][key] = value
    return {key: value}


@routes.delete(f"{ONE}/extra_specs/{{key}}", status=202, admin=True)
def delete_extra_spec(call: Call) -> None:
    """Drop one extra spec."""
    key = call.params["key"]
    _spec(call, key)
    del _found(call)["extra_specs"][key]


def _spec(call: Call, key: str) -> str:
    specs: dict[str, str] = _found(call)["extra_specs"]
    if key not in specs:
        raise NotFound(f"Volume Type {call.params['type_id']} has no extra specs with key {key}.")
    return specs[key]


@routes.get(f"{ONE}/os-volume-type-access", admin=True)
def access(call: Call) -> dict[str, Any]:
    """Which projects may use a private type."""
    document = _found(call)
    rows = [{"volume_type_id": document["id"], "project_id": project_id} for project_id in document["_access"]]
    return {"volume_type_access": rows}


@routes.post(f"{ONE}/action", status=202, admin=True)
def action(call: Call) -> None:
    """Give a project access to a private type, or take it."""
    document, body = _found(call), call.json()
    name, argument = next(iter(body.items()))
    project_id = argument.get("project", "")
    if not _PROJECT_ID.fullmatch(project_id):
        raise BadRequest(f"Invalid input for field/attribute project. Value: {project_id}. It is not an id.")
    held = document["_access"]
    if name == "addProjectAccess":
        if project_id in held:
            raise Conflict(f"Volume type access for {document['id']} / {project_id} combination already exists.")
        held.append(project_id)
    elif name == "removeProjectAccess":
        if project_id not in held:
            raise NotFound(f"Volume type access not found for {document['id']} / {project_id} combination.")
        held.remove(project_id)
    else:
        raise BadRequest(f"There is no such action: {name}")


@routes.get(f"{ONE}/encryption")
def encryption(call: Call) -> dict[str, Any]:
    """How volumes of the type are encrypted; empty where they are not."""
    return _found(call)["_encryption"] or {}


@routes.post(f"{ONE}/encryption", admin=True)
def set_encryption(call: Call) -> dict[str, Any]:
    """Encrypt volumes of the type from now on."""
    document, fields = _found(call), call.body("encryption")
    if document["_encryption"]:
        raise BadRequest(f"Volume type encryption for type {document['id']} already exists.")
    moment = clock.micro_stamp()
    document["_encryption"] = {
        "volume_type_id": document["id"],
        "encryption_id": str(uuid.uuid4()),
        "provider": fields["provider"],
        "cipher": fields.get("cipher"),
        "key_size": fields.get("key_size"),
        "control_location": fields.get("control_location", "front-end"),
        "created_at": moment,
        "updated_at": None,
        "deleted": False,
        "deleted_at": None,
    }
    return {"encryption": document["_encryption"]}


@routes.put(f"{ONE}/encryption/{{encryption_id}}", admin=True)
def change_encryption(call: Call) -> dict[str, Any]:
    """Change how the type encrypts."""
    changes = call.body("encryption")
    _encryption(call).update(changes)
    return {"encryption": changes}


@routes.delete(f"{ONE}/encryption/{{encryption_id}}", status=202, admin=True)
def delete_encryption(call: Call) -> None:
    """Stop encrypting."""
    _encryption(call)
    _found(call)["_encryption"] = None


def _encryption(call: Call) -> Document:
    held: Document | None = _found(call)["_encryption"]
    if held is None or held["encryption_id"] != call.params["encryption_id"]:
        raise NotFound(f"Volume type encryption for type {call.params['type_id']} does not exist.")
    return held


DEFAULTS = f"{PROJECT}/default-types"


@routes.get(DEFAULTS, admin=True)
def default_types(call: Call) -> dict[str, Any]:
    """The default types that projects were given."""
    given = call.world[VolumeState].default_types
    return {
        "default_types": [
            {"project_id": project, "volume_type_id": type_id} for project, type_id in given.items() if project
        ]
    }


@routes.put(f"{DEFAULTS}/{{target_id}}", admin=True)
def set_default_type(call: Call) -> dict[str, Any]:
    """Give a project a default type."""
    target, asked = call.params["target_id"], call.body("default_type")["volume_type"]
    call.world[VolumeState].default_types[target] = named_type(call.world, target, asked)["id"]
    return show_default_type(call)


@routes.get(f"{DEFAULTS}/{{target_id}}", admin=True)
def show_default_type(call: Call) -> dict[str, Any]:
    """The default type a project was given."""
    target, given = call.params["target_id"], call.world[VolumeState].default_types
    if target not in given:
        raise NotFound(f"Default type for project {target} not found.")
    return {"default_type": {"project_id": target, "volume_type_id": given[target]}}


@routes.delete(f"{DEFAULTS}/{{target_id}}", admin=True)
def unset_default_type(call: Call) -> Reply:
    """Back to the cloud's own default."""
    call.world[VolumeState].default_types.pop(call.params["target_id"], None)
    return Reply(status=204)
