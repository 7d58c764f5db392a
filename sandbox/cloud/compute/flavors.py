"""Flavors: sizes to choose from, their extra specs, and who may use the private ones."""

import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.cloud import paging
from sandbox.cloud.caller import Caller
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import BadRequest, Conflict, NotFound
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

BASE = "/v2.1/flavors"
ONE = BASE + "/{flavor_id}"
SPECS = ONE + "/os-extra_specs"


def new_flavor(state: ComputeState, fields: Mapping[str, Any]) -> Document:
    """Keep a flavor: `ram` in MiB, `disk` and `ephemeral` in GB; 409 where id or name is taken."""
    identifier = fields.get("id") or fields.get("flavorid")
    if identifier in {None, "auto"}:
        identifier = str(uuid.uuid4())
    if identifier in state.flavors or state.flavors.first(name=fields["name"]):
        raise Conflict(f"Flavor with name {fields['name']} or ID {identifier} already exists.")
    return state.flavors.add(
        {
            "id": str(identifier),
            "name": fields["name"],
            "ram": int(fields["ram"]),
            "vcpus": int(fields["vcpus"]),
            "disk": int(fields.get("disk", 0)),
            "ephemeral": int(fields.get("OS-FLV-EXT-DATA:ephemeral", 0)),
            "swap": int(fields.get("swap") or 0),
            "rxtx_factor": float(fields.get("rxtx_factor", 1.0)),
            "is_public": bool(fields.get("os-flavor-access:is_public", True)),
            "description": fields.get("description"),
            "extra_specs": {},
        }
    )


def usable(world: World, caller: Caller, flavor_id: str) -> Document:
    """The flavor if the caller may use it; `NotFound` otherwise."""
    flavor = world[ComputeState].flavors.get(flavor_id)
    if flavor is None or not _allowed(world[ComputeState], caller, flavor):
        raise NotFound(f"Flavor {flavor_id} could not be found.")
    return flavor


def embedded(flavor: Document) -> Document:
    """The flavor as a server remembers and shows it from microversion 2.47 on."""
    return {
        "vcpus": flavor["vcpus"],
        "ram": flavor["ram"],
        "disk": flavor["disk"],
        "ephemeral": flavor["ephemeral"],
        "swap": flavor["swap"],
        "original_name": flavor["name"],
        "extra_specs": dict(flavor["extra_specs"]),
    }


def _allowed(state: ComputeState, caller: Caller, flavor: Document) -> bool:
    return caller.is_admin or flavor["is_public"] or (flavor["id"], caller.project_id) in state.flavor_access


def _shown(call: Call, flavor: Document) -> Document:
    document = {
        "id": flavor["id"],
        "name": flavor["name"],
        "ram": flavor["ram"],
        "vcpus": flavor["vcpus"],
        "disk": flavor["disk"],
        "swap": flavor["swap"] or (0 if call.microversion >= (2, 75) else ""),
        "rxtx_factor": flavor["rxtx_factor"],
        "OS-FLV-EXT-DATA:ephemeral": flavor["ephemeral"],
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": flavor["is_public"],
        "links": _links(call, flavor),
    }
    if call.microversion >= (2, 55):
        document["description"] = flavor["description"]
    if call.microversion >= (2, 61):
        document["extra_specs"] = flavor["extra_specs"]
    return document


def _links(call: Call, flavor: Document) -> list[Document]:
    return [{"rel": "self", "href": f"{call.root}{BASE}/{flavor['id']}"}]


def _chosen(call: Call) -> paging.Page:
    state = call.world[ComputeState]
    public = call.query.get("is_public", "true" if not call.caller.is_admin else "").lower()
    flavors = [flavor for flavor in state.flavors if _allowed(state, call.caller, flavor)]
    if call.caller.is_admin and public not in {"none", ""}:
        wanted = public in {"true", "1", "t", "yes", "on"}
        flavors = [flavor for flavor in flavors if flavor["is_public"] is wanted]
    elif call.caller.is_admin and public == "":
        flavors = [flavor for flavor in flavors if flavor["is_public"] or call.query.get("is_public") is not None]
    for name, key in (("minDisk", "disk"), ("minRam", "ram")):
        if name in call.query:
            flavors = [flavor for flavor in flavors if flavor[key] >= int(call.query[name])]
    key = call.query.get("sort_key", "id")
    key = {"flavorid": "id", "memory_mb": "ram", "root_gb": "disk"}.get(key, key)
    flavors.sort(key=lambda flavor: flavor[key], reverse=call.query.get("sort_dir") == "desc")
    return paging.cut(call, flavors)


@routes.get(BASE)
def index(call: Call) -> dict[str, Any]:
    """Names and ids."""
    page = _chosen(call)
    brief = [{"id": one["id"], "name": one["name"], "links": _links(call, one)} for one in page.documents]
    if call.microversion >= (2, 55):
        brief = [{**shown, "description": one["description"]} for shown, one in zip(brief, page.documents, strict=True)]
    return {"flavors": brief, **({"flavors_links": page.links} if page.links else {})}


@routes.get(BASE + "/detail")
def detail(call: Call) -> dict[str, Any]:
    """Flavors in full."""
    page = _chosen(call)
    shown = [_shown(call, one) for one in page.documents]
    return {"flavors": shown, **({"flavors_links": page.links} if page.links else {})}


@routes.post(BASE, admin=True)
def create(call: Call) -> dict[str, Any]:
    """A new flavor."""
    return {"flavor": _shown(call, new_flavor(call.world[ComputeState], call.body("flavor")))}


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One flavor."""
    return {"flavor": _shown(call, usable(call.world, call.caller, call.params["flavor_id"]))}


@routes.put(ONE, admin=True)
def update(call: Call) -> dict[str, Any]:
    """Change the description, which alone may change (2.55)."""
    flavor = usable(call.world, call.caller, call.params["flavor_id"])
    flavor["description"] = call.body("flavor").get("description")
    return {"flavor": _shown(call, flavor)}


@routes.delete(ONE, status=202, admin=True)
def delete(call: Call) -> None:
    """Delete a flavor; servers keep what they remember of it."""
    usable(call.world, call.caller, call.params["flavor_id"])
    call.world[ComputeState].flavors.remove(call.params["flavor_id"])


@routes.get(SPECS)
def specs(call: Call) -> dict[str, Any]:
    """The extra specs."""
    return {"extra_specs": usable(call.world, call.caller, call.params["flavor_id"])["extra_specs"]}


@routes.post(SPECS, admin=True)
def add_specs(call: Call) -> dict[str, Any]:
    """Add extra specs."""
    flavor = usable(call.world, call.caller, call.params["flavor_id"])
    fresh = call.body("extra_specs")
    flavor["extra_specs"].update(fresh)
    return {"extra_specs": fresh}


@routes.get(SPECS + "/{key}")
def spec(call: Call) -> dict[str, Any]:
    """One extra spec."""
    value = specs(call)["extra_specs"].get(call.params["key"])
    if value is None:
        raise NotFound(f"Flavor {call.params['flavor_id']} has no extra specs with key {call.params['key']}.")
    return {call.params["key"]: value}


@routes.put(SPECS + "/{key}", admin=True)
def set_spec(call: Call) -> dict[str, Any]:
    """Set one extra spec."""
    flavor = usable(call.world, call.caller, call.params["flavor_id"])
    key = call.params["key"]
    if key not in call.json():
        raise BadRequest("Request body and URI mismatch")
    flavor["extra_specs"][key] = call.json()[key]
    return {key: flavor["extra_specs"][key]}


@routes.delete(SPECS + "/{key}", status=200, admin=True)
def remove_spec(call: Call) -> dict[str, Any]:
    """Remove one extra spec."""
    spec(call)
    del usable(call.world, call.caller, call.params["flavor_id"])["extra_specs"][call.params["key"]]
    return {}


@routes.get(ONE + "/os-flavor-access", admin=True)
def access(call: Call) -> dict[str, Any]:
    """The projects that may use a private flavor."""
    flavor = usable(call.world, call.caller, call.params["flavor_id"])
    if flavor["is_public"]:
        raise NotFound("Access list not available for public flavors.")
    pairs = sorted(call.world[ComputeState].flavor_access)
    return {
        "flavor_access": [
            {"flavor_id": identifier, "tenant_id": project}
            for identifier, project in pairs
            if identifier == flavor["id"]
        ]
    }


@routes.post(ONE + "/action", admin=True)
def change_access(call: Call) -> dict[str, Any]:
    """`addTenantAccess` and `removeTenantAccess`."""
    flavor = usable(call.world, call.caller, call.params["flavor_id"])
    if flavor["is_public"]:
        raise Conflict("Can not add access to a public flavor.")
    allowed = call.world[ComputeState].flavor_access
    body = call.json()
    if "addTenantAccess" in body:
        pair = (flavor["id"], body["addTenantAccess"]["tenant"])
        if pair in allowed:
            raise Conflict(f"Flavor access already exists for flavor {pair[0]} and project {pair[1]} combination.")
        allowed.add(pair)
    elif "removeTenantAccess" in body:
        pair = (flavor["id"], body["removeTenantAccess"]["tenant"])
        if pair not in allowed:
            raise NotFound(f"Flavor access not found for {pair[0]} / {pair[1]} combination.")
        allowed.discard(pair)
    else:
        raise BadRequest(f"There is no such action: {', '.join(body)}")
    return access(call)
