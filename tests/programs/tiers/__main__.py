"""A site of tiers: a component in a component, networks at the bottom, outputs handed up."""

from __future__ import annotations

import pulumi
from pulumi_openstack import networking


class Tier(pulumi.ComponentResource):
    """A network with a subnet, and a security group that lets the tier above in."""

    def __init__(self, name: str, number: int, above: networking.SecGroup | None, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tests:programs:Tier", name, None, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.network = networking.Network(name, name=name, admin_state_up=True, opts=own)
        self.subnet = networking.Subnet(
            name, name=name, network_id=self.network.id, cidr=f"10.9.{number}.0/24", opts=own
        )
        self.group = networking.SecGroup(name, name=name, delete_default_rules=True, opts=own)
        if above is not None:
            networking.SecGroupRule(
                name,
                direction="ingress",
                ethertype="IPv4",
                protocol="tcp",
                port_range_min=443,
                port_range_max=443,
                remote_group_id=above.id,
                security_group_id=self.group.id,
                opts=own,
            )
        self.register_outputs({"cidr": self.subnet.cidr})


class Site(pulumi.ComponentResource):
    """Tiers, each open to the one before it."""

    def __init__(self, name: str, tiers: list[str]) -> None:
        super().__init__("tests:programs:Site", name)
        self.tiers: list[Tier] = []
        for number, tier in enumerate(tiers):
            above = self.tiers[-1].group if self.tiers else None
            self.tiers.append(Tier(f"{name}-{tier}", number, above, pulumi.ResourceOptions(parent=self)))
        self.register_outputs({"tiers": len(tiers)})


site = Site("shop", pulumi.Config().require_object("tiers"))
pulumi.export("cidrs", [tier.subnet.cidr for tier in site.tiers])
