"""Cinder as a service of the cloud: its routes, its seed (volume types) and its bulk makers."""

from collections.abc import Mapping
from typing import Any

from sandbox.cloud.errors import nova_dialect
from sandbox.cloud.service import Service
from sandbox.cloud.volume import (  # noqa: F401  importing a module registers its routes
    actions,
    attachments,
    backups,
    facts,
    groups,
    metadata,
    quotas,
    snapshots,
    transfers,
    types,
    volumes,
)
from sandbox.cloud.volume.routes import routes
from sandbox.cloud.volume.state import VolumeState
from sandbox.cloud.world import World


def seed(world: World, document: Mapping[str, Any]) -> None:
    """The zones and volume types of seed.yaml; the type marked so is the default."""
    world[VolumeState].zones = list(document["availability_zones"])
    for each in document["volume_types"]:
        made = types.make_type(world, {"name": each["name"]})
        if each.get("default"):
            world[VolumeState].default_types[""] = made["id"]


def _bulk_volume(world: World, project_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    return volumes.make_volume(world, project_id, {"size": 1, **fields})


def _bulk_of_volume(make: Any) -> Any:
    """A maker of what belongs to a volume: of the project's first one where the caller names none."""

    def maker(world: World, project_id: str, fields: dict[str, Any]) -> dict[str, Any]:
        volume = world[VolumeState].volumes.first(project_id=project_id)
        made: dict[str, Any] = make(world, project_id, {"volume_id": volume and volume["id"], **fields})
        return made

    return maker


VOLUME_SERVICE = Service(
    name="volume",
    type="block-storage",
    prefix="volume",
    endpoint="volume/v3/$(project_id)s",
    routes=routes,
    dialect=nova_dialect,
    state=VolumeState,
    microversions=facts.VERSIONS,
    seed=seed,
    makers={
        "volume": _bulk_volume,
        "snapshot": _bulk_of_volume(snapshots.make_snapshot),
        "backup": _bulk_of_volume(backups.make_backup),
    },
)
