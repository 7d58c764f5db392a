"""Property values as the engine knows them: JSON values, plus secrets and values not known yet.

Keys are Pulumi's wire names (camelCase). `wire.py` turns these into the protocol's structs and back; `sealing.py` makes
them storable.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.domain.digests import keyed_digest


class _Unknown(enum.Enum):
    """A value that will be known only once the resource it waits for has been made."""

    VALUE = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown.VALUE


@dataclass(frozen=True)
class Secret:
    """A value that is never printed, logged, or stored in plain; equal secrets hold equal values."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


PropertyValue = Any
PropertyMap = Mapping[str, PropertyValue]


def transform(value: PropertyValue, leaf: Callable[[PropertyValue], PropertyValue]) -> PropertyValue:
    """`value` rebuilt with `leaf` applied to all that is neither a mapping nor a list (a secret is a leaf)."""
    if isinstance(value, str):  # most are, and asking an abstract class costs ten times as much
        return leaf(value)
    if isinstance(value, Mapping):
        return {key: transform(item, leaf) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [transform(item, leaf) for item in value]
    return leaf(value)


def holds_unknown(value: PropertyValue) -> bool:
    """Whether any part of `value` is still unknown."""
    return _any_leaf(value, lambda leaf: holds_unknown(leaf.value) if isinstance(leaf, Secret) else leaf is UNKNOWN)


def holds_secret(value: PropertyValue) -> bool:
    """Whether any part of `value` is secret."""
    return _any_leaf(value, lambda leaf: isinstance(leaf, Secret))


def _any_leaf(value: PropertyValue, says: Callable[[PropertyValue], bool]) -> bool:
    """Whether `says` holds of any part that is neither text, a mapping nor a list (a secret is a leaf)."""
    if isinstance(value, str):
        return False
    if isinstance(value, Mapping):
        return any(_any_leaf(item, says) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_any_leaf(item, says) for item in value)
    return says(value)


def revealed(value: PropertyValue) -> PropertyValue:
    """`value` with secrets opened: only for the call to the cloud, never for print or store."""
    return transform(value, lambda leaf: revealed(leaf.value) if isinstance(leaf, Secret) else leaf)


def wholly_secret(value: PropertyValue) -> Secret:
    """`value` as one secret, whatever in it was one before."""
    return Secret(revealed(value))


def canonical(value: PropertyValue, hmac_key: bytes) -> str:
    """The form that digests are made of: canonical JSON in which a secret is its keyed HMAC, an unknown a sentinel."""

    def seal(leaf: PropertyValue) -> PropertyValue:
        if isinstance(leaf, Secret):
            return {"$secret": keyed_digest(canonical(leaf.value, hmac_key), hmac_key)}
        if leaf is UNKNOWN:
            return {"$unknown": True}
        return leaf

    return json.dumps(transform(value, seal), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
