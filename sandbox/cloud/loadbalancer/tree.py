"""The tree below a load balancer is changed one change at a time: while one is pending, all of it is immutable (409).

`begin` marks an object and what is above it as pending and lets it settle after the latency of its step.
"""

import uuid
from collections.abc import Callable
from typing import Any

from sandbox.cloud import clock
from sandbox.cloud.errors import Conflict
from sandbox.cloud.loadbalancer.state import LoadBalancerState
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

Fields = dict[str, Any]


def new_document(defaults: Fields, project_id: str, fields: Fields) -> Document:
    """An object as it is once it is ready; the given fields over the defaults."""
    given = {name: value for name, value in fields.items() if name in defaults}
    return {
        "id": str(uuid.uuid4()),
        **{name: list(value) if isinstance(value, list) else value for name, value in defaults.items()},
        **given,
        "project_id": project_id,
        "tenant_id": project_id,
        "provisioning_status": "ACTIVE",
        "operating_status": "OFFLINE" if given.get("admin_state_up") is False else "ONLINE",
        "created_at": stamp(),
        "updated_at": None,
    }


def stamp() -> str:
    """`2026-09-28T08:00:00`, as octavia writes it."""
    return clock.seconds_stamp().removesuffix("Z")


def root(world: World, document: Document) -> Document:
    """The load balancer an object belongs to."""
    return world[LoadBalancerState].loadbalancers[document["_lb"] if "_lb" in document else document["id"]]


def operating(world: World, document: Document) -> str:
    """What an object does once it is ready; only the members of a pool with a monitor are watched."""
    pool = world[LoadBalancerState].pools.get(document.get("_parent"))
    if not document.get("admin_state_up", True):
        return "OFFLINE"
    if pool is not None and not pool["healthmonitor_id"]:
        return "NO_MONITOR"
    return "DRAINING" if document.get("weight") == 0 else "ONLINE"


def require_mutable(load_balancer: Document, *, deleting: bool = False) -> None:
    """Refuse (409) a change while another is pending; one in ERROR can only be deleted."""
    allowed = ("ACTIVE", "ERROR") if deleting else ("ACTIVE",)
    if load_balancer["provisioning_status"] not in allowed:
        raise Conflict(f"Load Balancer {load_balancer['id']} is immutable and cannot be updated.")


def above(world: World, document: Document) -> list[Document]:
    """What is marked PENDING_UPDATE with a change of the object: its load balancer, listeners, pool, policy."""
    state = world[LoadBalancerState]
    if "_lb" not in document:
        return []
    parents = [root(world, document)]
    pool = state.pools.get(document.get("_parent")) or state.pools.get(document.get("pool_id"))
    policy = state.l7policies.get(document.get("_parent"))
    parents += [each for each in (pool, policy) if each is not None]
    listeners = [*(pool or document).get("listeners", ()), {"id": (policy or document).get("listener_id")}]
    parents += [found for found in (state.listeners.get(each["id"]) for each in listeners) if found is not None]
    return parents


def begin(world: World, document: Document, status: str, then: Callable[[], None] | None = None) -> None:
    """Mark the object with a pending status, and let it be ACTIVE (or `then`) once the latency has passed."""
    parents = above(world, document)
    ready = document["operating_status"]
    for parent in parents:
        parent["provisioning_status"] = "PENDING_UPDATE"
    document["provisioning_status"] = status
    if status == "PENDING_CREATE":
        document["operating_status"] = "OFFLINE"

    def settle() -> None:
        for each in (document, *parents):
            each["provisioning_status"] = "ACTIVE"
        document["operating_status"] = ready
        if status == "PENDING_UPDATE":
            document["updated_at"] = stamp()
        if then is not None:
            then()

    is_new_root = status == "PENDING_CREATE" and not parents
    world.transitions.after("loadbalancer.create" if is_new_root else "loadbalancer.update", settle)
