"""openstack:images/getImage and getImageIds. Source: Image API v2, "Images"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from controller.engine.properties import PropertyMap, PropertyValue
from controller.providers.openstack.connection import Body
from controller.providers.openstack.functions.function import (
    Filter,
    Finder,
    IdFinder,
    at_least,
    equals,
    has_all,
    matches,
)
from controller.providers.openstack.listing import Listing

IMAGES: Final = Listing("image", "/images", "images")

_OF_ITS_OWN: Final = frozenset(
    {"id", "name", "status", "visibility", "owner", "protected", "checksum", "size", "virtual_size", "container_format"}
    | {"disk_format", "min_disk", "min_ram", "created_at", "updated_at", "file", "schema", "self", "tags", "locations"}
    | {"os_hidden", "os_hash_algo", "os_hash_value", "direct_url", "stores", "member_status"}
)
"""Attributes of every image; all others are its properties."""

_QUERIED: Final = {
    "name": "name",
    "visibility": "visibility",
    "owner": "owner",
    "tag": "tag",
    "hidden": "os_hidden",
}
_SORTED: Final = {"name", "status", "disk_format", "container_format", "size", "id", "created_at", "updated_at"}


def _properties_of(body: Body) -> dict[str, str]:
    return {name: str(value) for name, value in body.items() if name not in _OF_ITS_OWN}


def _has_properties(body: Body, wanted: PropertyValue) -> bool:
    return bool(wanted.items() <= _properties_of(body).items())


FILTERS: Final[Mapping[str, Filter]] = {
    "name": equals("name"),
    "nameRegex": matches("name"),
    "containerFormat": equals("container_format"),
    "diskFormat": equals("disk_format"),
    "hidden": lambda body, value: bool(body.get("os_hidden", False)) is value,
    "owner": equals("owner"),
    "properties": _has_properties,
    "sizeMin": at_least("size"),
    "sizeMax": lambda body, value: bool((body.get("size") or 0) <= value),
    "tag": lambda body, value: value in (body.get("tags") or ()),
    "tags": has_all("tags"),
    "visibility": equals("visibility"),
}


def _sorted(bodies: Sequence[Body], args: PropertyMap) -> Sequence[Body]:
    """As `sort` says: `name:asc,created_at`, down where no direction is given; the newest first without it."""
    ordered = sorted(bodies, key=lambda body: str(body["id"]))
    for part in reversed(str(args.get("sort", "created_at:desc")).split(",")):
        key, _, direction = part.strip().partition(":")
        if key in _SORTED:
            ordered.sort(key=lambda body: (body.get(key) is not None, body.get(key)), reverse=direction != "asc")
    return ordered


def _newest(bodies: Sequence[Body], args: PropertyMap) -> Sequence[Body]:
    """The newest of several, where `mostRecent` asks for that."""
    if not args.get("mostRecent") or len(bodies) < 2:
        return bodies
    return [max(bodies, key=lambda body: (str(body["created_at"]), str(body["id"])))]


def _image(body: Body) -> dict[str, Any]:
    return {
        "id": body["id"],
        "name": body.get("name"),
        "checksum": body.get("checksum") or "",
        "containerFormat": body.get("container_format"),
        "createdAt": body["created_at"],
        "diskFormat": body.get("disk_format"),
        "file": body["file"],
        "hidden": body.get("os_hidden", False),
        "metadata": _properties_of(body),
        "minDiskGb": body.get("min_disk") or 0,
        "minRamMb": body.get("min_ram") or 0,
        "owner": body.get("owner") or "",
        "properties": _properties_of(body),
        "protected": body.get("protected", False),
        "schema": body["schema"],
        "sizeBytes": body.get("size") or 0,
        "tags": sorted(body.get("tags") or ()),
        "updatedAt": body["updated_at"],
        "visibility": body["visibility"],
    }


_ACTIVE: Final = {"status": "active"}

GET_IMAGE: Final = Finder(
    "openstack:images/getImage:getImage",
    IMAGES,
    FILTERS,
    _image,
    queried=_QUERIED,
    always=_ACTIVE,
    choose=_newest,
    choosing=frozenset({"mostRecent", "sort"}),
)
GET_IMAGE_IDS: Final = IdFinder(
    "openstack:images/getImageIds:getImageIds",
    IMAGES,
    FILTERS,
    queried=_QUERIED,
    always=_ACTIVE,
    arrange=_sorted,
    arranging=frozenset({"sort"}),
)
