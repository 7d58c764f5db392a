"""Pulumi's property structs ↔ property values. The monitor decodes what a program sends and encodes what it is told.

On the wire a secret, a resource, an output and an asset are structs with a signature under one key, and an unknown is
one fixed string (pulumi's sdk/go/common/resource: properties.go, asset.go). Numbers are doubles: whole ones become int.
An output becomes what is known of it; an asset and the reference to a resource stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

from controller.domain.errors import Refused
from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue, Secret

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature of the protocol, no secret
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSETS: Final = {
    "c44067f5952c0a294b673a41bacd8c17": "asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "archive",
}
"""Signatures of what stays the map that it is: with a `path`, a `text`, or `assets` by name."""

RESERVED: Final = ({"$unknown"}, {"$secret"})
"""What the engine itself writes into stored plans and states in the place of an unknown or a secret."""

UNKNOWN_MARK: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def decode(struct: struct_pb2.Struct) -> dict[str, PropertyValue]:
    """The properties of a message. Raises Refused, naming the property, for what the engine does not support."""
    return {key: _decode(value, key) for key, value in struct.fields.items()}


def decode_value(value: struct_pb2.Value, path: str) -> PropertyValue:
    """One value of a message, None for one that is not set. Raises Refused, naming `path`, as `decode` does."""
    return _decode(value, path)


def encode(properties: PropertyMap) -> struct_pb2.Struct:
    """The message of `properties`."""
    return struct_pb2.Struct(fields={key: _encode(value) for key, value in properties.items()})


def without_references(value: PropertyValue) -> Any:
    """`value` with the id of each resource that it refers to in the place of the reference; a component's URN.

    It is what kinds and functions are told, as Pulumi tells it to providers that accept no resources.
    """
    if isinstance(value, Secret):
        return Secret(without_references(value.value))
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == RESOURCE:
            return value["id"] if "id" in value else value["urn"]
        return {key: without_references(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_references(item) for item in value]
    return value


def _decode(value: struct_pb2.Value, path: str) -> PropertyValue:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value == UNKNOWN_MARK else value.string_value
        case "number_value":
            number = value.number_value
            if not math.isfinite(number):
                raise Refused(f"{number} is no number that can be stored", where=path, remedy="pass a finite one")
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_decode(item, f"{path}[{index}]") for index, item in enumerate(value.list_value.values)]
        case "struct_value":
            return _decode_struct(value.struct_value, path)
        case _:
            return None


def _decode_struct(struct: struct_pb2.Struct, path: str) -> PropertyValue:
    fields = struct.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if fields.keys() in RESERVED:
        raise Refused("a map with this only key is reserved", where=path, remedy="give the key another name")
    if not signature:
        return {key: _decode(item, f"{path}.{key}") for key, item in fields.items()}
    if signature == SECRET:
        return Secret(_decode(fields["value"], path))
    if signature == RESOURCE:
        return {key: _decode(item, f"{path}.{key}") for key, item in fields.items()}
    if signature == _OUTPUT:
        known = _decode(fields["value"], path) if "value" in fields else UNKNOWN
        return Secret(known) if "secret" in fields and fields["secret"].bool_value else known
    if signature in ASSETS:
        return _decode_asset(struct, ASSETS[signature], path)
    raise Refused(
        f"a value with the signature {signature} is not supported as a property value",
        where=path,
        remedy="pass it as a string",
    )


def _decode_asset(struct: struct_pb2.Struct, what: str, path: str) -> PropertyValue:
    if "uri" in struct.fields:
        raise Refused(f"a remote {what} is not supported", where=path, remedy="pass a file, or its content as a string")
    return {key: _decode(item, f"{path}.{key}") for key, item in struct.fields.items()}


def _encode(value: PropertyValue) -> struct_pb2.Value:
    wire = struct_pb2.Value()
    match value:
        case _ if value is UNKNOWN:
            wire.string_value = UNKNOWN_MARK
        case None:
            wire.null_value = struct_pb2.NULL_VALUE
        case bool():
            wire.bool_value = value
        case int() | float():
            wire.number_value = value
        case str():
            wire.string_value = value
        case Secret(inner):
            wire.struct_value.CopyFrom(encode({SIGNATURE: SECRET, "value": inner}))
        case Mapping():
            wire.struct_value.CopyFrom(encode(value))
        case list() | tuple():
            wire.list_value.values.extend(_encode(item) for item in value)
            wire.list_value.SetInParent()
        case _:
            raise TypeError(f"{type(value).__name__} is no property value")
    return wire
