"""openstack:networking/network:Network. Source: Networking API v2.0, "Networks"."""

from __future__ import annotations

from controller.providers.fields import Field, unordered
from controller.providers.openstack.connection import Body
from controller.providers.openstack.networking import ADMIN_STATE_UP, DESCRIPTION, NAME, TAGS, TENANT_ID, NetworkingKind


class Network(NetworkingKind):
    token = "openstack:networking/network:Network"  # noqa: S105
    path, key, plural = "/networks", "network", "networks"
    fields = (
        NAME,
        DESCRIPTION,
        ADMIN_STATE_UP,
        Field("shared", type=bool, default=False),
        Field("external", "router:external", type=bool, default=False),
        Field("mtu", type=int),
        Field("portSecurityEnabled", type=bool),
        Field("availabilityZoneHints", type=list, replaces=True, normal=unordered),
        TAGS,
    )
    shows = (
        TENANT_ID,
        Field("dnsDomain"),
        Field("qosPolicyId"),
        Field("transparentVlan", "vlan_transparent", type=bool),
    )

    def is_by_cloud(self, body: Body) -> bool:
        """External and shared networks are the operator's."""
        return bool(body.get("router:external") or body.get("shared"))
