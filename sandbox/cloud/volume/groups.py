"""Groups of volumes with their types and snapshots, which are taken of all volumes of a group at once."""

import uuid
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.volume.routes import PROJECT, routes
from sandbox.cloud.volume.snapshots import make_snapshot, remove_snapshot
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.volume.views import Kind, found, listed, shown
from sandbox.cloud.volume.volumes import remove
from sandbox.cloud.world import World

GROUP = Kind("group", "groups", lambda state: state.groups, since={"project_id": (3, 58)}, project_field="project_id")
GROUP_SNAPSHOT = Kind("group_snapshot", "group_snapshots", lambda state: state.group_snapshots)
TYPES = f"{PROJECT}/group_types"
GROUPS = f"{PROJECT}/groups"
SNAPSHOTS = f"{PROJECT}/group_snapshots"


def _type(call: Call) -> Document:
    types = call.world[VolumeState].group_types
    identifier = call.params["type_id"]
    found_type = types.get(identifier) or types.first(name=identifier)
    if found_type is None:
        raise NotFound(f"Group type {identifier} could not be found.")
    return found_type


def _type_shown(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "project_id"}


@routes.get(TYPES)
def list_types(call: Call) -> dict[str, Any]:
    """All group types."""
    return {"group_types": [_type_shown(each) for each in call.world[VolumeState].group_types]}


@routes.post(TYPES, status=202, admin=True)
def create_type(call: Call) -> dict[str, Any]:
    """A new group type; names are unique (409)."""
    fields, types = call.body("group_type"), call.world[VolumeState].group_types
    if types.where(name=fields["name"]):
        raise Conflict(f"Group Type {fields['name']} already exists.")
    document = {
        "id": str(uuid.uuid4()),
        "project_id": None,
        "name": fields["name"],
        "description": fields.get("description"),
        "is_public": fields.get("is_public", True),
        "group_specs": dict(fields.get("group_specs") or {}),
    }
    return {"group_type": _type_shown(types.add(document))}


@routes.get(f"{TYPES}/{{type_id}}")
def show_type(call: Call) -> dict[str, Any]:
    """One group type."""
    return {"group_type": _type_shown(_type(call))}


@routes.put(f"{TYPES}/{{type_id}}", admin=True)
def update_type(call: Call) -> dict[str, Any]:
    """Change name, description or whether it is public."""
    document, changes = _type(call), call.body("group_type")
    document.update({name: changes[name] for name in ("name", "description", "is_public") if name in changes})
    return {"group_type": _type_shown(document)}


@routes.delete(f"{TYPES}/{{type_id}}", status=202, admin=True)
def delete_type(call: Call) -> None:
    """Refused (400) while a group has it."""
    document = _type(call)
    if any(group["group_type"] == document["id"] for group in call.world[VolumeState].groups):
        raise BadRequest(f"Target group type {document['id']} is still in use.")
    call.world[VolumeState].group_types.remove(document["id"])


@routes.get(f"{TYPES}/{{type_id}}/group_specs")
def list_specs(call: Call) -> dict[str, Any]:
    """The specs of a group type."""
    return {"group_specs": _type(call)["group_specs"]}


@routes.post(f"{TYPES}/{{type_id}}/group_specs", status=202, admin=True)
def add_specs(call: Call) -> dict[str, Any]:
    """Set some specs."""
    specs = call.body("group_specs")
    _type(call)["group_specs"].update(specs)
    return {"group_specs": specs}


@routes.get(f"{TYPES}/{{type_id}}/group_specs/{{key}}")
def show_spec(call: Call) -> dict[str, Any]:
    """One spec; 404 where it is not set."""
    specs, key = _type(call)["group_specs"], call.params["key"]
    if key not in specs:
        raise NotFound(f"Group Type {call.params['type_id']} has no specs with key {key}.")
    return {key: specs[key]}


@routes.put(f"{TYPES}/{{type_id}}/group_specs/{{key}}", admin=True)
def set_spec(call: Call) -> dict[str, Any]:
    """Set one spec."""
    key = call.params["key"]
    _type(call)["group_specs"][key] = call.json()[key]
    return show_spec(call)


@routes.delete(f"{TYPES}/{{type_id}}/group_specs/{{key}}", status=202, admin=True)
def delete_spec(call: Call) -> None:
    """Drop one spec."""
    show_spec(call)
    del _type(call)["group_specs"][call.params["key"]]


@routes.get(GROUPS)
def list_groups(call: Call) -> dict[str, Any]:
    """Names and ids."""
    return listed(call, GROUP, detail=False)


@routes.get(f"{GROUPS}/detail")
def detail_groups(call: Call) -> dict[str, Any]:
    """In full."""
    return listed(call, GROUP, detail=True)


@routes.post(GROUPS, status=202)
def create_group(call: Call) -> dict[str, Any]:
    """An empty group for volumes of the types named."""
    fields, state = call.body("group"), call.world[VolumeState]
    project_id = call.caller.project_id or ""
    limit = state.limits(project_id)["groups"]
    if 0 <= limit <= len(state.groups.where(project_id=project_id)):
        raise BadRequest(f"GroupLimitExceeded: Maximum number of groups allowed ({limit}) exceeded")
    state.group_types[fields["group_type"]]
    for type_id in fields["volume_types"]:
        if type_id not in state.types and not state.types.where(name=type_id):
            raise NotFound(f"Volume type {type_id} could not be found.")
    group = {
        "id": str(uuid.uuid4()),
        "project_id": project_id,
        "name": fields.get("name"),
        "description": fields.get("description"),
        "group_type": fields["group_type"],
        "volume_types": fields["volume_types"],
        "availability_zone": fields.get("availability_zone") or "nova",
        "status": "creating",
        "replication_status": "disabled",
        "group_snapshot_id": None,
        "source_group_id": None,
        "volumes": [],
        "created_at": clock.micro_stamp(),
    }
    state.groups.add(group)
    call.world.transitions.after("volume.create", lambda: _settle(group))
    return {"group": {"id": group["id"], "name": group["name"]}}


@routes.get(f"{GROUPS}/{{group_id}}")
def show_group(call: Call) -> dict[str, Any]:
    """One group; its volumes where asked for (3.25)."""
    view = shown(call, GROUP, found(call, GROUP, call.params["group_id"]))
    if not call.flag("list_volume") or call.microversion < (3, 25):
        del view["volumes"]
    return {"group": view}


@routes.put(f"{GROUPS}/{{group_id}}", status=202)
def update_group(call: Call) -> None:
    """Change name or description, put volumes in or take them out (comma-separated ids)."""
    group, changes = found(call, GROUP, call.params["group_id"]), call.body("group")
    group.update({name: changes[name] for name in ("name", "description") if changes.get(name) is not None})
    volumes = call.world[VolumeState].volumes
    for field, group_id in (("add_volumes", group["id"]), ("remove_volumes", None)):
        for volume_id in filter(None, (changes.get(field) or "").split(",")):
            volumes.change(volumes[volume_id], group_id=group_id)
    group["volumes"] = [volume["id"] for volume in volumes.where(group_id=group["id"])]


@routes.post(f"{GROUPS}/{{group_id}}/action", status=202)
def act_on_group(call: Call) -> None:
    """Delete a group (with its volumes, where it has some and the request says so), or reset its status."""
    group, body = found(call, GROUP, call.params["group_id"]), call.json()
    name, argument = next(iter(body.items()))
    if name == "reset_status":
        call.require_admin()
        group["status"] = argument["status"]
        return
    if name != "delete":
        raise BadRequest(f"There is no such action: {name}")
    volumes = call.world[VolumeState].volumes.where(group_id=group["id"])
    if volumes and not argument.get("delete-volumes"):
        raise BadRequest(f"Invalid group: Group {group['id']} is not empty. delete-volumes flag should be set.")
    if call.world[VolumeState].group_snapshots.where(group_id=group["id"]):
        raise BadRequest(f"Invalid group: Group {group['id']} has group snapshots.")
    for volume in volumes:
        remove(call.world, volume)
    group["status"] = "deleting"
    call.world.transitions.after("volume.delete", lambda: _forget(call.world, group))


@routes.get(SNAPSHOTS)
def list_snapshots(call: Call) -> dict[str, Any]:
    """Names and ids."""
    return listed(call, GROUP_SNAPSHOT, detail=False)


@routes.get(f"{SNAPSHOTS}/detail")
def detail_snapshots(call: Call) -> dict[str, Any]:
    """In full."""
    return listed(call, GROUP_SNAPSHOT, detail=True)


@routes.post(SNAPSHOTS, status=202)
def create_snapshot(call: Call) -> dict[str, Any]:
    """A snapshot of every volume of a group that has some."""
    fields, state = call.body("group_snapshot"), call.world[VolumeState]
    group = state.groups[fields["group_id"]]
    volumes = state.volumes.where(group_id=group["id"])
    if not volumes:
        raise BadRequest(f"Invalid group: Source group {group['id']} is empty. No group snapshot will be created.")
    snapshot = {
        "id": str(uuid.uuid4()),
        "project_id": group["project_id"],
        "group_id": group["id"],
        "group_type_id": group["group_type"],
        "name": fields.get("name"),
        "description": fields.get("description"),
        "status": "creating",
        "created_at": clock.micro_stamp(),
    }
    state.group_snapshots.add(snapshot)
    for volume in volumes:
        inside = {"volume_id": volume["id"], "name": snapshot["name"], "group_snapshot_id": snapshot["id"]}
        make_snapshot(call.world, group["project_id"], inside)
    call.world.transitions.after("snapshot.create", lambda: _settle(snapshot))
    return {"group_snapshot": {name: snapshot[name] for name in ("id", "name", "group_type_id")}}


@routes.get(f"{SNAPSHOTS}/{{snapshot_id}}")
def show_snapshot(call: Call) -> dict[str, Any]:
    """One group snapshot."""
    return {"group_snapshot": shown(call, GROUP_SNAPSHOT, found(call, GROUP_SNAPSHOT, call.params["snapshot_id"]))}


@routes.delete(f"{SNAPSHOTS}/{{snapshot_id}}", status=202)
def delete_snapshot(call: Call) -> None:
    """Gone with the snapshots it is made of."""
    snapshot, state = found(call, GROUP_SNAPSHOT, call.params["snapshot_id"]), call.world[VolumeState]
    for each in state.snapshots.where(group_snapshot_id=snapshot["id"]):
        remove_snapshot(call.world, each)
    snapshot["status"] = "deleting"
    call.world.transitions.after("volume.delete", lambda: _forget_snapshot(call.world, snapshot))


@routes.post(f"{SNAPSHOTS}/{{snapshot_id}}/action", status=202, admin=True)
def act_on_snapshot(call: Call) -> None:
    """Reset the status."""
    found(call, GROUP_SNAPSHOT, call.params["snapshot_id"])["status"] = call.body("reset_status")["status"]


def _settle(document: Document) -> None:
    if document["status"] == "creating":
        document["status"] = "available"


def _forget(world: World, group: Document) -> None:
    if group["id"] in world[VolumeState].groups:
        world[VolumeState].groups.remove(group["id"])


def _forget_snapshot(world: World, snapshot: Document) -> None:
    if snapshot["id"] in world[VolumeState].group_snapshots:
        world[VolumeState].group_snapshots.remove(snapshot["id"])
