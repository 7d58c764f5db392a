"""A subnet whose range cannot change, a port in it, and a key pair whose name stands for itself."""

from __future__ import annotations

import pulumi
from pulumi_openstack import compute, networking

config = pulumi.Config()
network = networking.Network("net", name="net")
subnet = networking.Subnet("subnet", name="subnet", network_id=network.id, cidr=config.require("cidr"))
port = networking.Port(
    "port",
    name="port",
    network_id=network.id,
    fixed_ips=[{"subnet_id": subnet.id}],
    opts=pulumi.ResourceOptions(replace_on_changes=["fixedIps"]),
)
compute.Keypair("key", name="program-key", public_key=config.require("key"))
pulumi.export("subnet", subnet.id)
pulumi.export("port", port.id)
