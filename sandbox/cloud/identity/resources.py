"""The resources of keystone that are created, shown, listed, changed and deleted in one and the same way.

A row of `KINDS` is a kind; its routes follow from the row.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.cloud import tagging
from sandbox.cloud.errors import BadRequest, Conflict, Forbidden
from sandbox.cloud.identity.assignments import drop_of, project_roles
from sandbox.cloud.identity.routes import routes
from sandbox.cloud.identity.state import IdentityState
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Collection, Document

SECRET_FIELDS = frozenset({"password", "original_password"})


@dataclass(frozen=True)
class Kind:
    """A kind: its noun, its plural (also the state's attribute), what a new one has, what must be unique."""

    noun: str
    plural: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    unique: tuple[str, ...] = ()
    filters: tuple[str, ...] = ("name",)
    readable: Callable[[Call, Document], bool] = lambda _call, _document: False
    """Whether one who is no administrator may see a document."""
    listed: bool = False
    """Whether such a one gets a list of what they may see, instead of a refusal."""
    batch: bool = False
    """Created as a list, as unified limits are."""

    def of(self, call: Call) -> Collection:
        """The collection."""
        collection: Collection = getattr(call.world[IdentityState], self.plural)
        return collection


def _own_project(call: Call, document: Document) -> bool:
    return bool(project_roles(call.world[IdentityState], call.caller.user_id, document["id"]))


def _own_user(call: Call, document: Document) -> bool:
    return bool(document["id"] == call.caller.user_id)


def _anybody(_call: Call, _document: Document) -> bool:
    return True


ENABLED: Mapping[str, Any] = {"enabled": True}
DOMAIN_ITEM: Mapping[str, Any] = {"domain_id": "default", "description": "", "options": {}}

KINDS = (
    Kind("domain", "domains", {**ENABLED, "description": "", "options": {}}, ("name",), ("name", "enabled")),
    Kind(
        "project",
        "projects",
        {**ENABLED, **DOMAIN_ITEM, "is_domain": False, "parent_id": "default", "tags": []},
        ("name", "domain_id"),
        ("name", "domain_id", "enabled", "parent_id", "is_domain"),
        _own_project,
        listed=True,
    ),
    Kind(
        "user",
        "users",
        {**ENABLED, "domain_id": "default", "options": {}, "password_expires_at": None},
        ("name", "domain_id"),
        ("name", "domain_id", "enabled"),
        _own_user,
    ),
    Kind("group", "groups", {"domain_id": "default", "description": ""}, ("name", "domain_id"), ("name", "domain_id")),
    Kind(
        "role",
        "roles",
        {"domain_id": None, "description": None, "options": {}},
        ("name", "domain_id"),
        ("name", "domain_id"),
    ),
    Kind(
        "service",
        "services",
        {**ENABLED, "name": None, "description": ""},
        filters=("name", "type"),
        readable=_anybody,
        listed=True,
    ),
    Kind(
        "endpoint",
        "endpoints",
        {**ENABLED, "region_id": None},
        filters=("interface", "service_id", "region_id"),
        readable=_anybody,
        listed=True,
    ),
    Kind(
        "region",
        "regions",
        {"description": "", "parent_region_id": None},
        (),
        ("parent_region_id",),
        _anybody,
        listed=True,
    ),
    Kind("credential", "credentials", {"project_id": None}, filters=("type", "user_id")),
    Kind(
        "limit",
        "limits",
        {"description": None, "region_id": None, "domain_id": None, "project_id": None},
        filters=("service_id", "region_id", "resource_name", "project_id"),
        readable=_anybody,
        listed=True,
        batch=True,
    ),
    Kind(
        "registered_limit",
        "registered_limits",
        {"description": None, "region_id": None},
        filters=("service_id", "region_id", "resource_name"),
        readable=_anybody,
        listed=True,
        batch=True,
    ),
    Kind("endpoint_group", "endpoint_groups", {"description": None, "filters": {}}, ("name",)),
)

BASES = {"endpoint_group": "/v3/OS-EP-FILTER/endpoint_groups"}


def new(state: IdentityState, kind: Kind, fields: Mapping[str, Any]) -> Document:
    """Keep a new document; 409 where one with its unique fields is there."""
    collection: Collection = getattr(state, kind.plural)
    document = {"id": uuid.uuid4().hex, **kind.defaults, **fields}
    document = {name: value for name, value in document.items() if name not in SECRET_FIELDS}
    if document["id"] in collection:
        raise Conflict(f"Conflict occurred attempting to store {kind.noun} - Duplicate entry {document['id']}.")
    _must_be_unique(collection, kind, document)
    if kind.noun == "user" and fields.get("password"):
        state.passwords[document["id"]] = fields["password"]
    return collection.add(document)


def shown(call: Call, document: Document) -> Document:
    """A document with its link."""
    return {**document, "links": {"self": f"{call.url}/{document['id']}"}}


def _must_be_unique(collection: Collection, kind: Kind, document: Document) -> None:
    """Refuse (409) a document whose unique fields another one has."""
    if not kind.unique:
        return
    twin = collection.first(**{name: document[name] for name in kind.unique})
    if twin is not None and twin["id"] != document["id"]:
        named = ", ".join(f"{name} {document[name]}" for name in kind.unique)
        raise Conflict(f"Conflict occurred attempting to store {kind.noun} - Duplicate entry found with {named}.")


def _register(kind: Kind) -> None:
    base = BASES.get(kind.noun, f"/v3/{kind.plural}")
    one = f"{base}/{{identifier}}"

    @routes.get(base)
    def index(call: Call) -> dict[str, Any]:
        if not kind.listed:
            call.require_admin()
        documents = [
            document
            for document in kind.of(call)
            if _selected(call, kind, document) and (call.caller.is_admin or kind.readable(call, document))
        ]
        listed = [shown(call, document) for document in documents]
        return {kind.plural: listed, "links": {"self": call.url, "next": None, "previous": None}}

    @routes.post(base, status=201, admin=True)
    def create(call: Call) -> dict[str, Any]:
        state = call.world[IdentityState]
        if kind.batch:
            made = [new(state, kind, fields) for fields in call.json().get(kind.plural, [])]
            return {kind.plural: [shown(call, document) for document in made]}
        return {kind.noun: shown(call, new(state, kind, call.body(kind.noun)))}

    @routes.get(one)
    def show(call: Call) -> dict[str, Any]:
        document = kind.of(call)[call.params["identifier"]]
        if not kind.readable(call, document):
            call.require_admin()
        return {kind.noun: {**document, "links": {"self": call.url}}}

    @routes.patch(one, admin=True)
    def update(call: Call) -> dict[str, Any]:
        state = call.world[IdentityState]
        document = kind.of(call)[call.params["identifier"]]
        fields = call.body(kind.noun)
        if fields.get("password"):
            state.passwords[document["id"]] = fields["password"]
        plain = {name: value for name, value in fields.items() if name not in SECRET_FIELDS}
        _must_be_unique(kind.of(call), kind, {**document, **plain})
        kind.of(call).change(document, **plain)
        return {kind.noun: {**document, "links": {"self": call.url}}}

    @routes.delete(one, admin=True)
    def delete(call: Call) -> None:
        document = kind.of(call)[call.params["identifier"]]
        if kind.noun == "domain" and document["enabled"]:
            raise Forbidden("Cannot delete a domain that is enabled, please disable it first.")
        kind.of(call).remove(document["id"])
        drop_of(call.world[IdentityState], document["id"])


def _selected(call: Call, kind: Kind, document: Document) -> bool:
    for name in kind.filters:
        wanted = call.query.get(name)
        if wanted is None:
            continue
        value = document.get(name)
        if isinstance(value, bool):
            if value is not call.flag(name):
                return False
        elif value != wanted:
            return False
    return tagging.chosen(call.query, document.get("tags", ()))


for _kind in KINDS:
    _register(_kind)


@routes.post("/v3/users/{identifier}/password")
def change_password(call: Call) -> None:
    """A user changes their own password; the old one proves it is they."""
    state = call.world[IdentityState]
    user = state.users[call.params["identifier"]]
    fields = call.body("user")
    if state.passwords.get(user["id"]) != fields.get("original_password"):
        raise BadRequest("The original password is wrong.")
    state.passwords[user["id"]] = fields["password"]
