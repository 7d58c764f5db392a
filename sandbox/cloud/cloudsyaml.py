"""The clouds.yaml that lets clients in: a member of each of two projects, an administrator, a system administrator."""

from pathlib import Path
from typing import Any

import yaml

from sandbox.cloud.files import write_private
from sandbox.cloud.identity.state import IdentityState
from sandbox.cloud.world import REGION, World

CLOUDS = {
    "sandbox": ("demo", {"project_name": "demo", "project_domain_id": "default"}),
    "sandbox-alt": ("alt_demo", {"project_name": "alt_demo", "project_domain_id": "default"}),
    "sandbox-admin": ("admin", {"project_name": "admin", "project_domain_id": "default"}),
    "sandbox-system-admin": ("admin", {"system_scope": "all"}),
    # openstacksdk's inventory tests ask for this one by name
    "devstack-admin": ("admin", {"project_name": "admin", "project_domain_id": "default"}),
}

NETWORKS = [
    {"name": "private", "default_interface": True},
    {"name": "public", "routes_externally": True, "nat_source": True},
]
"""Which network a client's server goes on when it names none, and where its floating address comes from."""


def write(world: World, path: Path) -> None:
    """Write the file, readable by its owner only, for it holds the passwords of this boot."""
    state = world[IdentityState]
    clouds: dict[str, Any] = {}
    for name, (user_name, scope) in CLOUDS.items():
        user = next(one for one in state.users if one["name"] == user_name)
        clouds[name] = {
            "auth": {
                "auth_url": f"{world.url}/identity",
                "username": user_name,
                "password": state.passwords[user["id"]],
                "user_domain_id": "default",
                **scope,
            },
            "region_name": REGION,
            "identity_api_version": "3",
            "volume_api_version": "3",
            "networks": NETWORKS,
        }
    write_private(path, yaml.safe_dump({"clouds": clouds}, sort_keys=False, default_flow_style=False))
