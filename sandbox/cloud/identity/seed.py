"""Keystone at boot: the default domain, roles, projects, users with random passwords, and this cloud's catalogue."""

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.cloud.identity.assignments import SYSTEM, Grant, grant
from sandbox.cloud.identity.resources import KINDS, new
from sandbox.cloud.identity.state import IdentityState
from sandbox.cloud.store import Document
from sandbox.cloud.world import REGION, World

BY_NOUN = {kind.noun: kind for kind in KINDS}


def seed(world: World, _seed: Mapping[str, Any]) -> None:
    """Fill an empty keystone. Passwords are new with every boot; `clouds.yaml` carries them to the clients."""
    state = world[IdentityState]
    new(state, BY_NOUN["domain"], {"id": "default", "name": "Default"})
    new(state, BY_NOUN["region"], {"id": REGION})
    roles = {
        name: new(state, BY_NOUN["role"], {"name": name})
        for name in ("admin", "manager", "member", "reader", "service", "load-balancer_member", "ResellerAdmin")
    }
    projects = {
        name: new(state, BY_NOUN["project"], {"name": name}) for name in ("admin", "demo", "alt_demo", "service")
    }
    for user, project, names in (
        ("admin", "admin", ("admin",)),
        ("demo", "demo", ("member", "load-balancer_member")),
        ("alt_demo", "alt_demo", ("member", "load-balancer_member")),
    ):
        made = new(state, BY_NOUN["user"], {"name": user, "password": secrets.token_urlsafe(18)})
        for name in names:
            grant(state, Grant("user", made["id"], "project", projects[project]["id"], roles[name]["id"]))
        if user == "admin":
            grant(state, Grant("user", made["id"], SYSTEM, SYSTEM, roles["admin"]["id"]))
            grant(state, Grant("user", made["id"], "domain", "default", roles["admin"]["id"]))
            grant(state, Grant("user", made["id"], "project", projects["demo"]["id"], roles["admin"]["id"]))
    for service in world.services:
        kept = new(state, BY_NOUN["service"], {"type": service.type, "name": service.name})
        _add_endpoints(state, kept["id"], REGION, f"{world.url}/{service.endpoint}")


def add_region(world: World, name: str) -> None:
    """A region beside the first, with services of its own and the one keystone; it is in tokens given from now on."""
    state = world[IdentityState]
    region = world.add_region(name, IdentityState)
    new(state, BY_NOUN["region"], {"id": name})
    for service in world.services:
        kept = next(one for one in state.services if one["type"] == service.type)
        home = world if service.state is IdentityState else region
        _add_endpoints(state, kept["id"], name, f"{home.url}/{service.endpoint}")


def _add_endpoints(state: IdentityState, service_id: str, region: str, url: str) -> None:
    for interface in ("public", "internal", "admin"):
        fields = {"service_id": service_id, "interface": interface, "region_id": region, "url": url}
        new(state, BY_NOUN["endpoint"], fields)


def make_project(world: World, _project_id: str, fields: dict[str, Any]) -> Document:
    """A project of a bulk seed, in which the administrator has their role."""
    state = world[IdentityState]
    project = new(state, BY_NOUN["project"], {"id": uuid.uuid4().hex, **fields})
    admin = state.users.first(name="admin")
    role = next(one for one in state.roles if one["name"] == "admin")
    if admin is not None:
        grant(state, Grant("user", admin["id"], "project", project["id"], role["id"]))
    return project
