"""The releases that a program demands, of Pulumi (`>=3.0.0 <4.0.0 || >=5.0.0`) and of providers → whether they are
here.

The engine speaks the protocol of the SDK that it is installed with, and its kinds are those of the providers' SDKs
beside it, so those releases are what it answers for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Final

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

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


def require_provider(package: str, release: str, where: str) -> None:
    """Raises Refused where a provider is demanded of another major release than its kinds here are, or of none."""
    served = _release_of(package)
    if not release or served is None:
        return
    try:
        fits = Version(release).major == Version(served).major
    except InvalidVersion:
        fits = False
    if not fits:
        raise Refused(
            f"release {release} of the provider {package} is demanded, and this engine has that of {served}",
            where=where,
            remedy=f"use pulumi-{package} {Version(served).major}, or take the option version out",
        )


@cache
def _release_of(package: str) -> str | None:
    """None for a package that only the project knows, whose release is the one that is there."""
    try:
        return metadata.version(f"pulumi-{package}")
    except metadata.PackageNotFoundError:
        return None


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
