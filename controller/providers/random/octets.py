"""random:index/randomId:RandomId and random:index/randomBytes:RandomBytes.

Source: registry.terraform.io, hashicorp/random, "random_id" and "random_bytes".
"""

from __future__ import annotations

import binascii
import secrets
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from controller.engine.properties import Secret
from controller.engine.provider import Failure, Fields
from controller.providers.random.kind import KEEPERS, Drawn, Plain, RandomKind, at_least_one, drawn_from, no_value


class RandomId(RandomKind):
    """Its prefix stands before every form of the value, and not in the id."""

    token = "random:index/randomId:RandomId"  # noqa: S105
    fields = (drawn_from("byteLength", type=int, required=True), drawn_from("prefix"), KEEPERS)

    def contradictions(self, known: Plain) -> Sequence[Failure]:
        return at_least_one(known, "byteLength")

    def draw(self, plain: Plain) -> Drawn:
        return self._value(secrets.token_bytes(plain["byteLength"]), plain.get("prefix"))

    def told(self, plain: Plain) -> Fields:
        return {"byteLength": plain["byteLength"], "prefix": plain.get("prefix")}

    def imported(self, id: str) -> Drawn:
        prefix, comma, text = id.rpartition(",")
        try:
            octets = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except binascii.Error:
            raise no_value(id, self.token, "[prefix,]b64Url") from None
        return self._value(octets, prefix if comma else None)

    def _value(self, octets: bytes, prefix: str | None) -> Drawn:
        id, before = urlsafe_b64encode(octets).decode().rstrip("="), prefix or ""
        forms = {
            "b64Url": before + id,
            "b64Std": before + b64encode(octets).decode(),
            "hex": before + octets.hex(),
            "dec": before + str(int.from_bytes(octets)),
        }
        return Drawn(id, forms, {"byteLength": len(octets), "prefix": prefix})


class RandomBytes(RandomKind):
    """Secret, so its id says nothing (the provider that Pulumi ships has the bytes themselves for an id)."""

    token = "random:index/randomBytes:RandomBytes"  # noqa: S105
    imports_secret = True
    fields = (drawn_from("length", type=int, required=True), KEEPERS)

    def contradictions(self, known: Plain) -> Sequence[Failure]:
        return at_least_one(known, "length")

    def draw(self, plain: Plain) -> Drawn:
        return self._value(secrets.token_bytes(plain["length"]))

    def told(self, plain: Plain) -> Fields:
        return {"length": plain["length"]}

    def imported(self, id: str) -> Drawn:
        try:
            return self._value(b64decode(id, validate=True))
        except binascii.Error:
            raise no_value("the id", self.token, "base64") from None

    def _value(self, octets: bytes) -> Drawn:
        forms = {"base64": Secret(b64encode(octets).decode()), "hex": Secret(octets.hex())}
        return Drawn("none", forms, {"length": len(octets)})
