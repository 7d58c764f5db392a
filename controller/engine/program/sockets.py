"""Folders for sockets that only this user can reach: a run's monitor, a program's dynamic providers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

_LONGEST_FOLDER: Final = 80


def private_folder(prefix: str) -> Path:
    """A new folder, whose path is short enough: a socket's may have 107 bytes, which a TMPDIR of its own may exceed."""
    folder = tempfile.gettempdir()
    short = folder if len(folder.encode()) <= _LONGEST_FOLDER else "/tmp"  # noqa: S108 - mkdtemp makes it private
    return Path(tempfile.mkdtemp(prefix=prefix, dir=short))
