"""The identity that a create call was given, in the body: put in on the way out, taken out on the way in.

The table of carriers stands in docs/adding-a-kind.md. Identity never shows in managed fields, so that no diff ever sees
it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controller.engine.provider import Carrier

METADATA_KEY = "yunguan_identity"
TAG_PREFIX = f"{METADATA_KEY}="
SUFFIX_LENGTH = len(" [yg-]") + 26

_SUFFIX = re.compile(r" ?\[(yg-[A-Za-z2-7]{26})\]$")
_TEXT = {Carrier.DESCRIPTION: "description", Carrier.NAME: "name"}


def attribute(carrier: Carrier) -> str:
    """The body's attribute that carries identity, "" where none does."""
    match carrier:
        case Carrier.METADATA:
            return "metadata"
        case Carrier.TAGS:
            return "tags"
        case Carrier.NATURAL | Carrier.STATE | Carrier.NONE:
            return ""
        case text:
            return _TEXT[text]


def signed(carrier: Carrier, body: Mapping[str, Any], identity: str) -> dict[str, Any]:
    """`body` carrying `identity`."""
    name = attribute(carrier)
    match carrier:
        case Carrier.METADATA:
            return {**body, name: {**(body.get(name) or {}), METADATA_KEY: identity}}
        case Carrier.TAGS:
            return {**body, name: [*(body.get(name) or []), TAG_PREFIX + identity]}
        case Carrier.NATURAL | Carrier.STATE | Carrier.NONE:
            return dict(body)
        case _:
            return {**body, name: f"{body.get(name) or ''} [{identity}]".strip()}


def unsigned(carrier: Carrier, body: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """`body` without what we added, and the identity that it carried (None where it carries none of ours)."""
    name = attribute(carrier)
    value = body.get(name)
    if not value:
        return dict(body), None
    match carrier:
        case Carrier.METADATA:
            others = {key: item for key, item in value.items() if key != METADATA_KEY}
            return {**body, name: others}, value.get(METADATA_KEY)
        case Carrier.TAGS:
            own = [tag for tag in value if tag.startswith(TAG_PREFIX)]
            rest = [tag for tag in value if not tag.startswith(TAG_PREFIX)]
            return {**body, name: rest}, own[0].removeprefix(TAG_PREFIX) if own else None
        case _:
            found = _SUFFIX.search(value)
            return {**body, name: _SUFFIX.sub("", value)}, found.group(1) if found else None
