"""openstack:compute/get…: flavors, keypairs, servers, availability zones. Source: Compute API v2.1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from controller.engine.properties import PropertyMap
from controller.engine.provider import Carrier, Incomplete, NoAnswer
from controller.providers.openstack import identity as carriers
from controller.providers.openstack.connection import Body, Cloud
from controller.providers.openstack.functions.function import Finder, at_least, equals, hash_of
from controller.providers.openstack.functions.images import IMAGES
from controller.providers.openstack.functions.networking import NETWORKS, PORTS
from controller.providers.openstack.listing import Listing
from controller.providers.openstack.path import path_to

FLAVORS: Final = Listing("compute", "/flavors/detail", "flavors", microversion="2.61")
"""From 2.61 on a flavor shows its extra specs."""

_POWER: Final = {0: "unknown", 1: "active", 3: "paused", 4: "shutoff", 6: "crashed", 7: "suspended"}
_SERVER_VERSION: Final = "2.47"
"""From it on a server shows its flavor's name; the id has to be looked up by that."""


# Flavors.


def _flavor(body: Body) -> dict[str, Any]:
    return {
        "id": body["id"],
        "flavorId": body["id"],
        "name": body["name"],
        "description": body.get("description") or "",
        "disk": body["disk"],
        "extraSpecs": body.get("extra_specs") or {},
        "isPublic": body.get("os-flavor-access:is_public", True),
        "ram": body["ram"],
        "rxTxFactor": body.get("rxtx_factor", 1.0),
        "swap": body.get("swap") or 0,
        "vcpus": body["vcpus"],
    }


GET_FLAVOR: Final = Finder(
    "openstack:compute/getFlavor:getFlavor",
    FLAVORS,
    {
        "flavorId": equals("id"),
        "name": equals("name"),
        "description": equals("description"),
        "disk": equals("disk"),
        "minDisk": at_least("disk"),
        "minRam": at_least("ram"),
        "ram": equals("ram"),
        "rxTxFactor": equals("rxtx_factor"),
        "swap": lambda body, value: (body.get("swap") or 0) == value,
        "vcpus": equals("vcpus"),
        "isPublic": equals("os-flavor-access:is_public"),
    },
    _flavor,
)


# Keypairs, by name.


@dataclass(frozen=True)
class _Keypair:
    token: str = "openstack:compute/getKeypair:getKeypair"  # noqa: S105
    arguments: frozenset[str] = frozenset({"name", "userId"})

    def answer(self, cloud: Cloud, args: PropertyMap) -> dict[str, Any]:
        query = {"user_id": args["userId"]} if "userId" in args else {}
        found = cloud.get("compute", path_to("/os-keypairs", args["name"]), query=query, microversion="2.10")
        if found is None:
            raise NoAnswer(f"there is no keypair {args['name']}", where=self.token)
        body = found["keypair"]
        return {
            "id": body["name"],
            "name": body["name"],
            "fingerprint": body["fingerprint"],
            "publicKey": body["public_key"],
            "userId": body["user_id"],
        }


# Servers, by id.


@dataclass(frozen=True)
class _Instance:
    token: str = "openstack:compute/getInstanceV2:getInstanceV2"  # noqa: S105
    arguments: frozenset[str] = frozenset({"id"})

    def answer(self, cloud: Cloud, args: PropertyMap) -> dict[str, Any]:
        found = cloud.get("compute", path_to("/servers", args["id"]), microversion=_SERVER_VERSION)
        if found is None:
            raise NoAnswer(f"there is no server {args['id']}", where=self.token)
        body = carriers.unsigned(Carrier.METADATA, found["server"])[0]
        image_id = (body.get("image") or {}).get("id", "")
        flavor = body["flavor"]["original_name"]
        return {
            "id": body["id"],
            "name": body["name"],
            "accessIpV4": body.get("accessIPv4") or "",
            "accessIpV6": body.get("accessIPv6") or "",
            "availabilityZone": body["OS-EXT-AZ:availability_zone"],
            "created": body["created"],
            "flavorId": _id_of(FLAVORS, cloud, flavor),
            "flavorName": flavor,
            "imageId": image_id,
            "imageName": _name_of_image(cloud, image_id),
            "keyPair": body.get("key_name") or "",
            "metadata": body.get("metadata") or {},
            "networks": _networks(cloud, body),
            "powerState": _POWER.get(body.get("OS-EXT-STS:power_state", 0), "unknown"),
            "securityGroups": sorted({group["name"] for group in body.get("security_groups") or ()}),
            "tags": body.get("tags") or [],
            "updated": body["updated"],
            "userData": body.get("OS-EXT-SRV-ATTR:user_data") or "",
        }


def _id_of(listing: Listing, cloud: Cloud, name: str) -> str:
    """The id of what is called so, "" where it is gone: a server outlives its flavor."""
    return next((str(body["id"]) for body in listing.all(cloud, {}) if body["name"] == name), "")


def _name_of_image(cloud: Cloud, id: str) -> str:
    body = cloud.get(IMAGES.service, path_to(IMAGES.path, id)) if id else None
    return str((body or {}).get("name") or "")


def _networks(cloud: Cloud, server: Body) -> list[dict[str, Any]]:
    """Its ports in the order of their ids, with the names of their networks."""
    ports = sorted(PORTS.all(cloud, {"device_id": server["id"]}), key=lambda port: str(port["id"]))
    networks = {body["id"]: body["name"] for body in NETWORKS.all(cloud, {})} if ports else {}
    return [
        {
            "port": port["id"],
            "uuid": port["network_id"],
            "name": networks.get(port["network_id"], ""),
            "mac": port["mac_address"],
            "fixedIpV4": next((ip for ip in _addresses(port) if ":" not in ip), ""),
            "fixedIpV6": next((ip for ip in _addresses(port) if ":" in ip), ""),
        }
        for port in ports
    ]


def _addresses(port: Body) -> list[str]:
    return [str(one["ip_address"]) for one in port.get("fixed_ips") or ()]


# Availability zones.


@dataclass(frozen=True)
class _Zones:
    token: str = "openstack:compute/getAvailabilityZones:getAvailabilityZones"  # noqa: S105
    arguments: frozenset[str] = frozenset({"state"})

    def answer(self, cloud: Cloud, args: PropertyMap) -> dict[str, Any]:
        state = str(args.get("state", "available"))
        found = cloud.get("compute", "/os-availability-zone")
        if found is None:
            raise Incomplete("the list of availability zones could not be read", where=cloud.name)
        names = sorted(
            zone["zoneName"]
            for zone in found["availabilityZoneInfo"]
            if zone["zoneState"]["available"] is (state == "available")
        )
        return {"id": hash_of(names), "names": names, "state": state}


GET_KEYPAIR: Final = _Keypair()
GET_INSTANCE: Final = _Instance()
GET_AVAILABILITY_ZONES: Final = _Zones()
