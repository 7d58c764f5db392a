"""openstack:blockstorage/getVolumeV3. Source: Block Storage API v3, "Volumes"."""

from __future__ import annotations

from typing import Any, Final

from controller.engine.properties import PropertyValue
from controller.engine.provider import Carrier
from controller.providers.openstack.connection import Body
from controller.providers.openstack.functions.function import Finder, equals
from controller.providers.openstack.listing import Listing

VOLUMES: Final = Listing("block-storage", "/volumes/detail", "volumes", carrier=Carrier.METADATA)


def _has_metadata(body: Body, wanted: PropertyValue) -> bool:
    return bool(wanted.items() <= (body.get("metadata") or {}).items())


def _volume(body: Body) -> dict[str, Any]:
    return {
        "id": body["id"],
        "name": body["name"] or "",
        "attachments": [
            {"id": one["attachment_id"], "instanceId": one["server_id"], "device": one.get("device") or ""}
            for one in body.get("attachments") or ()
        ],
        "bootable": body["bootable"],
        "host": body.get("os-vol-host-attr:host") or "",
        "metadata": body.get("metadata") or {},
        "size": body["size"],
        "sourceVolumeId": body.get("source_volid") or "",
        "status": body["status"],
        "volumeType": body.get("volume_type") or "",
    }


GET_VOLUME: Final = Finder(
    "openstack:blockstorage/getVolumeV3:getVolumeV3",
    VOLUMES,
    {
        "name": equals("name"),
        "bootable": equals("bootable"),
        "host": equals("os-vol-host-attr:host"),
        "metadata": _has_metadata,
        "status": equals("status"),
        "volumeType": equals("volume_type"),
    },
    _volume,
    queried={"name": "name", "status": "status"},
)
