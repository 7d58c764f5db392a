"""Members: projects that a shared image is offered to, and whether they accepted it."""

from typing import Any

from sandbox.cloud.clock import seconds_stamp
from sandbox.cloud.errors import BadRequest, Conflict, Forbidden, NotFound
from sandbox.cloud.image.images import changeable, visible
from sandbox.cloud.image.routes import routes
from sandbox.cloud.image.state import ImageState
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document

MEMBERS = "/v2/images/{image_id}/members"
ONE = MEMBERS + "/{member_id}"


def _member(call: Call) -> Document:
    """The member a path names: the owner sees all, a member only themselves."""
    image = visible(call.world, call.caller, call.params["image_id"])
    member_id = call.params["member_id"]
    member = call.world[ImageState].members.get(image["id"], {}).get(member_id)
    if member is None or not (call.caller.owns(image) or call.caller.project_id == member_id):
        raise NotFound(f"{member_id} not found in the member list of the image {image['id']}.")
    return member


@routes.get(MEMBERS)
def index(call: Call) -> dict[str, Any]:
    """The members of an image."""
    image = visible(call.world, call.caller, call.params["image_id"])
    members = call.world[ImageState].members.get(image["id"], {}).values()
    own = call.caller.owns(image)
    listed = [member for member in members if own or member["member_id"] == call.caller.project_id]
    return {"members": listed, "schema": "/v2/schemas/members"}


@routes.post(MEMBERS)
def create(call: Call) -> dict[str, Any]:
    """Offer the image to a project."""
    image = changeable(call)
    if image["visibility"] != "shared":
        raise Forbidden("Only shared images have members.")
    member_id = call.json().get("member")
    if not member_id:
        raise BadRequest("Member to be added not specified")
    members = call.world[ImageState].members.setdefault(image["id"], {})
    if member_id in members:
        raise Conflict(f"Member {member_id} is duplicated for image {image['id']}")
    moment = seconds_stamp()
    members[member_id] = {
        "member_id": member_id,
        "image_id": image["id"],
        "status": "pending",
        "created_at": moment,
        "updated_at": moment,
        "schema": "/v2/schemas/member",
    }
    return members[member_id]


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One member."""
    return _member(call)


@routes.put(ONE)
def update(call: Call) -> dict[str, Any]:
    """The member accepts, rejects, or waits."""
    member = _member(call)
    if call.caller.project_id != member["member_id"] and not call.caller.is_admin:
        raise Forbidden("Only the member may change its status.")
    status = call.json().get("status")
    if status not in {"accepted", "pending", "rejected"}:
        raise BadRequest(f"Invalid status: {status}")
    member |= {"status": status, "updated_at": seconds_stamp()}
    return member


@routes.delete(ONE)
def delete(call: Call) -> None:
    """No longer offer it."""
    image = changeable(call)
    _member(call)
    del call.world[ImageState].members[image["id"]][call.params["member_id"]]
