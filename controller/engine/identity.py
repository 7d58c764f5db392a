"""The identity that a create call carries into the cloud, so that what it made can be found again."""

from __future__ import annotations

import base64
import hashlib

PREFIX = "yg-"


def identity_of(stack: str, urn: str, generation: int) -> str:
    """`yg-` and 26 base32 characters (130 bits) of a hash of the stack's name, the URN and the generation.

    It is given per create, not per URN: otherwise a create-before-delete would find the old one.
    """
    digest = hashlib.sha256("\n".join((stack, urn, str(generation))).encode()).digest()
    return PREFIX + base64.b32encode(digest).decode().lower()[:26]
