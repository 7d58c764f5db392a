"""openstack:compute/serverGroup:ServerGroup. Source: Compute API v2.1, "Server groups" (≥2.64: one policy)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.engine.provider import Carrier, Incomplete
from controller.providers.fields import Field
from controller.providers.openstack.budget import Priority
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.identity import SUFFIX_LENGTH
from controller.providers.openstack.paging import PAGE_SIZE, Answer, Fetch, Place
from controller.providers.openstack.resource import RestKind


class ServerGroup(RestKind):
    """Nova offers nothing but the name to carry identity, and nothing of a group can be changed."""

    token = "openstack:compute/serverGroup:ServerGroup"  # noqa: S105
    service = "compute"
    carrier = Carrier.NAME
    path, key, plural = "/os-server-groups", "server_group", "server_groups"
    everywhere = {"all_projects": "true"}  # noqa: RUF012
    microversion = "2.64"
    fields = (
        Field("name", required=True, replaces=True, longest=255 - SUFFIX_LENGTH),
        Field(
            "policies",
            "policy",
            required=True,
            replaces=True,
            choices=("affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"),
        ),
    )

    def outputs_of(self, body: Body) -> dict[str, Any]:
        return {"members": list(body.get("members") or ())}

    def fetch_from(self, cloud: Cloud, path: str, query: Mapping[str, Any], priority: Priority) -> Fetch:
        """By offset, all that Nova knows here: each page begins with the last entry of the one before, to show that
        nothing moved up in the meantime.
        """

        def fetch(limit: int, place: Place) -> Answer:
            overlap = min(place.count, 1)
            window = {"limit": min(limit + overlap, PAGE_SIZE), "offset": place.count - overlap}
            answer = self.page(cloud, path, {**query, **window}, priority)
            if overlap and (not answer.items or answer.items[0]["id"] != place.marker):
                raise Incomplete("server groups moved up while they were listed", remedy="they are read again later")
            return Answer(answer.items[overlap:], answer.more)

        return fetch
