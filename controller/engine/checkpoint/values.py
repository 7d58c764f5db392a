"""Property values ↔ the JSON of Pulumi's state files, secrets through a cipher. Called by `document.py`.

A secret is an object with the signature and, as `ciphertext`, its encrypted JSON; what it holds may be secret itself
and is not encrypted again (pulumi/pulumi: pkg/resource/stack/deployment.go, apitype/property-values.json).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from controller.domain.errors import Failed, Refused
from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue, Secret, transform
from controller.engine.wire import ASSETS, RESERVED, RESOURCE, SECRET, SIGNATURE, UNKNOWN_MARK

_INTEGER: Final = "7eb310220ed6211bd6f147f2a75bfbb6"

Cipher = Callable[[str], str]
"""Encrypts a text, or decrypts one; raises Refused where it cannot."""


def encoded(properties: PropertyMap, cipher: Cipher) -> dict[str, Any]:
    """`properties` as they stand in a file. Raises Failed for an unknown: a state holds none."""
    return {key: _encoded(value, cipher) for key, value in properties.items()}


def decoded(document: Mapping[str, Any], cipher: Cipher, where: str) -> dict[str, PropertyValue]:
    """The properties that `encoded` made `document` of. Raises Refused, naming it, for what a state cannot hold."""
    return {key: _decoded(value, cipher, f"{where}.{key}") for key, value in document.items()}


def _encoded(value: PropertyValue, cipher: Cipher) -> Any:
    def leaf(item: PropertyValue) -> Any:
        if item is UNKNOWN:
            raise Failed("a value that is still unknown cannot be exported")
        if isinstance(item, Secret):
            plain = json.dumps(_encoded(item.value, str), ensure_ascii=False)
            return {SIGNATURE: SECRET, "ciphertext": cipher(plain)}
        return item

    return transform(value, leaf)


def _decoded(value: Any, cipher: Cipher, where: str) -> PropertyValue:
    if value == UNKNOWN_MARK:
        raise Refused("a value is unknown", where=where, remedy="let the preview or update that made it end first")
    if isinstance(value, list):
        return [_decoded(item, cipher, f"{where}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    if value.keys() in RESERVED:
        raise Refused("a map with this only key is reserved", where=where, remedy="give the key another name")
    if SIGNATURE not in value:
        return {key: _decoded(item, cipher, f"{where}.{key}") for key, item in value.items()}
    return _decoded_signed(value, cipher, where)


def _decoded_signed(value: Mapping[str, Any], cipher: Cipher, where: str) -> PropertyValue:
    signature = value[SIGNATURE]
    if signature == SECRET and isinstance(value.get("ciphertext"), str):
        return Secret(_decoded(_parsed(cipher(value["ciphertext"]), where), str, where))
    if signature == SECRET and isinstance(value.get("plaintext"), str):
        return Secret(_decoded(_parsed(value["plaintext"], where), str, where))
    if signature == RESOURCE and "urn" in value:
        return dict(value)
    if signature == _INTEGER and "value" in value:
        return int(value["value"])
    if signature in ASSETS:
        return {key: _decoded(item, cipher, f"{where}.{key}") for key, item in value.items()}
    raise Refused(f"a value with the signature {signature} is not supported as a property value", where=where)


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Refused("a secret does not hold JSON", where=where) from None
