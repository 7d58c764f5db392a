"""random:index/randomString:RandomString and random:index/randomPassword:RandomPassword.

Source: registry.terraform.io, hashicorp/random, "random_string" and "random_password".
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from random import SystemRandom
from typing import Final

import bcrypt

from controller.engine.properties import PropertyMap, Secret
from controller.engine.provider import Checked, Failure, Fields
from controller.providers.random.kind import KEEPERS, Drawn, Plain, RandomKind, at_least_one, drawn_from

_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
_BCRYPT_COST: Final = 10
_BCRYPT_LONGEST: Final = 72
"""Bytes of a password that its hash is made of."""

_CLASSES: Final = (
    ("lower", "minLower", string.ascii_lowercase),
    ("upper", "minUpper", string.ascii_uppercase),
    ("numeric", "minNumeric", string.digits),
    ("special", "minSpecial", _SPECIAL),
)
"""Classes of characters: the input that allows it, the one that says how many of it are needed, and what is in it."""


class RandomString(RandomKind):
    """`number` is the old name of `numeric`."""

    token = "random:index/randomString:RandomString"  # noqa: S105
    fields = (
        drawn_from("length", type=int, required=True),
        *(drawn_from(allows, type=bool, default=True) for allows, _, _ in _CLASSES),
        *(drawn_from(least, type=int, default=0) for _, least, _ in _CLASSES),
        drawn_from("number", type=bool),
        drawn_from("overrideSpecial"),
        KEEPERS,
    )

    def check(self, inputs: PropertyMap) -> Checked:
        given = [inputs[name] for name in ("number", "numeric") if inputs.get(name) is not None]
        if len(given) == 2 and given[0] != given[1]:
            return Checked(inputs, (Failure("number", "contradicts numeric"),))
        same = given[0] if given else True
        return super().check({**inputs, "number": same, "numeric": same})

    def contradictions(self, known: Plain) -> Sequence[Failure]:
        minima = sum(known.get(least, 0) for _, least, _ in _CLASSES)
        if known.get("length", minima) < minima:
            return (Failure("length", f"is less than the {minima} characters that must be in it"),)
        if not any(known.get(allows, True) for allows, _, _ in _CLASSES):
            return (Failure("lower", "no class of characters is allowed"),)
        return at_least_one(known, "length")

    def draw(self, plain: Plain) -> Drawn:
        return self._value(_text(plain))

    def told(self, plain: Plain) -> Fields:
        return {"length": plain["length"]}

    def imported(self, id: str) -> Drawn:
        return self._value(id)

    def _value(self, text: str) -> Drawn:
        return Drawn(text, {"result": text}, {"length": len(text)})


class RandomPassword(RandomString):
    """As a string, but secret; its id says nothing."""

    token = "random:index/randomPassword:RandomPassword"  # noqa: S105
    imports_secret = True

    def _value(self, text: str) -> Drawn:
        hashed = bcrypt.hashpw(text.encode()[:_BCRYPT_LONGEST], bcrypt.gensalt(_BCRYPT_COST)).decode()
        return Drawn("none", {"result": Secret(text), "bcryptHash": Secret(hashed)}, {"length": len(text)})


def _text(plain: Plain) -> str:
    """`length` characters of the allowed classes, as many of each as must be, in any order."""
    source = SystemRandom()
    allowed, chosen = "", []
    for allows, least, characters in _CLASSES:
        of_class = plain.get("overrideSpecial") or characters if allows == "special" else characters
        allowed += of_class if plain[allows] else ""
        chosen += [source.choice(of_class) for _ in range(plain[least])]
    chosen += [source.choice(allowed) for _ in range(plain["length"] - len(chosen))]
    source.shuffle(chosen)
    return "".join(chosen)
