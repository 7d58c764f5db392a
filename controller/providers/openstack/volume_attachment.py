"""openstack:compute/volumeAttach:VolumeAttach. Source: Compute API v2.1, "Servers with volume attachments".

Its natural key is the server with the volume, and its id "server/volume". Attachments are listed from the volumes,
which name their servers: one list instead of one a server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.engine.properties import PropertyMap, revealed
from controller.engine.provider import Carrier, Change, Observation, Page, Rejected, Scope, Unsettled
from controller.providers.fields import Field
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.path import path_to
from controller.providers.openstack.resource import RestKind
from controller.providers.openstack.volume import Volume

_FIRST_DISK = re.compile(r"/dev/(x?v|s|h)da$")


class VolumeAttachment(RestKind):
    token = "openstack:compute/volumeAttach:VolumeAttach"  # noqa: S105
    service = "compute"
    carrier = Carrier.NATURAL
    path, key, plural = "/servers", "volumeAttachment", "volumeAttachments"
    microversion = "2.46"
    lists_changes = True  # as the volumes do that they are listed from
    delete_before_replace = True  # a volume is at one server at a time
    fields = (
        Field("instanceId", "serverId", required=True, replaces=True),
        Field("volumeId", "volumeId", required=True, replaces=True),
        Field("device", replaces=True, observed=False),
    )

    def create(self, cloud: Cloud, inputs: PropertyMap, identity: str) -> Observation:
        plain = revealed(inputs)
        wish = {name: plain[name] for name in ("volumeId", "device") if plain.get(name)}
        try:
            made = self._send(cloud, "POST", self.collection(plain), {self.key: wish}, plain)[self.key]
        except Rejected as error:
            found = self.find(cloud, identity, inputs) if error.status in (400, 409) else ()
            if found:
                return found[0]
            raise
        return self._settled(cloud, made, inputs, self.create_timeout, self.finish)

    def finish(self, cloud: Cloud, body: Body, plain: PropertyMap) -> Body:
        """Nova answers when it has only noted the wish: the volume tells when it is attached, and where."""
        return {**body, "device": self._await_in_use(cloud, body)}

    def amend(self, cloud: Cloud, id: str, plain: PropertyMap, changes: Mapping[str, Change]) -> None:
        self._await_in_use(cloud, self.bare(id))

    def delete(self, cloud: Cloud, id: str, inputs: PropertyMap) -> None:
        super().delete(cloud, id, inputs)
        self._await_gone(cloud, id)

    def find(self, cloud: Cloud, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        plain = revealed(inputs)
        found = self.read(cloud, f"{plain['instanceId']}/{plain['volumeId']}", inputs)
        return [found] if found else ()

    def list(self, cloud: Cloud, scope: Scope) -> Iterator[Page]:
        for volumes in Volume().pages_in(cloud, scope):
            items = [self.observe(_attachment(volume, entry)) for volume in volumes for entry in volume["attachments"]]
            yield Page(items, last=False)
        yield Page((), last=True)

    def collection(self, plain: PropertyMap) -> str:
        return _path(plain["instanceId"])

    def member(self, id: str) -> str:
        server_id, _, volume_id = id.partition("/")
        return path_to(_path(server_id), volume_id)

    def bare(self, id: str) -> Body:
        server_id, _, volume_id = id.partition("/")
        return {"serverId": server_id, "volumeId": volume_id}

    def id_of(self, body: Body) -> str:
        return f"{body['serverId']}/{body['volumeId']}"

    def outputs_of(self, body: Body) -> dict[str, Any]:
        return {"device": body.get("device")}

    def owner_of(self, body: Body) -> str:
        return str(body["serverId"])

    def is_by_cloud(self, body: Body) -> bool:
        """The disk that a server boots from came with the server; so did any whose place is not told."""
        device = str(body.get("device") or "")
        return not device or _FIRST_DISK.match(device) is not None

    def _await_in_use(self, cloud: Cloud, body: Body) -> str | None:
        try:
            volume = Volume().await_state(cloud, body["volumeId"], _is_in_use, self.create_timeout)
        except Unsettled as error:
            raise Unsettled(error.message, observation=self.observe(body), where=cloud.name) from error
        places = {entry["server_id"]: entry.get("device") for entry in volume["attachments"]}
        return places.get(body["serverId"])


def _path(server_id: str) -> str:
    return f"{path_to('/servers', server_id)}/os-volume_attachments"


def _attachment(volume: Body, entry: Body) -> Body:
    """An entry of a volume's attachments in the form that Nova gives them."""
    project = volume.get("os-vol-tenant-attr:tenant_id")
    place = {"serverId": entry["server_id"], "volumeId": volume["id"], "device": entry.get("device")}
    return {**place, "project_id": project}


def _is_in_use(volume: Body) -> bool:
    return volume.get("status") == "in-use"
