"""openstack:networking/port:Port. Source: Networking API v2.0, "Ports"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controller.engine.properties import UNKNOWN, PropertyMap, holds_unknown
from controller.engine.provider import Change, Failure, Fields
from controller.providers.fields import Field, to_api, unordered
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import address, address_or_prefix, mac, objects
from controller.providers.openstack.networking import ADMIN_STATE_UP, DESCRIPTION, NAME, TAGS, TENANT_ID, NetworkingKind

FIXED_IPS, FIXED_SUBNETS = "fixedIps", "fixedIps[*].subnetId"
"""Where the program leaves the address to the cloud, only the subnets are managed."""


class Port(NetworkingKind):
    token = "openstack:networking/port:Port"  # noqa: S105
    path, key, plural = "/ports", "port", "ports"
    delete_before_replace = True  # its address is taken as long as it stands
    keeps = frozenset({FIXED_IPS})  # a subnet with addresses in use does not go
    fields = (
        Field("networkId", required=True, replaces=True),
        NAME,
        DESCRIPTION,
        ADMIN_STATE_UP,
        Field(
            FIXED_IPS,
            type=list,
            members={"subnetId": "subnet_id", "ipAddress": "ip_address"},
            normal=objects(ipAddress=address),
        ),
        Field("noFixedIp", type=bool, observed=False, patched=False),
        Field("securityGroupIds", "security_groups", type=list, normal=unordered),
        Field("noSecurityGroups", type=bool, observed=False, patched=False),
        Field("portSecurityEnabled", type=bool),
        Field(
            "allowedAddressPairs",
            type=list,
            default=[],
            members={"ipAddress": "ip_address", "macAddress": "mac_address"},
            normal=objects(ipAddress=address_or_prefix, macAddress=mac),
        ),
        Field("macAddress", replaces=True, normal=mac),
        TAGS,
    )
    shows = (
        TENANT_ID,
        Field("deviceId"),
        Field("deviceOwner"),
        Field("dnsName"),
        Field("dnsAssignments", "dns_assignment", type=list),
        Field("qosPolicyId"),
    )

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        pairs = (("noFixedIp", FIXED_IPS), ("noSecurityGroups", "securityGroupIds"))
        return [Failure(no, f"contradicts {some}") for no, some in pairs if inputs.get(no) and inputs.get(some)]

    def body_of(self, plain: PropertyMap) -> Body:
        body = to_api(self.fields, plain)
        if body.pop("no_fixed_ip", False):
            body["fixed_ips"] = []
        if body.pop("no_security_groups", False):
            body["security_groups"] = []
        return body

    def finish(self, cloud: Cloud, body: Body, plain: PropertyMap) -> Body:
        """The create call took the tags."""
        return body

    def patch_of(self, plain: PropertyMap, changes: Mapping[str, Change]) -> Body:
        if FIXED_SUBNETS in changes:
            changes = {**changes, FIXED_IPS: changes[FIXED_SUBNETS]}
        patch = super().patch_of(plain, changes)
        if "noFixedIp" in changes and plain.get("noFixedIp"):
            patch["fixed_ips"] = []
        if "noSecurityGroups" in changes and plain.get("noSecurityGroups"):
            patch["security_groups"] = []
        return patch

    def desired(self, inputs: PropertyMap) -> Fields:
        wanted = dict(super().desired(inputs))
        addresses = wanted.get(FIXED_IPS)
        if addresses is UNKNOWN or addresses is None:
            return wanted
        if not all("ipAddress" in address for address in addresses):
            del wanted[FIXED_IPS]
            subnets = [address.get("subnetId") for address in addresses]
            wanted[FIXED_SUBNETS] = subnets if holds_unknown(subnets) else unordered(subnets)
        return wanted

    def fields_of(self, body: Body) -> dict[str, Any]:
        seen = super().fields_of(_without_own_address(body))
        if FIXED_IPS in seen:
            seen[FIXED_SUBNETS] = unordered([address["subnetId"] for address in seen[FIXED_IPS]])
        return seen

    def outputs_of(self, body: Body) -> dict[str, Any]:
        return {
            **super().outputs_of(body),
            "allFixedIps": [address["ip_address"] for address in body.get("fixed_ips") or ()],
            "allSecurityGroupIds": sorted(body.get("security_groups") or ()),
        }

    def narrowing(self, plain: PropertyMap) -> dict[str, str]:
        return {"network_id": plain["networkId"]}

    def owner_of(self, body: Body) -> str:
        """A port at a server is a part of it."""
        at_server = str(body.get("device_owner") or "").startswith("compute:")
        return str(body.get("device_id") or "") if at_server else ""

    def is_by_cloud(self, body: Body) -> bool:
        """Ports of routers, DHCP and load balancers."""
        return str(body.get("device_owner") or "").startswith(("network:", "Octavia"))


def _without_own_address(body: Body) -> Body:
    """`body` without the port's own MAC address in its address pairs: Neutron fills that in."""
    pairs, own = body.get("allowed_address_pairs"), body.get("mac_address")
    if not pairs:
        return body
    others = [{**pair, "mac_address": None} if pair.get("mac_address") == own else pair for pair in pairs]
    return {**body, "allowed_address_pairs": others}
