"""What cinder keeps, and the limits of a project.

Documents carry `project_id` inside; `views` gives them the shape of the API and the microversion.
"""

from dataclasses import dataclass, field
from functools import partial

from sandbox.cloud.errors import OverLimit
from sandbox.cloud.store import Collection, Document

DEFAULT_QUOTAS = {
    "volumes": 500,
    "gigabytes": 100_000,
    "snapshots": 500,
    "backups": 500,
    "backup_gigabytes": 100_000,
    "per_volume_gigabytes": -1,
    "groups": 10,
}


@dataclass
class VolumeState:
    """Cinder's memory."""

    volumes: Collection = field(default_factory=partial(Collection, "volume"))
    types: Collection = field(default_factory=partial(Collection, "volume_type", "name"))
    snapshots: Collection = field(default_factory=partial(Collection, "snapshot", "volume_id"))
    backups: Collection = field(default_factory=partial(Collection, "backup", "volume_id"))
    attachments: Collection = field(default_factory=partial(Collection, "attachment", "volume_id"))
    transfers: Collection = field(default_factory=partial(Collection, "transfer", "volume_id"))
    groups: Collection = field(default_factory=partial(Collection, "group"))
    group_types: Collection = field(default_factory=partial(Collection, "group_type"))
    group_snapshots: Collection = field(default_factory=partial(Collection, "group_snapshot", "group_id"))
    zones: list[str] = field(default_factory=list)
    """The availability zones that a volume may be made in; the first is the default."""
    default_types: dict[str, str] = field(default_factory=dict)
    """The type a project's volumes get when none is named, by project id; `""` is the cloud's own default."""
    quotas: dict[str, dict[str, int]] = field(default_factory=dict)
    """Limits that differ from the default, by project id."""

    def limits(self, project_id: str) -> dict[str, int]:
        """The limits of a project; -1 is none."""
        return DEFAULT_QUOTAS | self.quotas.get(project_id, {})

    def usage(self, project_id: str) -> dict[str, int]:
        """What a project has; sizes in GB."""
        volumes = self.volumes.where(project_id=project_id)
        snapshots = self.snapshots.where(project_id=project_id)
        backups = self.backups.where(project_id=project_id)
        return {
            "volumes": len(volumes),
            "gigabytes": _size(volumes) + _size(snapshots),
            "snapshots": len(snapshots),
            "backups": len(backups),
            "backup_gigabytes": _size(backups),
            "per_volume_gigabytes": 0,
            "groups": len(self.groups.where(project_id=project_id)),
        }

    def require_room(self, project_id: str, kind: str, *, size: int, sizes: str = "gigabytes") -> None:
        """Refuse (413) one more of `kind` with `size` GB where that goes over a limit of the project."""
        limits, usage = self.limits(project_id), self.usage(project_id)
        if 0 <= limits[kind] < usage[kind] + 1:
            raise OverLimit(
                f"{kind[:-1].capitalize()}LimitExceeded: Maximum number of {kind} allowed ({limits[kind]}) exceeded "
                f"for quota '{kind}'.",
                headers={"Retry-After": "0"},
            )
        if 0 <= limits[sizes] < usage[sizes] + size:
            raise OverLimit(
                f"VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed {sizes} quota. "
                f"Requested {size}G, quota is {limits[sizes]}G and {usage[sizes]}G has been consumed.",
                headers={"Retry-After": "0"},
            )


def _size(documents: list[Document]) -> int:
    return sum(document["size"] for document in documents)
