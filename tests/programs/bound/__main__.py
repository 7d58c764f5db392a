"""A group that comes anew with each `round`; a rule goes with it, not before it; a network is renewed along with it.

The group's description is not shown where it changes; a volume, where `volume` is set, has a second to come into being.
"""

from __future__ import annotations

import pulumi
from pulumi_openstack import blockstorage, networking

config = pulumi.Config()
group = networking.SecGroup(
    "group",
    name="bound-group",
    description=config.get("description") or "",
    opts=pulumi.ResourceOptions(replacement_trigger=config.require("round"), hide_diffs=["description"]),
)
networking.SecGroupRule(
    "rule",
    security_group_id=group.id,
    direction="ingress",
    ethertype="IPv4",
    opts=pulumi.ResourceOptions(deleted_with=group, delete_before_replace=False),
)
network = networking.Network("net", name="bound-net", opts=pulumi.ResourceOptions(replace_with=[group]))
if config.get_bool("volume"):
    blockstorage.Volume(
        "volume",
        name="bound-volume",
        size=1,
        opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="1s")),
    )
pulumi.export("made", [group.id, network.id])
