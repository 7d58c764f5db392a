"""A kind of neutron's described by a `Resource` → its list, show, create, update, delete and tag handlers.

Adding a kind: a module with its `Resource` value (what may be given, how one is made, changed and removed), and its
name in `service.RESOURCES`. `make`, `update` and `remove` work on the world alone, so that nova, octavia, the seed
and the admin port use the same ones; whatever depends on who asks is checked here.
"""

import copy
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.caller import Caller
from sandbox.cloud.errors import ApiError, BadRequest, Conflict, Forbidden, NotFound
from sandbox.cloud.network import query
from sandbox.cloud.network.state import DEFAULT_QUOTAS, NetworkState
from sandbox.cloud.routing import Call, Reply, Router
from sandbox.cloud.store import Collection, Document
from sandbox.cloud.world import World

Fields = dict[str, Any]


def stamp(document: Document) -> None:
    """Count a change of the document: a new revision and time."""
    document["revision_number"] += 1
    document["updated_at"] = clock.seconds_stamp()


def set_fields(_world: World, document: Document, changes: Fields) -> None:
    """The plain update: take the values as they are."""
    document.update(changes)


def check_nothing(_call: Call, _fields: Fields) -> None:
    """The check of kinds that anybody may make with any value."""


@dataclass(frozen=True)
class Resource:
    """A kind: its names on the wire, what may be given, and what making, changing and removing one does."""

    singular: str
    plural: str
    path: str
    collection: Callable[[World], Collection]
    make: Callable[[World, str, Fields], Document]
    remove: Callable[[World, Document], None]
    defaults: Mapping[str, Any]
    """Every field that may be given on create, with its value where it is not."""
    updatable: frozenset[str]
    required: frozenset[str] = frozenset()
    restricted: frozenset[str] = frozenset()
    """Fields that only an administrator may give."""
    update: Callable[[World, Document, Fields], None] = set_fields
    check: Callable[[Call, Fields], None] = check_nothing
    """What of the given fields depends on who asks."""
    opened: Callable[[World, Caller, Document], bool] | None = None
    """How other projects come to see one (`opened_to`), where they can at all."""
    ensure: Callable[[Call], None] = lambda _call: None
    """What a list brings into being (the default security group)."""
    admin: bool = False
    """Whether only administrators may make one."""


def new_document(defaults: Mapping[str, Any], project_id: str, fields: Fields) -> Document:
    """A document with neutron's standard attributes, the given fields over the defaults."""
    now = clock.seconds_stamp()
    given = {name: value for name, value in fields.items() if name in defaults}
    return {
        "id": str(uuid.uuid4()),
        **copy.deepcopy(dict(defaults)),
        **given,
        "project_id": project_id,
        "tenant_id": project_id,
        "tags": sorted(fields.get("tags", ())),
        "created_at": now,
        "updated_at": now,
        "revision_number": 1,
    }


def register(routes: Router, resource: Resource) -> None:
    """Add the handlers of a kind."""
    base, one = f"/v2.0/{resource.path}", f"/v2.0/{resource.path}/{{id}}"
    routes.get(base)(partial(list_all, resource))
    routes.post(base, status=201, admin=resource.admin)(partial(create, resource))
    routes.get(one)(partial(show, resource))
    routes.put(one)(partial(change, resource))
    routes.delete(one)(partial(delete, resource))
    tags = f"/v2.0/{resource.path.rpartition('/')[2]}/{{id}}/tags"  # of qos/policies they lie under /policies
    routes.get(tags)(partial(list_tags, resource))
    routes.put(tags)(partial(replace_tags, resource))
    routes.post(tags, status=201)(partial(add_tags, resource))
    routes.delete(tags)(partial(clear_tags, resource))
    routes.get(f"{tags}/{{tag}}")(partial(has_tag, resource))
    routes.put(f"{tags}/{{tag}}", status=201)(partial(add_tag, resource))
    routes.delete(f"{tags}/{{tag}}")(partial(remove_tag, resource))


def list_all(resource: Resource, call: Call) -> Fields:
    resource.ensure(call)
    page = query.page(call, visible(resource, call))
    document: Fields = {resource.plural: page.documents}
    if page.links:
        document[f"{resource.plural}_links"] = page.links
    return document


def visible(resource: Resource, call: Call) -> Sequence[Document]:
    """What the caller sees of a kind: everything for an administrator, else their own and what is shared with them."""
    collection = resource.collection(call.world)
    if call.caller.is_admin:
        return list(collection)
    own = collection.where(project_id=call.caller.project_id)
    if resource.opened is None:
        return own
    others = (each for each in collection if each["project_id"] != call.caller.project_id)
    return [*own, *(each for each in others if resource.opened(call.world, call.caller, each))]


def sees(call: Call, document: Document) -> bool:
    """Whether the caller of a request sees a document."""
    return may_see(call.world, call.caller, document)


def may_see(world: World, caller: Caller, document: Document) -> bool:
    """Whether a document is theirs or opened to them."""
    return caller.owns(document) or opened_to(world, caller, document)


def opened_to(world: World, caller: Caller, document: Document) -> bool:
    """Whether a document is shared with all, an external network, or opened to the caller by an RBAC policy."""
    return bool(
        document.get("shared")
        or document.get("router:external")
        or world[NetworkState].shared_with(document, caller.project_id)
    )


def find(resource: Resource, call: Call) -> Document:
    """The document of the path, where the caller sees it."""
    document = resource.collection(call.world)[call.params["id"]]
    opened = resource.opened is not None and resource.opened(call.world, call.caller, document)
    if not opened and not call.caller.owns(document):
        raise NotFound(f"The resource could not be found: {resource.singular} {document['id']}", kind="HTTPNotFound")
    return document


def own(resource: Resource, call: Call) -> Document:
    """The document of the path, where the caller may change it."""
    document = find(resource, call)
    if not call.caller.owns(document):
        raise Forbidden(f"(rule:update_{resource.singular}) is disallowed by policy", kind="PolicyNotAuthorized")
    revision = call.headers.get("If-Match", "").removeprefix("revision_number=")
    if revision and revision != str(document["revision_number"]):
        raise ApiError(
            f"Constrained to {revision}, but current revision is {document['revision_number']}",
            kind="RevisionNumberConstraintFailed",
            status=412,
        )
    return document


def show(resource: Resource, call: Call) -> Fields:
    return {resource.singular: query.narrowed(find(resource, call), query.fields_of(call))}


def create(resource: Resource, call: Call) -> Fields:
    """One object, or several at once under the plural name: then all or none."""
    body = call.json()
    if isinstance(body, dict) and isinstance(body.get(resource.plural), list):
        made: list[Document] = []
        try:
            for fields in body[resource.plural]:
                made.append(_create_one(resource, call, fields))
        except ApiError:
            for document in made:
                resource.remove(call.world, document)
            raise
        return {resource.plural: made}
    return {resource.singular: _create_one(resource, call, call.body(resource.singular))}


def _create_one(resource: Resource, call: Call, fields: Fields) -> Document:
    project_id = fields.get("project_id") or fields.get("tenant_id") or call.caller.project_id or ""
    if project_id != call.caller.project_id and not call.caller.is_admin:
        raise Forbidden(f"(rule:create_{resource.singular}) is disallowed by policy", kind="PolicyNotAuthorized")
    missing = sorted(resource.required - fields.keys())
    if missing:
        raise BadRequest(
            f"Failed to parse request. Required attribute '{missing[0]}' not specified", kind="HTTPBadRequest"
        )
    _refuse_unknown(fields.keys() - resource.defaults.keys() - {"project_id", "tenant_id"})
    _refuse_restricted(resource, call, {name for name in fields if fields[name] != resource.defaults.get(name)})
    resource.check(call, fields)
    check_quota(call.world, resource, project_id)
    return resource.make(call.world, project_id, fields)


def check_quota(world: World, resource: Resource, project_id: str, *, more: int = 1) -> None:
    """Refuse what would go over the project's limit (409 OverQuota)."""
    if resource.singular not in DEFAULT_QUOTAS:
        return
    limit = world[NetworkState].quota(project_id, resource.singular)
    if 0 <= limit < len(resource.collection(world).where(project_id=project_id)) + more:
        raise Conflict(f"Quota exceeded for resources: ['{resource.singular}'].", kind="OverQuota")


def change(resource: Resource, call: Call) -> Fields:
    document = own(resource, call)
    changes = call.body(resource.singular)
    _refuse_unknown(changes.keys() - resource.defaults.keys() - document.keys())
    fixed = sorted(changes.keys() - resource.updatable)
    if fixed:
        raise BadRequest(f"Cannot update read-only attribute {fixed[0]}", kind="HTTPBadRequest")
    _refuse_restricted(resource, call, {name for name in changes if changes[name] != document.get(name)})
    resource.check(call, changes)
    resource.update(call.world, document, changes)
    stamp(document)
    return {resource.singular: document}


def delete(resource: Resource, call: Call) -> None:
    resource.remove(call.world, own(resource, call))


def _refuse_unknown(names: set[str]) -> None:
    if names:
        listed = ", ".join(f"'{name}'" for name in sorted(names))
        raise BadRequest(f"Unrecognized attribute(s) {listed}", kind="HTTPBadRequest")


def _refuse_restricted(resource: Resource, call: Call, names: set[str]) -> None:
    refused = sorted(names & resource.restricted)
    if refused and not call.caller.is_admin:
        raise Forbidden(f"(rule:{resource.singular}:{refused[0]}) is disallowed by policy", kind="PolicyNotAuthorized")


def list_tags(resource: Resource, call: Call) -> Fields:
    return {"tags": find(resource, call)["tags"]}


def replace_tags(resource: Resource, call: Call) -> Fields:
    return _set_tags(own(resource, call), set(_asked_tags(call)))


def add_tags(resource: Resource, call: Call) -> Fields:
    document = own(resource, call)
    return _set_tags(document, {*document["tags"], *_asked_tags(call)})


def clear_tags(resource: Resource, call: Call) -> None:
    _set_tags(own(resource, call), set())


def has_tag(resource: Resource, call: Call) -> None:
    _refuse_missing_tag(find(resource, call), call.params["tag"])


def add_tag(resource: Resource, call: Call) -> Reply:
    document = own(resource, call)
    _set_tags(document, {*document["tags"], call.params["tag"]})
    return Reply(status=201)


def remove_tag(resource: Resource, call: Call) -> None:
    document, tag = own(resource, call), call.params["tag"]
    _refuse_missing_tag(document, tag)
    _set_tags(document, set(document["tags"]) - {tag})


def _asked_tags(call: Call) -> list[str]:
    tags = call.json().get("tags")
    if not isinstance(tags, list) or not all(isinstance(tag, str) and 0 < len(tag) <= 255 for tag in tags):
        raise BadRequest("Invalid input for operation: Invalid tags body.", kind="BadRequest")
    return tags


def _set_tags(document: Document, tags: set[str]) -> Fields:
    document["tags"] = sorted(tags)
    stamp(document)
    return {"tags": document["tags"]}


def _refuse_missing_tag(document: Document, tag: str) -> None:
    if tag not in document["tags"]:
        raise NotFound(f"Tag {tag} could not be found.", kind="TagNotFound")
