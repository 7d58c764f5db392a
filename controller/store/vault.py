"""The home's key: seals secrets before they are stored and keys the HMAC by which digests know them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from controller.domain.errors import Failed
from controller.store.keyfile import kept_key


class Vault:
    """Seals JSON values with one key (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)
        self.hmac_key = hashlib.sha256(b"yunguan digest" + key).digest()

    @classmethod
    def at(cls, home: Path) -> Vault:
        """The vault of a home; its key file is made on first use, readable by its owner only."""
        return cls(kept_key(home / "secret.key", Fernet.generate_key))

    def seal(self, value: Any) -> str:
        """`value` (JSON) as sealed text."""
        return self._fernet.encrypt(json.dumps(value, ensure_ascii=False).encode()).decode()

    def open(self, sealed: str) -> Any:
        """The value behind a sealed text. Raises Failed where the key is not the one that sealed it."""
        try:
            return json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise Failed(
                "a stored secret cannot be opened with this home's key",
                where="secret.key",
                remedy="put back the key file that belongs to this database",
            ) from None
