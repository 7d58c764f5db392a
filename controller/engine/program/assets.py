"""Assets and archives in a program's inputs → the same with the hash of what they hold. Called by `monitor.py`.

They stay the maps that they are on the wire (`wire.ASSETS`): a path or a text, with its hash beside it, so that a plan
changes with a file's content and never holds its bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.domain.errors import Refused
from controller.engine.properties import PropertyMap, PropertyValue, Secret
from controller.engine.wire import ASSETS, SIGNATURE


def hashed(inputs: PropertyMap, folder: Path, where: str) -> PropertyMap:
    """`inputs` in which each asset has its `hash` (SHA-256); paths are relative to `folder`, the program's own.

    Raises Refused for a file that cannot be read.
    """
    return {name: _hashed(value, folder, f"{where} {name}") for name, value in inputs.items()}


def _hashed(value: PropertyValue, folder: Path, where: str) -> PropertyValue:
    if isinstance(value, Secret):
        return Secret(_hashed(value.value, folder, where))
    if isinstance(value, list):
        return [_hashed(item, folder, where) for item in value]
    if not isinstance(value, Mapping):
        return value
    items = {key: _hashed(item, folder, where) for key, item in value.items()}
    return {**items, "hash": _hash_of(items, folder, where)} if value.get(SIGNATURE) in ASSETS else items


def _hash_of(asset: PropertyMap, folder: Path, where: str) -> str:
    if "text" in asset:
        return hashlib.sha256(asset["text"].encode()).hexdigest()
    if "assets" in asset:
        return _hash_of_all((name, one["hash"]) for name, one in asset["assets"].items())
    path = folder / asset["path"]
    try:
        return _hash_of_all(_files(path)) if path.is_dir() else _hash_of_file(path)
    except OSError as error:
        raise Refused(
            f"an asset's file cannot be read: {path}: {error.strerror}", where=where, remedy="correct its path"
        ) from None


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), _hash_of_file(path)


def _hash_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash_of_all(named: Iterator[tuple[str, str]]) -> str:
    text = "".join(f"{hash_} {name}\n" for name, hash_ in sorted(named))
    return hashlib.sha256(text.encode()).hexdigest()
