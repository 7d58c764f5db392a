"""What pydantic found wrong in a file or a setting, for the person who wrote it. Called by whoever reads one."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError


class Wrong(NamedTuple):
    """One thing: the path of the field ("/" for the whole), a sentence about it, and pydantic's name for its kind."""

    where: str
    what: str
    kind: str


def wrongs(error: ValidationError) -> list[Wrong]:
    """All that was found, in the order of the fields; our own validators' sentences as they were raised."""
    return [
        Wrong(
            ".".join(map(str, one["loc"])) or "/",
            str(one["ctx"]["error"]) if one["type"] == "value_error" else one["msg"],
            one["type"],
        )
        for one in error.errors()
    ]
