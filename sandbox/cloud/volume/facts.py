"""What cinder says of itself: versions, services, zones, extensions, filters, pools and capabilities."""

from typing import Any

from sandbox.cloud import clock, discovery
from sandbox.cloud.errors import NotFound
from sandbox.cloud.routing import Call, Reply
from sandbox.cloud.service import Microversions
from sandbox.cloud.volume.routes import PROJECT, routes
from sandbox.cloud.volume.state import VolumeState

VERSIONS = Microversions("volume", (3, 0), (3, 70))
HOST = "sandbox-storage-1@lvm"
_EXTENSIONS = {
    "os-volume-actions": "Volume actions",
    "os-quota-sets": "Quotas management support",
    "os-types-extra-specs": "Type extra specs support",
    "os-volume-transfer": "Volume transfer management support",
    "backups": "Backups support",
}
_FILTERS = {
    "volume": ["name", "status", "metadata", "bootable", "migration_status", "availability_zone", "group_id"],
    "backup": ["name", "status", "volume_id"],
    "snapshot": ["name", "status", "volume_id", "metadata", "availability_zone"],
    "group": ["name", "status"],
    "attachment": ["volume_id", "status", "instance_id"],
}


def _version(call: Call) -> dict[str, Any]:
    return discovery.version("v3.0", f"{call.root}/v3", versions=VERSIONS)


@routes.get("/", public=True)
def choices(call: Call) -> Reply:
    """The versions there are."""
    return Reply({"versions": [_version(call)]}, status=300)


@routes.get("/v3", public=True)
def v3(call: Call) -> dict[str, Any]:
    """The one version."""
    return {"versions": [_version(call)]}


@routes.get(f"{PROJECT}/os-services", admin=True)
def services(call: Call) -> dict[str, Any]:
    """The processes cinder runs as."""
    hosts = {"cinder-scheduler": "sandbox-control-1", "cinder-volume": HOST, "cinder-backup": "sandbox-storage-1"}
    rows = [
        {
            "binary": binary,
            "host": host,
            "zone": "nova",
            "status": "enabled",
            "state": "up",
            "updated_at": clock.micro_stamp(),
            "disabled_reason": None,
        }
        for binary, host in hosts.items()
    ]
    for name in ("binary", "host"):
        rows = [row for row in rows if call.query.get(name, row[name]) == row[name]]
    return {"services": rows}


@routes.get(f"{PROJECT}/os-availability-zone")
def zones(call: Call) -> dict[str, Any]:
    """The zones of seed.yaml; a volume may be attached across them."""
    names = call.world[VolumeState].zones
    return {"availabilityZoneInfo": [{"zoneName": name, "zoneState": {"available": True}} for name in names]}


@routes.get(f"{PROJECT}/extensions")
def extensions(_call: Call) -> dict[str, Any]:
    """What this cinder offers beyond the core."""
    return {
        "extensions": [
            {
                "alias": alias,
                "name": name,
                "description": f"{name}.",
                "links": [],
                "updated": "2026-04-01T00:00:00+00:00",
            }
            for alias, name in _EXTENSIONS.items()
        ]
    }


@routes.get(f"{PROJECT}/resource_filters")
def filters(call: Call) -> dict[str, Any]:
    """By what a list of each kind can be filtered."""
    asked = call.query.get("resource")
    return {
        "resource_filters": [
            {"resource": kind, "filters": names} for kind, names in _FILTERS.items() if asked in (None, kind)
        ]
    }


@routes.get(f"{PROJECT}/capabilities/{{host}}", admin=True)
def capabilities(call: Call) -> dict[str, Any]:
    """What the one backend can do."""
    if call.params["host"] != HOST:
        raise NotFound(f"Service cinder-volume on host {call.params['host']} could not be found.")
    return {
        "namespace": f"OS::Storage::Capabilities::{HOST}",
        "vendor_name": "Open Source",
        "volume_backend_name": "lvm",
        "pool_name": "lvm",
        "driver_version": "3.0.0",
        "storage_protocol": "iSCSI",
        "display_name": "LVM",
        "description": "Simulated storage",
        "visibility": "public",
        "replication_targets": [],
        "properties": {},
    }


@routes.get(f"{PROJECT}/scheduler-stats/get_pools", admin=True)
def pools(_call: Call) -> dict[str, Any]:
    """The one pool of the one backend (sizes in GB)."""
    capacity = {"total_capacity_gb": 1_000_000, "free_capacity_gb": 1_000_000, "volume_backend_name": "lvm"}
    return {"pools": [{"name": f"{HOST}#lvm", "capabilities": capacity}]}


@routes.get(f"{PROJECT}/messages")
def messages(_call: Call) -> dict[str, Any]:
    """Nothing goes wrong behind the scenes."""
    return {"messages": []}


@routes.get(f"{PROJECT}/qos-specs", admin=True)
def qos_specs(_call: Call) -> dict[str, Any]:
    """No QoS specs."""
    return {"qos_specs": []}
