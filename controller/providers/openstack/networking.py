"""What all kinds of Neutron share: identity as a suffix of the description, and tags.

Neutron takes tags in the create call for ports only; elsewhere they come by a second call and serve people and meters.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.engine.properties import PropertyMap
from controller.engine.provider import Carrier, Change
from controller.providers.fields import Field
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import unordered_each
from controller.providers.openstack.identity import SUFFIX_LENGTH
from controller.providers.openstack.resource import RestKind

NAME = Field("name", required=True, longest=255)
DESCRIPTION = Field("description", default="", longest=255 - SUFFIX_LENGTH)
ADMIN_STATE_UP = Field("adminStateUp", type=bool, default=True)
TAGS = Field("tags", type=list, default=[], normal=unordered_each(str), patched=False)
TENANT_ID = Field("tenantId", "project_id")


class NetworkingKind(RestKind):
    """A kind of Neutron; its API has done its work when it answers."""

    service = "network"
    carrier = Carrier.DESCRIPTION
    lists_changes = True

    def changes_of(self, since: datetime) -> dict[str, Any]:
        """Extension `standard-attr-timestamp`; Neutron takes no zone, and means UTC."""
        return {"changed_since": since.strftime("%Y-%m-%dT%H:%M:%S")}

    def body_of(self, plain: PropertyMap) -> Body:
        body = super().body_of(plain)
        body.pop("tags", None)
        return body

    def outputs_of(self, body: Body) -> dict[str, object]:
        return {**super().outputs_of(body), "allTags": sorted(body.get("tags") or ())}

    def finish(self, cloud: Cloud, body: Body, plain: PropertyMap) -> Body:
        tags = plain.get("tags")
        return {**body, "tags": self._tag(cloud, self.id_of(body), tags)} if tags else body

    def amend(self, cloud: Cloud, id: str, plain: PropertyMap, changes: Mapping[str, Change]) -> None:
        if "tags" in changes:
            self._tag(cloud, id, plain.get("tags") or [])

    def _tag(self, cloud: Cloud, id: str, tags: list[str]) -> list[str]:
        cloud.send(self.service, "PUT", f"{self.member(id)}/tags", {"tags": tags})
        return tags
