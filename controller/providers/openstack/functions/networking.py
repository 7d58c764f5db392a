"""openstack:networking/get…: networks, subnets, routers, ports, floating IPs, security groups.

Source: Networking API v2.0. What a description holds of ours (the identity) is taken out by the listing.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any, Final

from controller.engine.properties import PropertyMap, PropertyValue
from controller.engine.provider import Carrier
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.functions.function import Filter, Finder, IdFinder, equals, has_all, matches
from controller.providers.openstack.listing import Listing


def _listing(plural: str, path: str = "") -> Listing:
    return Listing("network", path or f"/{plural}", plural, carrier=Carrier.DESCRIPTION)


NETWORKS: Final = _listing("networks")
SUBNETS: Final = _listing("subnets")
ROUTERS: Final = _listing("routers")
PORTS: Final = _listing("ports")
FLOATING_IPS: Final = _listing("floatingips")
SECURITY_GROUPS: Final = _listing("security_groups", "/security-groups")

_COMMON: Final[dict[str, Filter]] = {
    "name": equals("name"),
    "description": equals("description"),
    "status": equals("status"),
    "tags": has_all("tags"),
    "tenantId": equals("tenant_id"),
}
_QUERIED: Final = {"name": "name", "tenantId": "tenant_id", "status": "status"}


def _common(body: Body) -> dict[str, Any]:
    return {
        "id": body["id"],
        "name": body["name"],
        "description": body.get("description") or "",
        "tenantId": body["tenant_id"],
        "allTags": sorted(body.get("tags") or ()),
    }


# Networks.


def _network(body: Body) -> dict[str, Any]:
    segments = body.get("segments") or [body]
    return {
        **_common(body),
        "networkId": body["id"],
        "status": body["status"],
        "adminStateUp": str(body["admin_state_up"]).lower(),
        "availabilityZoneHints": body.get("availability_zone_hints") or [],
        "dnsDomain": body.get("dns_domain") or "",
        "external": body.get("router:external", False),
        "mtu": body.get("mtu") or 0,
        "segments": [
            {
                "networkType": segment.get("provider:network_type") or "",
                "physicalNetwork": segment.get("provider:physical_network") or "",
                "segmentationId": segment.get("provider:segmentation_id") or 0,
            }
            for segment in segments
            if "provider:network_type" in segment
        ],
        "shared": str(body["shared"]).lower(),
        "subnets": sorted(body.get("subnets") or ()),
        "transparentVlan": bool(body.get("vlan_transparent", False)),
    }


class _NetworkFinder(Finder):
    """Networks are also told by the CIDR of a subnet, which only the subnets show."""

    def answer(self, cloud: Cloud, args: PropertyMap) -> dict[str, Any]:
        cidr = args.get("matchingSubnetCidr")
        if cidr is None:
            return super().answer(cloud, args)
        holding = {body["network_id"] for body in SUBNETS.all(cloud, {"cidr": cidr}) if body["cidr"] == cidr}
        return super().answer(cloud, {**args, "matchingSubnetCidr": holding})


GET_NETWORK: Final = _NetworkFinder(
    "openstack:networking/getNetwork:getNetwork",
    NETWORKS,
    {
        **_COMMON,
        "networkId": equals("id"),
        "external": equals("router:external"),
        "mtu": equals("mtu"),
        "transparentVlan": lambda body, value: bool(body.get("vlan_transparent", False)) is value,
        "matchingSubnetCidr": lambda body, holding: body["id"] in holding,
    },
    _network,
    queried={**_QUERIED, "networkId": "id", "external": "router:external"},
)


# Subnets.


def _is_cidr(body: Body, value: PropertyValue) -> bool:
    return ip_network(body["cidr"]) == ip_network(value, strict=False)


_SUBNET_FILTERS: Final[dict[str, Filter]] = {
    **{name: filter_ for name, filter_ in _COMMON.items() if name != "status"},
    "cidr": _is_cidr,
    "dhcpEnabled": equals("enable_dhcp"),
    "dnsPublishFixedIp": lambda body, value: bool(body.get("dns_publish_fixed_ip", False)) is value,
    "gatewayIp": equals("gateway_ip"),
    "ipVersion": equals("ip_version"),
    "ipv6AddressMode": equals("ipv6_address_mode"),
    "ipv6RaMode": equals("ipv6_ra_mode"),
    "networkId": equals("network_id"),
    "segmentId": equals("segment_id"),
    "subnetpoolId": equals("subnetpool_id"),
}
_SUBNET_QUERIED: Final = {"name": "name", "tenantId": "tenant_id", "networkId": "network_id"}


def _subnet(body: Body) -> dict[str, Any]:
    return {
        **_common(body),
        "subnetId": body["id"],
        "allocationPools": [{"start": one["start"], "end": one["end"]} for one in body.get("allocation_pools") or ()],
        "cidr": body["cidr"],
        "dnsNameservers": body.get("dns_nameservers") or [],
        "dnsPublishFixedIp": bool(body.get("dns_publish_fixed_ip", False)),
        "enableDhcp": body["enable_dhcp"],
        "gatewayIp": body.get("gateway_ip") or "",
        "hostRoutes": [
            {"destinationCidr": one["destination"], "nextHop": one["nexthop"]} for one in body.get("host_routes") or ()
        ],
        "ipVersion": body["ip_version"],
        "ipv6AddressMode": body.get("ipv6_address_mode") or "",
        "ipv6RaMode": body.get("ipv6_ra_mode") or "",
        "networkId": body["network_id"],
        "segmentId": body.get("segment_id") or "",
        "serviceTypes": body.get("service_types") or [],
        "subnetpoolId": body.get("subnetpool_id") or "",
    }


def _sorted_subnets(bodies: Sequence[Body], args: PropertyMap) -> Sequence[Body]:
    key = str(args.get("sortKey", "id"))
    ordered = sorted(bodies, key=lambda body: str(body["id"]))
    ordered.sort(key=lambda body: str(body.get(key) or ""), reverse=args.get("sortDirection") == "desc")
    return ordered


GET_SUBNET: Final = Finder(
    "openstack:networking/getSubnet:getSubnet",
    SUBNETS,
    {**_SUBNET_FILTERS, "subnetId": equals("id")},
    _subnet,
    queried={**_SUBNET_QUERIED, "subnetId": "id"},
)
GET_SUBNET_IDS: Final = IdFinder(
    "openstack:networking/getSubnetIdsV2:getSubnetIdsV2",
    SUBNETS,
    {**_SUBNET_FILTERS, "nameRegex": matches("name")},
    queried=_SUBNET_QUERIED,
    arrange=_sorted_subnets,
    arranging=frozenset({"sortKey", "sortDirection"}),
    silent={"ipv6RaMode": ""},
)


# Routers.


def _snat(body: Body) -> bool:
    return bool((body.get("external_gateway_info") or {}).get("enable_snat", False))


def _router(body: Body) -> dict[str, Any]:
    gateway = body.get("external_gateway_info") or {}
    return {
        **_common(body),
        "routerId": body["id"],
        "status": body["status"],
        "adminStateUp": body["admin_state_up"],
        "availabilityZoneHints": body.get("availability_zone_hints") or [],
        "distributed": bool(body.get("distributed", False)),
        "enableSnat": _snat(body),
        "externalFixedIps": [
            {"ipAddress": one["ip_address"], "subnetId": one["subnet_id"]}
            for one in gateway.get("external_fixed_ips") or ()
        ],
        "externalNetworkId": gateway.get("network_id") or "",
        "externalQosPolicyId": gateway.get("qos_policy_id") or "",
        "routes": [
            {"destinationCidr": one["destination"], "nextHop": one["nexthop"]} for one in body.get("routes") or ()
        ],
    }


GET_ROUTER: Final = Finder(
    "openstack:networking/getRouter:getRouter",
    ROUTERS,
    {
        **_COMMON,
        "routerId": equals("id"),
        "adminStateUp": equals("admin_state_up"),
        "distributed": lambda body, value: bool(body.get("distributed", False)) is value,
        "enableSnat": lambda body, value: _snat(body) is value,
    },
    _router,
    queried={**_QUERIED, "routerId": "id"},
)


# Ports.


def _addresses(body: Body) -> list[str]:
    return [str(one["ip_address"]) for one in body.get("fixed_ips") or ()]


def _bindings(body: Body) -> list[dict[str, Any]]:
    """What the API shows of the binding, which is for administrators in most clouds."""
    if "binding:vnic_type" not in body:
        return []
    return [
        {
            "hostId": body.get("binding:host_id") or "",
            "profile": str(body.get("binding:profile") or {}),
            "vifDetails": {name: str(value) for name, value in (body.get("binding:vif_details") or {}).items()},
            "vifType": body.get("binding:vif_type") or "",
            "vnicType": body["binding:vnic_type"],
        }
    ]


def _port(body: Body) -> dict[str, Any]:
    return {
        **_common(body),
        "portId": body["id"],
        "projectId": body["tenant_id"],
        "status": body["status"],
        "adminStateUp": body["admin_state_up"],
        "allFixedIps": _addresses(body),
        "allSecurityGroupIds": sorted(body.get("security_groups") or ()),
        "allowedAddressPairs": [
            {"ipAddress": one["ip_address"], "macAddress": one.get("mac_address") or ""}
            for one in body.get("allowed_address_pairs") or ()
        ],
        "bindings": _bindings(body),
        "deviceId": body.get("device_id") or "",
        "deviceOwner": body.get("device_owner") or "",
        "dnsAssignments": body.get("dns_assignment") or [],
        "dnsName": body.get("dns_name") or "",
        "extraDhcpOptions": [
            {"name": one["opt_name"], "value": one["opt_value"], "ipVersion": one.get("ip_version", 4)}
            for one in body.get("extra_dhcp_opts") or ()
        ],
        "macAddress": body["mac_address"],
        "networkId": body["network_id"],
    }


GET_PORT: Final = Finder(
    "openstack:networking/getPort:getPort",
    PORTS,
    {
        **_COMMON,
        "portId": equals("id"),
        "adminStateUp": equals("admin_state_up"),
        "deviceId": equals("device_id"),
        "deviceOwner": equals("device_owner"),
        "dnsName": equals("dns_name"),
        "fixedIp": lambda body, value: value in _addresses(body),
        "macAddress": lambda body, value: str(body["mac_address"]).lower() == value.lower(),
        "networkId": equals("network_id"),
        "projectId": equals("tenant_id"),
        "securityGroupIds": has_all("security_groups"),
    },
    _port,
    queried={**_QUERIED, "portId": "id", "networkId": "network_id", "deviceId": "device_id"},
)


# Floating IPs and security groups.


def _floating_ip(body: Body) -> dict[str, Any]:
    common = _common({**body, "name": ""})
    common.pop("name")
    return {
        **common,
        "address": body["floating_ip_address"],
        "dnsDomain": body.get("dns_domain") or "",
        "dnsName": body.get("dns_name") or "",
        "fixedIp": body.get("fixed_ip_address") or "",
        "pool": body["floating_network_id"],
        "portId": body.get("port_id") or "",
        "status": body["status"],
    }


class _FloatingIpFinder(Finder):
    """A pool is an external network, by its name or id; the answer gives it as it was asked for."""

    def answer(self, cloud: Cloud, args: PropertyMap) -> dict[str, Any]:
        if "pool" not in args:
            return super().answer(cloud, args)
        named = {body["id"] for body in NETWORKS.all(cloud, {"name": args["pool"]}) if body["name"] == args["pool"]}
        return {**super().answer(cloud, {**args, "pool": named | {args["pool"]}}), "pool": args["pool"]}


GET_FLOATING_IP: Final = _FloatingIpFinder(
    "openstack:networking/getFloatingIp:getFloatingIp",
    FLOATING_IPS,
    {
        **{name: filter_ for name, filter_ in _COMMON.items() if name != "name"},
        "address": equals("floating_ip_address"),
        "fixedIp": equals("fixed_ip_address"),
        "pool": lambda body, pools: body["floating_network_id"] in pools,
        "portId": equals("port_id"),
    },
    _floating_ip,
    queried={"address": "floating_ip_address", "tenantId": "tenant_id"},
)


def _security_group(body: Body) -> dict[str, Any]:
    return {**_common(body), "secgroupId": body["id"], "stateful": body.get("stateful", True)}


GET_SECURITY_GROUP: Final = Finder(
    "openstack:networking/getSecGroup:getSecGroup",
    SECURITY_GROUPS,
    {
        **{name: filter_ for name, filter_ in _COMMON.items() if name != "status"},
        "secgroupId": equals("id"),
        "stateful": lambda body, value: body.get("stateful", True) is value,
    },
    _security_group,
    queried={"name": "name", "tenantId": "tenant_id", "secgroupId": "id"},
)
