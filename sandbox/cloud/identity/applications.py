"""Application credentials and their access rules: what a program logs in with instead of a person's password."""

import secrets
import uuid
from typing import Any

from sandbox.cloud.errors import Conflict, Forbidden
from sandbox.cloud.identity.assignments import project_roles
from sandbox.cloud.identity.routes import routes
from sandbox.cloud.identity.state import IdentityState
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Collection, Document

BASE = "/v3/users/{user_id}/application_credentials"
RULES = "/v3/users/{user_id}/access_rules"


def _require_owner(call: Call) -> None:
    if call.params["user_id"] != call.caller.user_id and not call.caller.is_admin:
        raise Forbidden("You are not authorized to perform the requested action.")


@routes.post(BASE, status=201)
def create(call: Call) -> dict[str, Any]:
    """Make a credential for the caller's project; the secret is shown this once."""
    state = call.world[IdentityState]
    fields = call.body("application_credential")
    if call.params["user_id"] != call.caller.user_id or call.caller.project_id is None:
        raise Forbidden("You are not authorized to perform the requested action.")
    if state.application_credentials.first(user_id=call.caller.user_id, name=fields["name"]):
        raise Conflict(f"Conflict occurred attempting to store application_credential - Duplicate {fields['name']}.")
    held = project_roles(state, call.caller.user_id, call.caller.project_id)
    named = {role.get("name") or role.get("id") for role in fields.get("roles", [])}
    roles = [role for role in held if not named or named & {role["name"], role["id"]}]
    document: Document = {
        "id": uuid.uuid4().hex,
        "name": fields["name"],
        "description": fields.get("description"),
        "expires_at": fields.get("expires_at"),
        "project_id": call.caller.project_id,
        "user_id": call.caller.user_id,
        "roles": [{"id": role["id"], "name": role["name"], "domain_id": None} for role in roles],
        "unrestricted": bool(fields.get("unrestricted", False)),
        "system": None,
    }
    if fields.get("access_rules"):
        document["access_rules"] = [_rule(state, call.caller.user_id, rule) for rule in fields["access_rules"]]
    state.application_credentials.add(document)
    secret = fields.get("secret") or secrets.token_urlsafe(48)
    state.passwords[document["id"]] = secret
    return {"application_credential": {**document, "secret": secret, "links": {"self": f"{call.url}/{document['id']}"}}}


def _rule(state: IdentityState, user_id: str, fields: Document) -> Document:
    """The access rule named by id, or the one equal to the fields, or a new one."""
    existing = state.access_rules.get(fields.get("id"))
    plain = {name: fields.get(name) for name in ("service", "method", "path")}
    existing = existing or state.access_rules.first(user_id=user_id, **plain)
    rule = existing or state.access_rules.add({"id": uuid.uuid4().hex, "user_id": user_id, **plain})
    return {name: rule[name] for name in ("id", "service", "method", "path")}


@routes.get(BASE)
def index(call: Call) -> dict[str, Any]:
    """A user's credentials."""
    return _listed(call, call.world[IdentityState].application_credentials, "application_credentials")


@routes.get(BASE + "/{identifier}")
def show(call: Call) -> dict[str, Any]:
    """One credential, without its secret."""
    _require_owner(call)
    return {"application_credential": call.world[IdentityState].application_credentials[call.params["identifier"]]}


@routes.delete(BASE + "/{identifier}")
def delete(call: Call) -> None:
    """Void a credential and the tokens it got."""
    _require_owner(call)
    state = call.world[IdentityState]
    state.application_credentials.remove(call.params["identifier"])
    state.passwords.pop(call.params["identifier"], None)
    state.void(lambda token: token.document.get("application_credential", {}).get("id") == call.params["identifier"])


@routes.get(RULES)
def rules(call: Call) -> dict[str, Any]:
    """A user's access rules."""
    return _listed(call, call.world[IdentityState].access_rules, "access_rules")


@routes.get(RULES + "/{identifier}")
def show_rule(call: Call) -> dict[str, Any]:
    """One access rule."""
    _require_owner(call)
    return {"access_rule": call.world[IdentityState].access_rules[call.params["identifier"]]}


@routes.delete(RULES + "/{identifier}")
def delete_rule(call: Call) -> None:
    """Drop an access rule; 403 while a credential uses it."""
    _require_owner(call)
    state = call.world[IdentityState]
    rule = state.access_rules[call.params["identifier"]]
    for credential in state.application_credentials.where(user_id=rule["user_id"]):
        if any(one["id"] == rule["id"] for one in credential.get("access_rules", ())):
            raise Forbidden(f"Access rule {rule['id']} is in use by an application credential.")
    state.access_rules.remove(rule["id"])


def _listed(call: Call, collection: Collection, plural: str) -> dict[str, Any]:
    _require_owner(call)
    documents = collection.where(user_id=call.params["user_id"])
    name = call.query.get("name")
    if name is not None:
        documents = [one for one in documents if one.get("name") == name]
    return {plural: documents, "links": {"self": call.url, "next": None, "previous": None}}
