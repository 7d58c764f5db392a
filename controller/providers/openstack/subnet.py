"""openstack:networking/subnet:Subnet. Source: Networking API v2.0, "Subnets"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_network

from controller.engine.properties import PropertyMap, PropertyValue, revealed
from controller.engine.provider import Change, Diff, Failure, Fields, Page, Scope
from controller.providers.fields import Field
from controller.providers.openstack.budget import Priority
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.forms import address, each, objects, prefix
from controller.providers.openstack.network import Network
from controller.providers.openstack.networking import DESCRIPTION, NAME, TAGS, TENANT_ID, NetworkingKind


class Subnet(NetworkingKind):
    token = "openstack:networking/subnet:Subnet"  # noqa: S105
    path, key, plural = "/subnets", "subnet", "subnets"
    fields = (
        Field("networkId", required=True, replaces=True),
        Field("cidr", required=True, replaces=True, normal=prefix),
        Field("ipVersion", type=int, default=4, replaces=True),
        NAME,
        DESCRIPTION,
        Field("gatewayIp", normal=address),
        Field("noGateway", type=bool, patched=False),
        Field("enableDhcp", type=bool, default=True),
        Field("dnsNameservers", type=list, default=[], normal=each(address)),
        Field(
            "allocationPools",
            type=list,
            members={"start": "start", "end": "end"},
            normal=objects(start=address, end=address),
        ),
        TAGS,
    )
    shows = (
        TENANT_ID,
        Field("dnsPublishFixedIp", type=bool),
        Field("ipv6AddressMode"),
        Field("ipv6RaMode"),
        Field("segmentId"),
        Field("serviceTypes", type=list),
        Field("subnetpoolId", "subnetpool_id"),
    )

    def contradictions(self, inputs: PropertyMap) -> Sequence[Failure]:
        if inputs.get("noGateway") and inputs.get("gatewayIp"):
            return (Failure("gatewayIp", "contradicts noGateway"),)
        return ()

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        """Ranges that overlap cannot stand beside each other in a network; others can, and ports move over."""
        found = super().diff(prior, observed, inputs)
        was = observed.get("cidr", prior.get("cidr"))
        return replace(found, delete_before_replace=_overlap(was, inputs.get("cidr")))

    def body_of(self, plain: PropertyMap) -> Body:
        body = super().body_of(plain)
        return {**body, "gateway_ip": None} if body.pop("no_gateway", False) else body

    def patch_of(self, plain: PropertyMap, changes: Mapping[str, Change]) -> Body:
        patch = super().patch_of(plain, changes)
        return {**patch, "gateway_ip": None} if "noGateway" in changes and plain.get("noGateway") else patch

    def fields_of(self, body: Body) -> dict[str, object]:
        seen = super().fields_of(body)
        return {**seen, "noGateway": body["gateway_ip"] is None} if "gateway_ip" in body else seen

    def desired(self, inputs: PropertyMap) -> Fields:
        wanted = dict(super().desired(inputs))
        if wanted.get("noGateway") is False:
            del wanted["noGateway"]
        return wanted

    def narrowing(self, plain: PropertyMap) -> dict[str, str]:
        return {"network_id": plain["networkId"]}

    def owner_of(self, body: Body) -> str:
        return str(body.get("network_id") or "")

    def list(self, cloud: Cloud, scope: Scope) -> Iterator[Page]:
        """Subnets of networks that are the operator's are so too, which only the networks tell."""
        queries = ({"router:external": "true"}, {"shared": "true"})
        theirs = {body["id"] for query in queries for body in Network().bodies(cloud, query, Priority.DRIFT)}
        for page in super().list(cloud, scope):
            items = [replace(item, by_cloud=True) if item.owner in theirs else item for item in page.items]
            yield Page(items, page.last)


def _overlap(old: PropertyValue, new: PropertyValue) -> bool:
    """Whether two ranges have addresses in common, for all that is known."""
    try:
        return ip_network(str(revealed(old)), strict=False).overlaps(ip_network(str(revealed(new)), strict=False))
    except ValueError:
        return True
