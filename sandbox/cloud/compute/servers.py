"""Servers: create, list (brief and in detail), show, rename, delete."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.cloud import paging, tagging
from sandbox.cloud.clock import seconds_stamp
from sandbox.cloud.compute import lifecycle, views
from sandbox.cloud.compute.create import create as create_one
from sandbox.cloud.compute.finding import server_of
from sandbox.cloud.compute.routes import routes
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.errors import BadRequest, Forbidden
from sandbox.cloud.network import plugging
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Document

BASE = "/v2.1/servers"
ONE = BASE + "/{server_id}"
NAME_LIMIT = 255
EQUAL_FILTERS = {
    "status": "status",
    "vm_state": "vm_state",
    "task_state": "task_state",
    "flavor": "flavor_id",
    "image": "image_id",
    "key_name": "key_name",
    "availability_zone": "availability_zone",
    "uuid": "id",
    "user_id": "user_id",
    "reservation_id": "reservation_id",
}
ADMIN_FILTERS = {"host": "host", "node": "host"}


@routes.post(BASE, status=202)
def create(call: Call) -> Reply:
    """A new server, or several (`min_count`, `max_count`); the answer comes while they are built."""
    fields = call.body("server")
    name = fields.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > NAME_LIMIT:
        raise BadRequest(
            f"Invalid input for field/attribute name. Value: {name}. It takes 1 to {NAME_LIMIT} characters."
        )
    password = fields.get("adminPass") or secrets.token_urlsafe(9)
    count = int(fields.get("max_count") or fields.get("min_count") or 1)
    reservation = f"r-{secrets.token_hex(4)}"
    numbers: Sequence[int | None] = [None] if count == 1 else range(1, count + 1)
    made = [create_one(call, fields, number=number, reservation=reservation) for number in numbers]
    for server in made:
        lifecycle.record(call, server, "create")
    if fields.get("return_reservation_id"):
        return Reply({"reservation_id": reservation}, status=202)
    server = made[0]
    location = f"{call.root}{BASE}/{server['id']}"
    document = {
        "id": server["id"],
        "links": [{"rel": "self", "href": location}],
        "OS-DCF:diskConfig": server["disk_config"],
        "security_groups": plugging.security_groups_of(call.world, server["id"]) or [{"name": "default"}],
        "adminPass": password,
    }
    return Reply({"server": document}, status=202, headers={"Location": location})


@routes.get(BASE)
def index(call: Call) -> dict[str, Any]:
    """Ids and names of the servers that the filters choose, by page."""
    page = _page(call)
    return _listed(page, [views.brief(call, server) for server in page.documents])


@routes.get(BASE + "/detail")
def detail(call: Call) -> dict[str, Any]:
    """The servers that the filters choose, in full, by page."""
    page = _page(call)
    return _listed(page, [views.detail(call, server) for server in page.documents])


@routes.get(ONE)
def show(call: Call) -> dict[str, Any]:
    """One server."""
    server = server_of(call)
    return {"server": views.with_group(call, server, views.detail(call, server))}


@routes.put(ONE)
def update(call: Call) -> dict[str, Any]:
    """Change name, description, access addresses, hostname."""
    server = server_of(call)
    fields = call.body("server")
    if "name" in fields:
        if not fields["name"] or len(fields["name"]) > NAME_LIMIT:
            raise BadRequest(f"Invalid input for field/attribute name. Value: {fields['name']}.")
        call.world[ComputeState].servers.change(server, name=fields["name"])
    for wire, kept in (
        ("description", "description"),
        ("accessIPv4", "access_ipv4"),
        ("accessIPv6", "access_ipv6"),
        ("hostname", "hostname"),
        ("OS-DCF:diskConfig", "disk_config"),
    ):
        if wire in fields:
            server[kept] = fields[wire]
    server["updated"] = seconds_stamp()
    return {"server": views.detail(call, server)}


@routes.delete(ONE)
def delete(call: Call) -> None:
    """Begin to delete a server."""
    server = server_of(call)
    lifecycle.require_unlocked(call, server)
    lifecycle.record(call, server, "delete")
    lifecycle.delete(call.world, server)


def _listed(page: paging.Page, shown: list[Document]) -> dict[str, Any]:
    return {"servers": shown, **({"servers_links": page.links} if page.links else {})}


def _page(call: Call) -> paging.Page:
    """The servers of one page: newest first unless sorted otherwise."""
    servers = _narrowed(call, _scope(call))
    key = call.query.get("sort_key")
    if key is None:
        servers.reverse()
    else:
        key = {"display_name": "name", "created_at": "created", "uuid": "id", "updated_at": "updated"}.get(key, key)
        falling = call.query.get("sort_dir", "desc") == "desc"
        servers.sort(key=lambda server: str(server.get(key) or ""), reverse=falling)
    return paging.cut(call, servers)


def _scope(call: Call) -> list[Document]:
    """The servers the list is about, oldest first: the project's, or all; with the deleted ones where asked for."""
    state = call.world[ComputeState]
    everybody = call.flag("all_tenants")
    if everybody and not call.caller.is_admin:
        raise Forbidden("Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed.")
    project_id = call.query.get("project_id") or call.query.get("tenant_id")
    wanted = (project_id if call.caller.is_admin else None) or (None if everybody else call.caller.project_id)
    if wanted is None and (everybody or call.caller.system):
        alive, gone = list(state.servers), list(state.deleted_servers)
    else:
        alive, gone = (kept.where(project_id=wanted) for kept in (state.servers, state.deleted_servers))
    if call.caller.is_admin and call.flag("deleted"):
        return gone
    return [*gone, *alive] if "changes-since" in call.query else alive


def _narrowed(call: Call, servers: list[Document]) -> list[Document]:
    """Those that match the query's filters."""
    query = call.query
    name = query.get("name")
    if name:
        pattern = _pattern(name)
        servers = [server for server in servers if pattern.search(server["name"])]
    for wire, kept in {**EQUAL_FILTERS, **(ADMIN_FILTERS if call.caller.is_admin else {})}.items():
        if wire in query:
            values = {value.upper() if wire == "status" else value for key, value in query.items() if key == wire}
            servers = [server for server in servers if server[kept] in values]
    for wire, later in (("changes-since", True), ("changes-before", False)):
        if wire in query:
            bound = _moment(query[wire])
            servers = [one for one in servers if (datetime.fromisoformat(one["updated"]) >= bound) is later
                       or datetime.fromisoformat(one["updated"]) == bound]  # fmt: skip
    if "ip" in query:
        pattern = _pattern(query["ip"])
        servers = [server for server in servers if _has_address(call, server, pattern)]
    if "locked" in query and call.microversion >= (2, 73):
        servers = [server for server in servers if server["locked"] is call.flag("locked")]
    if call.microversion >= (2, 26):
        servers = [server for server in servers if tagging.chosen(query, server["tags"])]
    return servers


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"Invalid filter: {text} is not a date-time.") from None
    return moment if moment.tzinfo else datetime.fromisoformat(text + "+00:00")


def _pattern(text: str) -> re.Pattern[str]:
    """A filter by regular expression, as nova's database matches names and addresses."""
    try:
        return re.compile(text)
    except re.error as error:
        raise BadRequest(f"Invalid filter: {text} is no regular expression: {error}") from None


def _has_address(call: Call, server: Document, pattern: re.Pattern[str]) -> bool:
    addresses = plugging.addresses_of(call.world, server["id"])
    return any(pattern.search(one["addr"]) for kept in addresses.values() for one in kept)
