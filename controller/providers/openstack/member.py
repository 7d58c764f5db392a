"""openstack:loadbalancer/member:Member. Source: Load Balancer API v2, "Members".

Members stand below their pool, so its id is "pool/member", and they are listed by pool.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from typing import Any

from controller.engine.properties import PropertyMap, revealed
from controller.engine.provider import Incomplete, Observation, Page, Scope
from controller.providers.fields import Field
from controller.providers.openstack.budget import Priority
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import address
from controller.providers.openstack.identity import unsigned
from controller.providers.openstack.load_balancing import (
    ADMIN_STATE_UP,
    NAME,
    TAGS,
    TENANT_ID,
    LoadBalancingKind,
    balancer_of_pool,
)
from controller.providers.openstack.paging import PAGE_SIZE
from controller.providers.openstack.path import path_to
from controller.providers.openstack.pool import Pool


class Member(LoadBalancingKind):
    """Octavia does not show a member's pool: bodies get it as `pool_id` when they come in."""

    token = "openstack:loadbalancer/member:Member"  # noqa: S105
    path, key, plural = "/lbaas/pools", "member", "members"
    delete_before_replace = True  # address and port stand in a pool once
    fields = (
        Field("poolId", required=True, replaces=True),
        Field("address", required=True, replaces=True, normal=address),
        Field("protocolPort", type=int, required=True, replaces=True),
        Field("subnetId", replaces=True),
        NAME,
        ADMIN_STATE_UP,
        Field("weight", type=int, default=1),
        Field("backup", type=bool, default=False),
        Field("monitorAddress", default=None, normal=address),
        Field("monitorPort", type=int, default=None),
        TAGS,
    )
    shows = (TENANT_ID,)

    def find(self, cloud: Cloud, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        members = self._walk(cloud, revealed(inputs)["poolId"], Priority.APPLY)
        return [self.observe(body, inputs) for body in members if unsigned(self.carrier, body)[1] == identity]

    def list(self, cloud: Cloud, scope: Scope) -> Iterator[Page]:
        gathered: builtins.list[Observation] = []
        for pools in Pool().pages_in(cloud, scope):
            for pool in pools:
                gathered += [self.observe(body) for body in self._members(cloud, pool)]
                if len(gathered) >= PAGE_SIZE:
                    yield Page(gathered, last=False)
                    gathered = []
        yield Page(gathered, last=True)

    def body_of(self, plain: PropertyMap) -> Body:
        body = super().body_of(plain)
        del body["pool_id"]
        return body

    def entry_of(self, answer: Body, plain: PropertyMap) -> Body:
        return {**answer[self.key], "pool_id": plain["poolId"]}

    def collection(self, plain: PropertyMap) -> str:
        return _path(plain["poolId"])

    def member(self, id: str) -> str:
        pool_id, _, member_id = id.partition("/")
        return path_to(_path(pool_id), member_id)

    def bare(self, id: str) -> Body:
        pool_id, _, member_id = id.partition("/")
        return {"pool_id": pool_id, "id": member_id}

    def id_of(self, body: Body) -> str:
        return f"{body['pool_id']}/{body['id']}"

    def owner_of(self, body: Body) -> str:
        return str(body["pool_id"])

    def balancer_of(self, cloud: Cloud, plain: PropertyMap) -> str | None:
        return balancer_of_pool(cloud, plain.get("poolId"))

    def _members(self, cloud: Cloud, pool: Body) -> Sequence[Body]:
        """The members of a pool. One page that holds all that the pool names is whole; anything else is walked."""
        named = {member["id"] for member in pool.get("members") or ()}
        if not named:
            return ()
        page = self.page(cloud, _path(pool["id"]), {"limit": PAGE_SIZE}, Priority.DRIFT).items
        if len(page) < PAGE_SIZE and named <= {body["id"] for body in page}:
            return [_in_pool(body, pool["id"]) for body in page]
        members = [*self._walk(cloud, pool["id"], Priority.DRIFT)]
        missing = named - {body["id"] for body in members}
        if missing and self._still_named(cloud, pool["id"], missing):
            raise Incomplete(f"the members of pool {pool['id']} could not be read", where=cloud.name)
        return members

    def _walk(self, cloud: Cloud, pool_id: str, priority: Priority) -> Iterator[Body]:
        pages = self.pages(cloud, {}, priority, _path(pool_id))
        return (_in_pool(body, pool_id) for page in pages for body in page)

    def _still_named(self, cloud: Cloud, pool_id: str, members: set[str]) -> bool:
        answer: Any = cloud.get(self.service, path_to(Pool.path, pool_id), priority=Priority.DRIFT)
        return answer is not None and bool(members & {member["id"] for member in answer["pool"]["members"]})


def _path(pool_id: str) -> str:
    return f"{path_to(Pool.path, pool_id)}/members"


def _in_pool(body: Body, pool_id: str) -> Body:
    return {**body, "pool_id": pool_id}
