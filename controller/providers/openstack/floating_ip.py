"""openstack:networking/floatingIp:FloatingIp. Source: Networking API v2.0, "Floating IPs".

Where it leads to is not among its inputs: that is `FloatingIpAssociate`, the one way to do it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.engine.properties import PropertyMap, revealed
from controller.engine.provider import Observation, Rejected
from controller.providers.fields import Field
from controller.providers.openstack.budget import Priority
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import address
from controller.providers.openstack.network import Network
from controller.providers.openstack.networking import DESCRIPTION, TAGS, TENANT_ID, NetworkingKind


class FloatingIp(NetworkingKind):
    token = "openstack:networking/floatingIp:FloatingIp"  # noqa: S105
    path, key, plural = "/floatingips", "floatingip", "floatingips"
    fields = (
        # By name or id, as Pulumi's users write it; the cloud shows the id only.
        Field("pool", "floating_network_id", required=True, replaces=True, observed=False),
        Field("address", "floating_ip_address", replaces=True, normal=address),
        Field("subnetId", "subnet_id", replaces=True, observed=False),
        DESCRIPTION,
        TAGS,
    )
    shows = (
        TENANT_ID,
        Field("dnsDomain"),
        Field("dnsName"),
        Field("fixedIp", "fixed_ip_address"),
        Field("portId"),
    )

    def create(self, cloud: Cloud, inputs: PropertyMap, identity: str) -> Observation:
        """The external network is looked up before the create call."""
        network_id = _network_id(cloud, revealed(inputs)["pool"])
        made = super().create(cloud, {**inputs, "pool": network_id}, identity)
        return replace(made, outputs={**made.outputs, "pool": inputs["pool"]})

    def outputs_of(self, body: Body) -> dict[str, Any]:
        return {**super().outputs_of(body), "address": body.get("floating_ip_address")}


def _network_id(cloud: Cloud, pool: str) -> str:
    for criterion in ("id", "name"):
        query = {criterion: pool, "router:external": "true"}
        found = next(Network().bodies(cloud, query, Priority.APPLY), None)
        if found is not None:
            return str(found["id"])
    raise Rejected(f"there is no external network {pool!r}", status=404, where=cloud.name)
