"""A kind of octavia's described by a `Kind` → its list, show, create, update and delete handlers.

`make` and `remove` work on the world alone and at once; the handlers here add what the API promises: the check that
the tree is mutable, quotas, and the pending states.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sandbox.cloud.errors import BadRequest, Forbidden, NotFound
from sandbox.cloud.loadbalancer import tree
from sandbox.cloud.loadbalancer.state import LoadBalancerState
from sandbox.cloud.loadbalancer.tree import Fields
from sandbox.cloud.paging import cut
from sandbox.cloud.routing import Call, Router
from sandbox.cloud.store import Collection, Document
from sandbox.cloud.world import World

BASES = ("/v2", "/v2.0")
"""Both are in use: discovery names /v2, some clients put /v2.0."""


def take(_world: World, document: Document, changes: Fields) -> None:
    """The plain update."""
    document.update(changes)


def allow(_call: Call, _subject: Any) -> None:
    """The check of kinds that anybody may make from any fields, and that can always be deleted."""


@dataclass(frozen=True)
class Kind:
    """A kind of the tree: its names, where it lies, what may be given, and what making and removing one does."""

    singular: str
    plural: str
    path: str
    quota: str
    collection: Callable[[LoadBalancerState], Collection]
    make: Callable[[World, str, Fields], Document]
    remove: Callable[[World, Document], None]
    root: Callable[[World, Fields], Document | None]
    """The load balancer that one made from these fields belongs to."""
    defaults: Mapping[str, Any]
    required: tuple[str, ...] = ()
    fixed: frozenset[str] = frozenset()
    """Fields that cannot change once it is made."""
    update: Callable[[World, Document, Fields], None] = take
    check: Callable[[Call, Fields], None] = allow
    """Refuses references to what is not the caller's."""
    check_delete: Callable[[Call, Document], None] = allow
    """Refuses a deletion that would leave something hanging."""

    def of(self, call: Call) -> Collection:
        return self.collection(call.world[LoadBalancerState])


def register(routes: Router, kind: Kind) -> None:
    """Add the handlers of a kind."""
    for base in BASES:
        one = f"{base}{kind.path}/{{id}}"
        routes.get(f"{base}{kind.path}")(partial(list_all, kind))
        routes.post(f"{base}{kind.path}", status=201)(partial(create, kind))
        routes.get(one)(partial(show, kind))
        routes.put(one)(partial(change, kind))
        routes.delete(one)(partial(delete, kind))


def shown(document: Document) -> Document:
    """The document as the API shows it."""
    return {name: value for name, value in document.items() if name[0] != "_"}


def list_all(kind: Kind, call: Call) -> Fields:
    """Every object the caller sees, of one pool or policy where the path names it."""
    collection = kind.of(call)
    parent = call.params.get("parent")
    rows = collection.where(_parent=parent) if parent else list(collection)
    if not call.caller.is_admin:
        rows = [row for row in rows if row["project_id"] == call.caller.project_id]
    return page(call, kind.plural, rows)


def page(call: Call, plural: str, rows: list[Document]) -> Fields:
    """Filtered, sorted (`sort=name:asc`), cut, and narrowed to the `fields` asked for."""
    chosen = cut(call, _sorted(call, [row for row in rows if _fits(call, row)]))
    names = _all(call, "fields")
    views = [shown(row) for row in chosen.documents]
    document: Fields = {plural: [{name: view.get(name) for name in names} for view in views] if names else views}
    if chosen.links:
        document[f"{plural}_links"] = chosen.links
    return document


def find(kind: Kind, call: Call, *, name: str = "id") -> Document:
    """The object the path names; 404 where it is not the caller's, or lies under another parent."""
    identifier = call.params[name]
    document = kind.of(call).get(identifier)
    parent = call.params.get("parent")
    misplaced = document is not None and name == "id" and parent is not None and document["_parent"] != parent
    if document is None or misplaced or not call.caller.owns(document):
        raise NotFound(f"{kind.singular} {identifier} not found.")
    return document


def show(kind: Kind, call: Call) -> Fields:
    return {kind.singular: shown(find(kind, call))}


def create(kind: Kind, call: Call) -> Fields:
    """Make one, pending: 400 for what is missing or unknown, 403 over quota, 409 while the tree is immutable."""
    fields = call.body(kind.singular)
    check_fields(kind, fields)
    if "parent" in call.params:
        fields = fields | {"_parent": call.params["parent"]}
    load_balancer = kind.root(call.world, fields)
    if load_balancer is not None:
        tree.require_mutable(load_balancer)
    document = make_one(kind, call, fields, load_balancer)
    tree.begin(call.world, document, "PENDING_CREATE")
    return {kind.singular: shown(document)}


def make_one(kind: Kind, call: Call, fields: Fields, load_balancer: Document | None) -> Document:
    """Make one from checked fields for the caller, below the load balancer where it has one."""
    project_id = _project(kind, call, fields, load_balancer)
    kind.check(call, fields)
    _check_quota(kind, call, project_id)
    return kind.make(call.world, project_id, fields)


def change(kind: Kind, call: Call) -> Fields:
    document, changes = find(kind, call), call.body(kind.singular)
    unknown = sorted(changes.keys() - (kind.defaults.keys() - kind.fixed))
    if unknown:
        raise BadRequest(
            f"Invalid input for field/attribute {unknown[0]}. Value: '{changes[unknown[0]]}'. Unknown attribute."
        )
    tree.require_mutable(tree.root(call.world, document))
    kind.update(call.world, document, changes)
    document["operating_status"] = tree.operating(call.world, document)
    tree.begin(call.world, document, "PENDING_UPDATE")
    return {kind.singular: shown(document)}


def delete(kind: Kind, call: Call) -> None:
    document = find(kind, call)
    tree.require_mutable(tree.root(call.world, document), deleting=True)
    kind.check_delete(call, document)
    tree.begin(call.world, document, "PENDING_DELETE", lambda: kind.remove(call.world, document))


def _project(kind: Kind, call: Call, fields: Fields, load_balancer: Document | None) -> str:
    """The project of a new object: that of its load balancer, which must be the caller's."""
    if load_balancer is not None:
        if not call.caller.owns(load_balancer):
            raise NotFound(f"loadbalancer {load_balancer['id']} not found.")
        return str(load_balancer["project_id"])
    project_id = fields.get("project_id") or fields.get("tenant_id") or call.caller.project_id or ""
    if project_id != call.caller.project_id and not call.caller.is_admin:
        raise Forbidden(f"Policy does not allow this request to be performed: {kind.singular}.")
    return str(project_id)


def check_fields(kind: Kind, fields: Fields) -> None:
    """Refuse (400) what is missing, unknown or no port."""
    missing = [name for name in kind.required if fields.get(name) is None]
    if missing:
        raise BadRequest(f"Invalid input for field/attribute {missing[0]}. Value: 'None'. Mandatory field missing.")
    unknown = sorted(fields.keys() - kind.defaults.keys() - {"project_id", "tenant_id"})
    if unknown:
        raise BadRequest(
            f"Invalid input for field/attribute {unknown[0]}. Value: '{fields[unknown[0]]}'. Unknown attribute."
        )
    port = fields.get("protocol_port", 1)
    if not isinstance(port, int) or not 1 <= port <= 65535:
        raise BadRequest(
            f"Invalid input for field/attribute protocol_port. Value: '{port}'. Value should be from 1 to 65535."
        )


def _check_quota(kind: Kind, call: Call, project_id: str) -> None:
    limit = call.world[LoadBalancerState].quota(project_id, kind.quota)
    if 0 <= limit <= len(kind.of(call).where(project_id=project_id)):
        raise Forbidden(f"Quota has been met for resources: {kind.quota}.")


_NOT_FILTERS = frozenset({"limit", "marker", "sort", "fields", "page_reverse"})
_TAGS: Mapping[str, Callable[[set[str], set[str]], bool]] = {
    "tags": lambda has, asked: asked <= has,
    "tags-any": lambda has, asked: bool(asked & has),
    "not-tags": lambda has, asked: not asked <= has,
    "not-tags-any": lambda has, asked: not asked & has,
}


def _fits(call: Call, row: Document) -> bool:
    for name in dict.fromkeys(call.query):
        asked = _all(call, name)
        if name in _TAGS:
            if not _TAGS[name](set(row.get("tags", ())), {tag for text in asked for tag in text.split(",")}):
                return False
        elif (
            name not in _NOT_FILTERS and name in row and str(row[name]).lower() not in [text.lower() for text in asked]
        ):
            return False
    return True


def _sorted(call: Call, rows: list[Document]) -> list[Document]:
    for part in reversed([part for part in call.query.get("sort", "").split(",") if part]):
        key, _, direction = part.partition(":")
        rows.sort(key=lambda row: str(row.get(key)), reverse=direction == "desc")
    return rows


def _all(call: Call, name: str) -> list[str]:
    return list(call.query.getall(name, []))  # type: ignore[attr-defined]
