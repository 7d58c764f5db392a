"""A passphrase → a cipher for secret values in Pulumi's state and configuration files: its passphrase manager, v1.

AES-256-GCM under a key that PBKDF2-HMAC-SHA256 makes of the passphrase; a text is `v1:<nonce>:<ciphertext>` and the
manager's own state `v1:<salt>:<the word "pulumi", encrypted>`, all in base64 (pulumi/pulumi:
sdk/go/common/resource/config/crypt.go, pkg/secrets/passphrase). Called by `project.py` and `checkpoint/document.py`.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from controller.domain.errors import Refused, WrongUse

VARIABLE: Final = "PULUMI_CONFIG_PASSPHRASE"
"""Where a passphrase is read from: never from arguments, which every user of the machine can see."""

_VERSION: Final = "v1"
_PROOF: Final = "pulumi"
_ITERATIONS: Final = 1_000_000
_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 8
_NONCE_BYTES: Final = 12


class Passphrase:
    """The cipher of one passphrase and salt; `state` is what a file keeps of it, to tell a wrong passphrase by."""

    def __init__(self, phrase: str, salt: bytes) -> None:
        self._key = AESGCM(hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, _ITERATIONS, _KEY_BYTES))
        self.state = f"{_VERSION}:{_encoded(salt)}:{self.encrypt(_PROOF)}"

    @classmethod
    def fresh(cls, phrase: str) -> Passphrase:
        """A cipher with a salt of its own. Raises WrongUse for an empty passphrase: it would keep nothing secret."""
        if not phrase:
            raise WrongUse("the passphrase is empty", where=VARIABLE, remedy="set one that only its readers know")
        return cls(phrase, os.urandom(_SALT_BYTES))

    @classmethod
    def of(cls, phrase: str, state: str) -> Passphrase:
        """The cipher that a file's `state` is from. Raises Refused where it is malformed or the passphrase another."""
        version, salt, proof = [*state.split(":", 2), "", ""][:3]
        if version != _VERSION or not proof:
            raise Refused("the file's salt is not of the form v1:salt:proof", remedy="export it again")
        cipher = cls(phrase, _decoded(salt))
        try:
            proven = cipher.decrypt(proof) == _PROOF
        except Refused:
            proven = False
        if not proven:
            raise Refused("the passphrase is not that of the file", where=VARIABLE, remedy="set the right one")
        cipher.state = state
        return cipher

    def encrypt(self, plain: str) -> str:
        """`plain` under a nonce of its own: the same text twice gives two different ones."""
        nonce = os.urandom(_NONCE_BYTES)
        return f"{_VERSION}:{_encoded(nonce)}:{_encoded(self._key.encrypt(nonce, plain.encode(), None))}"

    def decrypt(self, text: str) -> str:
        """The plain text. Raises Refused for another form, another key, and for what was tampered with."""
        version, nonce, sealed = [*text.split(":"), "", "", ""][:3]
        if version != _VERSION or text.count(":") != 2:
            raise Refused("a secret is not of the form v1:nonce:ciphertext", remedy="export the file again")
        try:
            return self._key.decrypt(_decoded(nonce), _decoded(sealed), None).decode()
        except (InvalidTag, ValueError):
            raise Refused("a secret cannot be opened: it was changed, or is of another file") from None


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(f"{text[:20]!r} is no base64", remedy="export the file again") from None
