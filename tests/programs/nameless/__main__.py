"""A network, a security group and a keypair, none of which is told its name."""

from __future__ import annotations

import pulumi
from pulumi_openstack import compute, networking

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOne"

config = pulumi.Config()
site = networking.Network("site")
gate = networking.SecGroup("gate", description=config.get("description") or "first")
key = compute.Keypair("key", public_key=config.get("key") or KEY)
pulumi.export("names", [site.name, gate.name, key.name])
