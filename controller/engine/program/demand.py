"""The release of Pulumi that a program demands (`>=3.0.0 <4.0.0 || >=5.0.0`) → whether this engine is one.

The engine speaks the protocol of the SDK that it is installed with, so that release is what it answers for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import metadata
from typing import Final

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from controller.domain.errors import Refused

_PART: Final = re.compile(r"(>=|<=|!=|==|=|>|<|!)?(\d+\.\d+\.\d+)")
_OPERATORS: Final[Mapping[str, str]] = {"": "==", "=": "==", "!": "!="}
"""What Pulumi writes otherwise than Python does."""


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
    number = Version(release).base_version
    return any(_specifiers(one).contains(number) for one in demanded.split("||"))


def _specifiers(comparisons: str) -> SpecifierSet:
    parts = []
    for part in comparisons.split():
        found = _PART.fullmatch(part)
        if found is None:
            raise Refused(f"{part!r} is no comparison of releases", remedy="write it like >=3.0.0")
        operator = found[1] or ""
        parts.append(_OPERATORS.get(operator, operator) + found[2])
    return SpecifierSet(",".join(parts))
