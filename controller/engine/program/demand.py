"""The release of Pulumi that a program demands (`>=3.0.0 <4.0.0 || >=5.0.0`) → whether this engine is one.

The engine speaks the protocol of the SDK that it is installed with, so that release is what it answers for.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Final

from controller.domain.errors import Refused

Release = tuple[int, int, int]

_PART: Final = re.compile(r"(>=|<=|!=|==|=|>|<|!)?(\d+)\.(\d+)\.(\d+)")
_COMPARE: Final[Mapping[str, Callable[[Release, Release], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "!=": operator.ne,
    "!": operator.ne,
    "==": operator.eq,
    "=": operator.eq,
    "": operator.eq,
}


def require(demanded: str) -> None:
    """Raises Refused where this release is not among those demanded, or where that cannot be read."""
    release = metadata.version("pulumi")
    if not is_among(release, demanded):
        raise Refused(
            f"the program demands Pulumi {demanded}, and this engine speaks {release}",
            remedy="run it with an engine of that release",
        )


def is_among(release: str, demanded: str) -> bool:
    """Whether `release` fits one of the alternatives (`||`), in each of which all comparisons must hold."""
    return any(all(_holds(release, part) for part in one.split()) for one in demanded.split("||"))


def _holds(release: str, part: str) -> bool:
    wanted, have = _PART.fullmatch(part), _PART.match(release)
    if wanted is None or have is None:
        raise Refused(f"{part!r} is no comparison of releases", remedy="write it like >=3.0.0")
    return _COMPARE[wanted[1] or ""](_release(have), _release(wanted))


def _release(match: re.Match[str]) -> Release:
    return int(match[2]), int(match[3]), int(match[4])
