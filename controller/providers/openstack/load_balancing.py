"""What all kinds of Octavia share: identity among the tags, and a tree that takes one change at a time.

While anything of a load balancer is PENDING, Octavia refuses every other change of its tree with 409.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from controller.engine.properties import PropertyMap, revealed
from controller.engine.provider import Carrier, Change, Incomplete, Observation
from controller.providers.fields import Field
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import unordered_each
from controller.providers.openstack.path import path_to
from controller.providers.openstack.resource import RestKind
from controller.providers.openstack.shape import Lifecycle
from controller.providers.openstack.waiting import looks

NAME = Field("name", default="", longest=255)
DESCRIPTION = Field("description", default="", longest=255)
ADMIN_STATE_UP = Field("adminStateUp", type=bool, default=True)
TAGS = Field("tags", type=list, default=[], normal=unordered_each(str))
TENANT_ID = Field("tenantId", "project_id")


class LoadBalancingKind(RestKind):
    """A kind of Octavia."""

    service = "load-balancer"
    carrier = Carrier.TAGS
    create_timeout = 600.0
    lifecycle = Lifecycle("provisioning_status", ready=frozenset({"ACTIVE"}), stuck=frozenset({"ERROR"}))

    def create(self, cloud: Cloud, inputs: PropertyMap, identity: str) -> Observation:
        """As every kind, in the turn of its load balancer."""
        with cloud.trees.turn(self.balancer_of(cloud, revealed(inputs))):
            return super().create(cloud, inputs, identity)

    def update(self, cloud: Cloud, id: str, inputs: PropertyMap, changes: Mapping[str, Change]) -> Observation:
        """As every kind, in the turn of its load balancer."""
        with cloud.trees.turn(self.balancer_of(cloud, revealed(inputs)) or id):
            return super().update(cloud, id, inputs, changes)

    def delete(self, cloud: Cloud, id: str, inputs: PropertyMap) -> None:
        """As every kind, in the turn of its load balancer."""
        with cloud.trees.turn(self.balancer_of(cloud, revealed(inputs)) or id):
            super().delete(cloud, id, inputs)

    def await_parents(self, cloud: Cloud, plain: PropertyMap, timeout: float) -> None:
        """Waits until the tree takes changes again: Octavia says so of the load balancer last."""
        balancer_id = self.balancer_of(cloud, plain)
        if balancer_id is None:
            return
        for _ in looks(timeout):
            with suppress(Incomplete):
                answer = cloud.get(self.service, path_to("/lbaas/loadbalancers", balancer_id))
                if answer is None or not answer["loadbalancer"]["provisioning_status"].startswith("PENDING_"):
                    return

    def balancer_of(self, cloud: Cloud, plain: PropertyMap) -> str | None:
        """The load balancer that a resource with these inputs is a part of; None for one itself."""
        return None


def first_of(body: Mapping[str, Any], parents: str) -> str | None:
    """The id of the only parent, of those that Octavia lists in `body`."""
    entries = body.get(parents) or ()
    return entries[0]["id"] if entries else None


def balancer_of_pool(cloud: Cloud, pool_id: str | None) -> str | None:
    """The load balancer that a pool belongs to."""
    return None if pool_id is None else _balancer_at(cloud, "pool", pool_id)


def balancer_of_listener(cloud: Cloud, listener_id: str | None) -> str | None:
    """The load balancer that a listener belongs to."""
    return None if listener_id is None else _balancer_at(cloud, "listener", listener_id)


def _balancer_at(cloud: Cloud, key: str, part_id: str) -> str | None:
    def find() -> str | None:
        answer: Body | None = cloud.get("load-balancer", path_to(f"/lbaas/{key}s", part_id))
        return None if answer is None else first_of(answer[key], "loadbalancers")

    return cloud.trees.balancer_of(part_id, find)
