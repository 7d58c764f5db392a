"""Resources by a count and by a map; ports on each network, so that deletes must come in order."""

from __future__ import annotations

import pulumi
from pulumi_openstack import networking

config = pulumi.Config()
networks = {}
for number in range(config.require_int("networks")):
    name = f"net-{number}"
    network = networking.Network(name, name=name, tags=["counted", f"number={number}"])
    subnet = networking.Subnet(name, name=name, network_id=network.id, cidr=f"10.8.{number}.0/24")
    networks[name] = network.id
    for port in range(config.get_int("ports") or 0):
        networking.Port(
            f"{name}-port-{port}",
            name=f"{name}-port-{port}",
            network_id=network.id,
            fixed_ips=[{"subnet_id": subnet.id}],
            opts=pulumi.ResourceOptions(depends_on=[subnet]),
        )
pulumi.export("networks", networks)
