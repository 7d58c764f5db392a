"""openstack:blockstorage/volume:Volume. Source: Block Storage API v3, "Volumes" and "Volume actions"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from controller.engine.properties import PropertyMap
from controller.engine.provider import Carrier, Change, Diff, Failure, Fields, Rejected
from controller.providers.fields import Field
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.path import path_to
from controller.providers.openstack.resource import RestKind
from controller.providers.openstack.shape import Lifecycle

_SOURCES = ("imageId", "snapshotId", "sourceVolId")
_BY_CINDER = frozenset({"readonly", "attached_mode"})
"""Metadata keys that Cinder shows without anybody having set them."""


class Volume(RestKind):
    """It grows in place, also while in use; a smaller size is another volume, which a person must decide on."""

    token = "openstack:blockstorage/volume:Volume"  # noqa: S105
    service = "block-storage"
    carrier = Carrier.METADATA
    path, key, plural, detail = "/volumes", "volume", "volumes", "/detail"
    everywhere = {"all_tenants": "1"}  # noqa: RUF012
    microversion = "3.59"
    data_bearing = True
    lists_changes = True
    lifecycle = Lifecycle(
        "status",
        ready=frozenset({"available", "in-use"}),
        broken=frozenset({"error", "error_deleting", "error_extending", "error_restoring"}),
        gone=frozenset({"deleted"}),
        stuck=frozenset({"error_deleting"}),
    )
    fields = (
        Field("name", required=True, longest=255),
        Field("size", type=int, required=True, patched=False),
        Field("description", default="", longest=255),
        Field("metadata", type=dict, default={}, patched=False),
        Field("volumeType", patched=False),
        Field("availabilityZone", replaces=True),
        Field("imageId", "imageRef", replaces=True, observed=False),
        Field("snapshotId", replaces=True, observed=False),
        Field("sourceVolId", "source_volid", replaces=True, observed=False),
        Field("enableOnlineResize", type=bool, observed=False, patched=False),
    )
    shows = (
        Field("snapshotId"),
        Field("sourceVolId", "source_volid"),
        Field("consistencyGroupId", "consistencygroup_id"),
        Field("attachments", type=list, members={"id": "id", "instanceId": "server_id", "device": "device"}),
    )

    def changes_of(self, since: datetime) -> dict[str, Any]:
        return {"updated_at": f"gte:{since.strftime('%Y-%m-%dT%H:%M:%S')}"}

    def microversion_for(self, query: Mapping[str, Any]) -> str | None:
        """Times are compared from 3.60 on, which older clouds do not have: only lists of changes ask for it."""
        return "3.60" if "updated_at" in query else self.microversion

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        given = [name for name in _SOURCES if inputs.get(name) is not None]
        return [Failure(name, f"contradicts {given[0]}") for name in given[1:]]

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        found = super().diff(prior, observed, inputs)
        size = found.changes.get("size")
        if size is None or not (isinstance(size.old, int) and isinstance(size.new, int)) or size.new > size.old:
            return found
        return Diff({**found.changes, "size": replace(size, replaces=True)}, found.delete_before_replace)

    def body_of(self, plain: PropertyMap) -> Body:
        body = super().body_of(plain)
        body.pop("enable_online_resize", None)
        return body

    def fields_of(self, body: Body) -> dict[str, Any]:
        seen = super().fields_of(body)
        if "metadata" in seen:
            seen["metadata"] = {key: value for key, value in seen["metadata"].items() if key not in _BY_CINDER}
        return seen

    def meter_tags(self, body: Body) -> Mapping[str, str]:
        return {key: str(value) for key, value in (body.get("metadata") or {}).items()}

    def amend(self, cloud: Cloud, id: str, plain: PropertyMap, changes: Mapping[str, Change]) -> None:
        """Looks first: an earlier request whose reply was lost may have had its effect, and Cinder refuses it twice."""
        now = self._look(cloud, id) or self.bare(id)
        if "size" in changes and now.get("size") != plain["size"]:
            self._act(cloud, id, {"os-extend": {"new_size": plain["size"]}}, plain)
        if "volumeType" in changes and plain.get("volumeType") not in (None, now.get("volume_type")):
            retype = {"new_type": plain["volumeType"], "migration_policy": "never"}
            self._act(cloud, id, {"os-retype": retype}, plain)
        if "metadata" in changes:
            self._set_metadata(cloud, id, plain, surplus=self.observe(now).fields.get("metadata", {}))

    def passes(self, refusal: Rejected) -> bool:
        """Cinder says 400 while a volume is on its way from one state to another."""
        on_its_way = refusal.status == 400 and "status must be" in refusal.message
        return on_its_way or super().passes(refusal)

    def _act(self, cloud: Cloud, id: str, action: Body, plain: PropertyMap) -> None:
        """One action; the next is accepted only when the volume is at rest again."""
        self._send(cloud, "POST", f"{self.member(id)}/action", action, plain)
        self.await_state(cloud, id, self.is_ready, self.update_timeout)

    def _set_metadata(self, cloud: Cloud, id: str, plain: PropertyMap, surplus: Mapping[str, str]) -> None:
        """Key by key, so that the identity among them stays."""
        wanted = plain.get("metadata") or {}
        address = f"{self.member(id)}/metadata"
        if wanted:
            self._send(cloud, "POST", address, {"metadata": wanted}, plain)
        for name in sorted(surplus.keys() - wanted.keys()):
            cloud.remove(self.service, path_to(address, name), microversion=self.microversion)
