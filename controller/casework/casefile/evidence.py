"""Files handed in become evidence: copied under their SHA-256, so that what was shown can be shown again."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from controller.domain.errors import Failed, Refused, WrongUse

MAX_BYTES = 50 * 1024 * 1024
CHUNK = 1024 * 1024
OTHER = "other"
"""The document code of a file that no action asks for, kept for those who read the case."""


@dataclass(frozen=True)
class HandedIn:
    """A file handed in as the document `document` (a code of the city's file)."""

    document: str
    path: Path


@dataclass(frozen=True)
class Stored:
    """A file as it is kept: hexadecimal SHA-256, size in bytes, and the name under which it came."""

    sha256: str
    size: int
    file_name: str


class EvidenceStore:
    """The folder of evidence, one file a hash. Storing the same bytes twice keeps them once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: Path) -> Stored:
        """Keeps a copy of `path`. Raises WrongUse where it is not a file, Refused where it is empty or above 50 MiB."""
        if not path.is_file():
            raise WrongUse("找不到材料文件", where=str(path))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as copy:
            try:
                sha256, size = _copy(path, copy)
            except BaseException:
                Path(copy.name).unlink()
                raise
        Path(copy.name).replace(self._folder / sha256)
        return Stored(sha256, size, path.name)

    def read(self, sha256: str) -> bytes:
        """The bytes under that hash. Raises Failed where they are gone or no longer have it."""
        path = self._folder / sha256
        content = path.read_bytes() if path.is_file() else None
        if content is None or hashlib.sha256(content).hexdigest() != sha256:
            raise Failed("材料文件缺失或已被改动", where=str(path), remedy="请从备份恢复该文件")
        return content


def _copy(path: Path, target: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise Refused(f"材料文件超过 {MAX_BYTES // 1024 // 1024} MB", where=path.name, remedy="请压缩或拆分")
            digest.update(chunk)
            target.write(chunk)
    if size == 0:
        raise Refused("材料文件是空的", where=path.name, remedy="请重新提交完整的文件")
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), size
