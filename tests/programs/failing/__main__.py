"""Registers a network, then divides by what it is told."""

from __future__ import annotations

import pulumi
from pulumi_openstack import networking

networking.Network("net", name="net")
pulumi.export("share", 100 // pulumi.Config().require_int("parts"))
