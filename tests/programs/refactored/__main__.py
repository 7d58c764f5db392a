"""Once two resources at the top and a component; then all of it below another component, with other names and types."""

from __future__ import annotations

import pulumi
from pulumi import Alias, ResourceOptions
from pulumi_openstack import networking


class Segment(pulumi.ComponentResource):
    def __init__(self, kind: str, name: str, opts: ResourceOptions | None = None) -> None:
        super().__init__(f"tests:programs:{kind}", name, {}, opts)
        below = ResourceOptions(parent=self)
        self.network = networking.Network(f"{name}-net", name="segment", opts=below)
        networking.Subnet(f"{name}-sub", name="segment", network_id=self.network.id, cidr="10.8.0.0/24", opts=below)


if pulumi.Config().get_bool("after"):
    site = pulumi.ComponentResource("tests:programs:Site", "site")
    group = networking.SecGroup(
        "gate", name="g", opts=ResourceOptions(parent=site, aliases=[Alias(name="group", parent=None)])
    )
    Segment(
        "Segment",
        "inner",
        ResourceOptions(parent=site, aliases=[Alias(name="part", type_="tests:programs:Part", parent=None)]),
    )
else:
    group = networking.SecGroup("group", name="g")
    Segment("Part", "part")
pulumi.export("group", group.id)
