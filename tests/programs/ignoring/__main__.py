"""The description is somebody else's after the first time; the name is ours."""

from __future__ import annotations

import pulumi
from pulumi_openstack import networking

config = pulumi.Config()
networking.SecGroup(
    "group",
    name=config.require("name"),
    description=config.require("description"),
    opts=pulumi.ResourceOptions(ignore_changes=["description"]),
)
