"""A key file of the home: made on first use, whole or not at all, readable by its owner only.

`Vault` keeps the key that seals secrets this way, `Signer` the one that signs certificates.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def kept_key(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes in `path`; where it does not exist yet, those that `make` gives. Of several makers the first counts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its key counts
            os.link(temporary, path)
        os.unlink(temporary)
    return path.read_bytes()
