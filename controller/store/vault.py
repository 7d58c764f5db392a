"""The home's key: seals secrets before they are stored and keys the HMAC by which digests know them."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from controller.domain.errors import Failed


class Vault:
    """Seals JSON values with one key (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)
        self.hmac_key = hashlib.sha256(b"yunguan digest" + key).digest()

    @classmethod
    def at(cls, home: Path) -> Vault:
        """The vault of a home; its key file is made on first use, readable by its owner only."""
        path = home / "secret.key"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            descriptor, temporary = tempfile.mkstemp(dir=home)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first: its key counts
                os.link(temporary, path)
            os.unlink(temporary)
        return cls(path.read_bytes())

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
