"""Role assignments: a role of a user or group on a project, a domain or the system; grants, revocations, the list.

`admin` implies `member` implies `reader`, as keystone bootstraps it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.cloud.errors import NotFound
from sandbox.cloud.identity.routes import routes
from sandbox.cloud.identity.state import IdentityState
from sandbox.cloud.routing import Call
from sandbox.cloud.store import Document

IMPLIED = {"admin": ("member", "reader"), "member": ("reader",)}
SYSTEM = "system"


@dataclass(frozen=True)
class Grant:
    """One assignment: `actor` user or group, `scope` project, domain or system."""

    actor: str
    actor_id: str
    scope: str
    scope_id: str
    role_id: str
    inherited: bool = False

    @property
    def document(self) -> Document:
        """As the collection keeps it."""
        return {
            "id": f"{self.actor_id}:{self.scope_id}:{self.role_id}:{int(self.inherited)}",
            "actor": self.actor,
            "actor_id": self.actor_id,
            "scope": self.scope,
            "scope_id": self.scope_id,
            "role_id": self.role_id,
            "inherited": self.inherited,
        }


def grant(state: IdentityState, assignment: Grant) -> None:
    """Keep an assignment; twice does no harm."""
    state.assignments.add(assignment.document)


def roles_on(state: IdentityState, user_id: str, scope: str, scope_id: str) -> list[Document]:
    """The roles a user has on a scope, by themselves and by their groups, with what these imply."""
    actors = {user_id} | {group for group, member in state.memberships if member == user_id}
    granted = [
        state.roles[one["role_id"]]
        for one in state.assignments.where(scope_id=scope_id)
        if one["scope"] == scope and one["actor_id"] in actors and not one["inherited"]
    ]
    return _with_implied(state, granted)


def project_roles(state: IdentityState, user_id: str, project_id: str) -> list[Document]:
    """The roles a user has on a project."""
    return roles_on(state, user_id, "project", project_id)


def system_roles(state: IdentityState, user_id: str) -> list[Document]:
    """The roles a user has on the whole deployment."""
    return roles_on(state, user_id, SYSTEM, SYSTEM)


def drop_of(state: IdentityState, identifier: str) -> None:
    """Forget the assignments of an actor, a scope or a role that is deleted, and void the tokens that name it."""
    state.void(lambda token: identifier in {token.caller.user_id, token.caller.project_id, token.caller.domain_id})
    for one in list(state.assignments):
        if identifier in {one["actor_id"], one["scope_id"], one["role_id"]}:
            state.assignments.remove(one["id"])


def _with_implied(state: IdentityState, roles: Iterable[Document]) -> list[Document]:
    names = {role["name"]: role for role in roles}
    for name in list(names):
        for implied in IMPLIED.get(name, ()):
            if implied not in names:
                role = next((one for one in state.roles if one["name"] == implied), None)
                if role is not None:
                    names[implied] = role
    return list(names.values())


def _grant_of(call: Call, scope: str, actor: str, *, inherited: bool) -> Grant:
    """The assignment a path names; 404 where one of its parts does not exist."""
    state = call.world[IdentityState]
    scope_id = SYSTEM
    if scope != SYSTEM:
        scope_id = call.params["scope_id"]
        _ = (state.projects if scope == "project" else state.domains)[scope_id]
    actor_id = call.params["actor_id"]
    _ = (state.users if actor == "user" else state.groups)[actor_id]
    role = state.roles[call.params["role_id"]]
    return Grant(actor, actor_id, scope, scope_id, role["id"], inherited)


def _register(scope: str, actor: str, prefix: str, suffix: str = "", *, inherited: bool = False) -> None:
    """Routes to grant, check, revoke and list the roles of one actor on one scope."""
    one = f"{prefix}/{actor}s/{{actor_id}}/roles/{{role_id}}{suffix}"

    @routes.put(one, status=204, admin=True)
    def give(call: Call) -> None:
        grant(call.world[IdentityState], _grant_of(call, scope, actor, inherited=inherited))

    @routes.add("HEAD", one, status=204, admin=True)
    def check(call: Call) -> None:
        assignment = _grant_of(call, scope, actor, inherited=inherited)
        if assignment.document["id"] not in call.world[IdentityState].assignments:
            raise NotFound(f"Could not find role assignment with role: {assignment.role_id}.")

    @routes.delete(one, admin=True)
    def revoke(call: Call) -> None:
        check(call)
        assignment = _grant_of(call, scope, actor, inherited=inherited)
        call.world[IdentityState].assignments.remove(assignment.document["id"])

    if suffix:
        return

    @routes.get(f"{prefix}/{actor}s/{{actor_id}}/roles", admin=True)
    def roles(call: Call) -> dict[str, Any]:
        state = call.world[IdentityState]
        held = [
            state.roles[item["role_id"]]
            for item in state.assignments.where(
                scope_id=call.params.get("scope_id", SYSTEM), actor_id=call.params["actor_id"], inherited=False
            )
        ]
        return {"roles": held, "links": {"self": call.url, "next": None, "previous": None}}


for _actor in ("user", "group"):
    _register(SYSTEM, _actor, "/v3/system")
    for _scope in ("project", "domain"):
        _register(_scope, _actor, f"/v3/{_scope}s/{{scope_id}}")
        _register(
            _scope,
            _actor,
            f"/v3/OS-INHERIT/{_scope}s/{{scope_id}}",
            "/inherited_to_projects",
            inherited=True,
        )


@routes.get("/v3/role_assignments")
def list_assignments(call: Call) -> dict[str, Any]:
    """All assignments, filtered by user, group, role and scope; `include_names` puts names beside ids."""
    if not call.caller.is_admin and call.query.get("user.id") != call.caller.user_id:
        call.require_admin()
    state = call.world[IdentityState]
    wanted = {
        ("actor", "actor_id"): [("user", call.query.get("user.id")), ("group", call.query.get("group.id"))],
        ("scope", "scope_id"): [
            ("project", call.query.get("scope.project.id")),
            ("domain", call.query.get("scope.domain.id")),
            (SYSTEM, SYSTEM if "scope.system" in call.query else None),
        ],
    }
    chosen = list(state.assignments)
    for (kind, identifier), choices in wanted.items():
        for name, value in choices:
            if value is not None:
                chosen = [one for one in chosen if one[kind] == name and one[identifier] == value]
    role_id = call.query.get("role.id")
    shown = [_shown(call, one) for one in chosen if role_id in {None, one["role_id"]}]
    return {"role_assignments": shown, "links": {"self": call.url, "next": None, "previous": None}}


def _shown(call: Call, one: Document) -> Document:
    state = call.world[IdentityState]
    named = call.flag("include_names")
    scope: Document = {SYSTEM: {"all": True}}
    if one["scope"] != SYSTEM:
        collection = state.projects if one["scope"] == "project" else state.domains
        scope = {one["scope"]: _reference(state, collection[one["scope_id"]], named=named)}
    if one["inherited"]:
        scope["OS-INHERIT:inherited_to"] = "projects"
    actors = state.users if one["actor"] == "user" else state.groups
    return {
        "role": _reference(state, state.roles[one["role_id"]], named=named),
        one["actor"]: _reference(state, actors[one["actor_id"]], named=named),
        "scope": scope,
        "links": {"assignment": call.root},
    }


def _reference(state: IdentityState, document: Document, *, named: bool) -> Document:
    reference: Document = {"id": document["id"]}
    if named:
        reference["name"] = document["name"]
        domain = state.domains.get(document.get("domain_id"))
        if domain is not None:
            reference["domain"] = {"id": domain["id"], "name": domain["name"]}
    return reference
