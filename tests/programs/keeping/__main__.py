"""One network is protected while the configuration says so, one stays in the cloud, one is taken over by its id."""

from __future__ import annotations

import pulumi
from pulumi_openstack import networking

config = pulumi.Config()
networking.Network("kept", name="kept", opts=pulumi.ResourceOptions(retain_on_delete=True))
if not config.get_bool("without"):
    networking.Network("guarded", name="guarded", opts=pulumi.ResourceOptions(protect=config.require_bool("protect")))
found = config.get("found")
if found:
    networking.Network("found", name="found", opts=pulumi.ResourceOptions(import_=found))
