"""Nova at boot: flavors, hosts in their zones, services, default quotas; and the makers of the bulk seed."""

import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.cloud.compute.flavors import new_flavor
from sandbox.cloud.compute.groups import new_group
from sandbox.cloud.compute.keypairs import new_keypair
from sandbox.cloud.compute.state import ComputeState
from sandbox.cloud.store import Document
from sandbox.cloud.world import World

BULK_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5vdEFSZWFsS2V5TWFkZUZvckJ1bGtTZWVkaW5nMDAw bulk"


def seed(world: World, seed_file: Mapping[str, Any]) -> None:
    """Fill an empty nova."""
    state = world[ComputeState]
    for fields in seed_file["flavors"]:
        new_flavor(state, fields)
    grid = seed_file["flavor_grid"]
    for vcpus in grid["vcpus"]:
        for gib in (vcpus * ratio for ratio in grid["gib_per_vcpu"]):
            name = f"yg.c{vcpus}m{gib}"
            new_flavor(state, {"id": name, "name": name, "vcpus": vcpus, "ram": gib * 1024, "disk": 0})
    state.quota_defaults = seed_file["compute_quotas"]
    for zone in seed_file["availability_zones"]:
        for number in range(1, seed_file["hosts_per_zone"] + 1):
            name = f"compute-{zone.removeprefix('az-')}-{number}"
            state.hosts.append({"id": str(uuid.uuid4()), "name": name, "zone": zone})
    _service(state, "nova-scheduler", "controller", "internal")
    _service(state, "nova-conductor", "controller", "internal")
    for host in state.hosts:
        _service(state, "nova-compute", host["name"], host["zone"])


def _service(state: ComputeState, binary: str, host: str, zone: str) -> None:
    state.services.add(
        {
            "id": str(uuid.uuid4()),
            "number": len(state.services) + 1,
            "binary": binary,
            "host": host,
            "zone": zone,
            "status": "enabled",
            "state": "up",
            "disabled_reason": None,
            "forced_down": False,
        }
    )


def make_keypair(world: World, project_id: str, fields: dict[str, Any]) -> Document:
    """A keypair of a bulk seed, of a user who is named like the project."""
    return new_keypair(world[ComputeState], fields.get("user_id", project_id), fields["name"], BULK_KEY)


def make_server_group(world: World, project_id: str, fields: dict[str, Any]) -> Document:
    """An anti-affinity group of a bulk seed."""
    kept = {"policy": "anti-affinity", "rules": {}, "user_id": "", **fields, "project_id": project_id}
    return new_group(world[ComputeState], kept)
