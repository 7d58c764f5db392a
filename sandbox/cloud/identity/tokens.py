"""Tokens: authentication by password, application credential or token; scopes; catalogue; validation, revocation.

`bearer` is what every service asks of a token.
"""

import hmac
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.cloud.caller import Caller
from sandbox.cloud.clock import expiry_stamp
from sandbox.cloud.errors import BadRequest, Forbidden, NotFound, Unauthorized
from sandbox.cloud.identity.assignments import project_roles, roles_on, system_roles
from sandbox.cloud.identity.routes import routes
from sandbox.cloud.identity.state import IdentityState, Token
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.store import Collection, Document
from sandbox.cloud.world import World

LIFETIME = timedelta(hours=1)


def bearer(world: World, token: str) -> Caller | None:
    """Who bears this token, or nothing where it is unknown, expired or revoked."""
    found = world[IdentityState].tokens.get(token)
    if found is None or found.expires <= datetime.now(UTC):
        return None
    return found.caller


def expire(world: World, token: str) -> None:
    """Make a token void, as its expiry would."""
    world[IdentityState].tokens.pop(token, None)


@routes.post("/v3/auth/tokens", status=201, public=True)
def authenticate(call: Call) -> Reply:
    """Give a token for who the methods prove, in the scope asked for."""
    state = call.world[IdentityState]
    auth = call.body("auth")
    identity = auth.get("identity", {})
    methods = identity.get("methods", [])
    user, credential = _prove(state, methods, identity)
    scope = auth.get("scope")
    if credential is not None:
        scope = {"project": {"id": credential["project_id"]}}
    elif scope is None and user.get("default_project_id"):
        scope = {"project": {"id": user["default_project_id"]}}
    caller, document = _scoped(call, user, scope)
    if credential is not None:
        caller, document = _restricted(caller, document, credential)
    document |= {
        "methods": methods,
        "user": {
            "id": user["id"],
            "name": user["name"],
            "domain": _domain(state, user["domain_id"]),
            "password_expires_at": None,
        },
        "issued_at": expiry_stamp(timedelta()),
        "expires_at": expiry_stamp(LIFETIME),
        "audit_ids": [uuid.uuid4().hex[:22]],
    }
    identifier = f"gAAAA{uuid.uuid4().hex}{uuid.uuid4().hex}"
    state.tokens[identifier] = Token(caller, datetime.now(UTC) + LIFETIME, document)
    return _shown(call, identifier, document, status=201)


@routes.get("/v3/auth/tokens")
def validate(call: Call) -> Reply:
    """The document of the token in X-Subject-Token; 404 where it is void."""
    subject = call.headers.get("X-Subject-Token", "")
    if bearer(call.world, subject) is None:
        raise NotFound("Failed to validate token")
    return _shown(call, subject, call.world[IdentityState].tokens[subject].document, status=200)


@routes.add("HEAD", "/v3/auth/tokens")
def check(call: Call) -> Reply:
    """Whether the token in X-Subject-Token is good."""
    reply = validate(call)
    reply.content = b""
    return reply


@routes.delete("/v3/auth/tokens")
def revoke(call: Call) -> None:
    """Void the token in X-Subject-Token."""
    expire(call.world, call.headers.get("X-Subject-Token", ""))


@routes.get("/v3/auth/catalog")
def show_catalogue(call: Call) -> dict[str, Any]:
    """The catalogue of the caller's own token."""
    return {"catalog": catalogue(call, call.caller.project_id), "links": {"self": call.url}}


@routes.get("/v3/auth/projects")
def own_projects(call: Call) -> dict[str, Any]:
    """The projects the caller has a role on."""
    state = call.world[IdentityState]
    projects = [one for one in state.projects if project_roles(state, call.caller.user_id, one["id"])]
    return {"projects": projects, "links": {"self": call.url, "next": None, "previous": None}}


@routes.get("/v3/auth/domains")
def own_domains(call: Call) -> dict[str, Any]:
    """The domains the caller has a role on."""
    state = call.world[IdentityState]
    domains = [one for one in state.domains if roles_on(state, call.caller.user_id, "domain", one["id"])]
    return {"domains": domains, "links": {"self": call.url, "next": None, "previous": None}}


@routes.get("/v3/auth/system")
def own_systems(call: Call) -> dict[str, Any]:
    """Whether the caller has a role on the system."""
    roles = system_roles(call.world[IdentityState], call.caller.user_id)
    return {"system": [{"all": True}] if roles else [], "links": {"self": call.url}}


def catalogue(call: Call, project_id: str | None) -> list[Document]:
    """Enabled services with their endpoints, addresses filled for the project."""
    state = call.world[IdentityState]
    endpoints: dict[str, list[Document]] = {}
    for endpoint in state.endpoints:
        if not endpoint["enabled"] or ("$(project_id)s" in endpoint["url"] and project_id is None):
            continue
        endpoints.setdefault(endpoint["service_id"], []).append(
            {
                "id": endpoint["id"],
                "interface": endpoint["interface"],
                "region": endpoint["region_id"],
                "region_id": endpoint["region_id"],
                "url": endpoint["url"].replace("$(project_id)s", project_id or ""),
            }
        )
    return [
        {"id": one["id"], "type": one["type"], "name": one["name"], "endpoints": endpoints.get(one["id"], [])}
        for one in state.services
        if one["enabled"]
    ]


def _prove(state: IdentityState, methods: list[str], identity: Document) -> tuple[Document, Document | None]:
    """The user, and the application credential if one was shown."""
    if "password" in methods:
        claim = identity.get("password", {}).get("user", {})
        user = _find(state, state.users, claim)
        _compare(state.passwords.get(user["id"]), claim.get("password", ""))
        return _enabled(user), None
    if "application_credential" in methods:
        claim = identity.get("application_credential", {})
        credential = _application_credential(state, claim)
        _compare(state.passwords.get(credential["id"]), claim.get("secret", ""))
        return _enabled(state.users[credential["user_id"]]), credential
    if "token" in methods:
        token = state.tokens.get(identity.get("token", {}).get("id", ""))
        if token is None or token.expires <= datetime.now(UTC):
            raise Unauthorized("The request you have made requires authentication.")
        return _enabled(state.users[token.caller.user_id]), None
    raise BadRequest(f"Expecting to find one of password, application_credential, token in methods, got {methods}.")


def _application_credential(state: IdentityState, claim: Document) -> Document:
    credential = state.application_credentials.get(claim.get("id"))
    if credential is None and "name" in claim:
        user = _find(state, state.users, claim.get("user", {}))
        credential = state.application_credentials.first(user_id=user["id"], name=claim["name"])
    if credential is None:
        raise Unauthorized("The request you have made requires authentication.")
    return credential


def _find(state: IdentityState, collection: Collection, claim: Document) -> Document:
    """A user or project by id, or by name and domain; 401 hides whether it exists."""
    found = collection.get(claim.get("id"))
    if found is None and "name" in claim:
        domain = claim.get("domain", {"id": "default"})
        domain_id = domain.get("id") or next(
            (one["id"] for one in state.domains if one["name"] == domain.get("name")), None
        )
        found = collection.first(name=claim["name"], domain_id=domain_id)
    if found is None:
        raise Unauthorized("The request you have made requires authentication.")
    return found


def _compare(kept: str | None, shown: str) -> None:
    if kept is None or not hmac.compare_digest(kept.encode(), shown.encode()):
        raise Unauthorized("The request you have made requires authentication.")


def _enabled(user: Document) -> Document:
    if not user.get("enabled", True):
        raise Unauthorized("The request you have made requires authentication.")
    return user


def _scoped(call: Call, user: Document, scope: Any) -> tuple[Caller, Document]:
    """The caller and the token's part that tells its scope: project, domain, system, or none."""
    state = call.world[IdentityState]
    if not scope or scope == "unscoped":
        return Caller(user["id"]), {}
    if "project" in scope:
        project = _find(state, state.projects, scope["project"])
        roles = project_roles(state, user["id"], project["id"])
        caller = Caller(user["id"], project_id=project["id"], roles=_names(roles))
        shown = {
            "project": {
                "id": project["id"],
                "name": project["name"],
                "domain": _domain(state, project["domain_id"]),
            },
            "is_domain": False,
        }
    elif "domain" in scope:
        wanted = scope["domain"]
        domain_id = wanted.get("id") or next(
            (one["id"] for one in state.domains if one["name"] == wanted.get("name")), ""
        )
        roles = roles_on(state, user["id"], "domain", domain_id)
        caller = Caller(user["id"], domain_id=domain_id, roles=_names(roles))
        shown = {"domain": _domain(state, domain_id)} if roles else {}
    else:
        roles = system_roles(state, user["id"])
        caller = Caller(user["id"], system=True, roles=_names(roles))
        shown = {"system": {"all": True}}
    if not roles:
        raise Unauthorized("User has no access to the scope asked for.")
    roles_shown = [{"id": role["id"], "name": role["name"]} for role in roles]
    return caller, {**shown, "roles": roles_shown, "catalog": catalogue(call, caller.project_id)}


def _restricted(caller: Caller, document: Document, credential: Document) -> tuple[Caller, Document]:
    """The roles of an application credential: what it was given, as far as the user still has it."""
    granted = {role["name"] for role in credential["roles"]}
    names = caller.roles & granted
    if not names:
        raise Forbidden("The roles of the application credential are no longer the user's.")
    document["roles"] = [role for role in document["roles"] if role["name"] in names]
    document["application_credential"] = {
        "id": credential["id"],
        "name": credential["name"],
        "restricted": not credential["unrestricted"],
    }
    return Caller(caller.user_id, project_id=caller.project_id, roles=names), document


def _names(roles: list[Document]) -> frozenset[str]:
    return frozenset(role["name"] for role in roles)


def _domain(state: IdentityState, domain_id: str) -> Document:
    return {"id": domain_id, "name": state.domains[domain_id]["name"]}


def _shown(call: Call, identifier: str, document: Document, *, status: int) -> Reply:
    hidden = {"catalog"} if call.flag("nocatalog") else set()
    shown = {name: value for name, value in document.items() if name not in hidden}
    return Reply({"token": shown}, status=status, headers={"X-Subject-Token": identifier, "Vary": "X-Auth-Token"})
