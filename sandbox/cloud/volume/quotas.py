"""Cinder's quotas (limits by project, for administrators to set) and the limits a project reads of itself."""

from typing import Any

from sandbox.cloud.errors import BadRequest
from sandbox.cloud.routing import Call
from sandbox.cloud.volume.routes import PROJECT, routes
from sandbox.cloud.volume.state import DEFAULT_QUOTAS, VolumeState

SETS = f"{PROJECT}/os-quota-sets/{{target_id}}"
CLASSES = f"{PROJECT}/os-quota-class-sets/{{name}}"


@routes.get(SETS)
def show(call: Call) -> dict[str, Any]:
    """The limits of a project, with what is used of them where `usage` is asked for."""
    target = call.params["target_id"]
    if target != call.caller.project_id:
        call.require_admin()
    state = call.world[VolumeState]
    limits: dict[str, Any] = state.limits(target)
    if call.flag("usage"):
        used = state.usage(target)
        limits = {name: {"limit": limit, "in_use": used[name], "reserved": 0} for name, limit in limits.items()}
    return {"quota_set": {"id": target, **limits}}


@routes.put(SETS, admin=True)
def update(call: Call) -> dict[str, Any]:
    """Set limits of a project (-1: none)."""
    changes = {name: value for name, value in call.body("quota_set").items() if name not in ("tenant_id", "force")}
    for name, value in changes.items():
        if name not in DEFAULT_QUOTAS or not isinstance(value, int) or value < -1:
            raise BadRequest(f"Invalid input for field/attribute {name}. Value: {value}.")
    state, target = call.world[VolumeState], call.params["target_id"]
    state.quotas.setdefault(target, {}).update(changes)
    return {"quota_set": state.limits(target)}


@routes.delete(SETS, status=200, admin=True)
def revert(call: Call) -> None:
    """Back to the defaults."""
    call.world[VolumeState].quotas.pop(call.params["target_id"], None)


@routes.get(f"{SETS}/defaults")
def defaults(call: Call) -> dict[str, Any]:
    """The limits of a project for which none were set."""
    return {"quota_set": {"id": call.params["target_id"], **DEFAULT_QUOTAS}}


@routes.get(CLASSES)
def quota_class(call: Call) -> dict[str, Any]:
    """The one quota class: the defaults."""
    return {"quota_class_set": {"id": call.params["name"], **DEFAULT_QUOTAS}}


@routes.get(f"{PROJECT}/limits")
def limits(call: Call) -> dict[str, Any]:
    """Limits and use of the caller's project, or of the one an administrator names (3.39)."""
    target = call.caller.project_id or ""
    if call.query.get("project_id") and call.microversion >= (3, 39) and call.caller.is_admin:
        target = call.query["project_id"]
    state = call.world[VolumeState]
    most, used = state.limits(target), state.usage(target)
    absolute = {
        "maxTotalVolumes": most["volumes"],
        "maxTotalVolumeGigabytes": most["gigabytes"],
        "maxTotalSnapshots": most["snapshots"],
        "maxTotalBackups": most["backups"],
        "maxTotalBackupGigabytes": most["backup_gigabytes"],
        "totalVolumesUsed": used["volumes"],
        "totalGigabytesUsed": used["gigabytes"],
        "totalSnapshotsUsed": used["snapshots"],
        "totalBackupsUsed": used["backups"],
        "totalBackupGigabytesUsed": used["backup_gigabytes"],
    }
    return {"limits": {"rate": [], "absolute": absolute}}
