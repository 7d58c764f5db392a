"""A service as the server composes it: where it lives, how it errs, what it keeps, and how it is seeded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.cloud.errors import ApiError, BadRequest, Dialect
from sandbox.cloud.routing import Microversion, Router
from sandbox.cloud.store import Document

if TYPE_CHECKING:
    from sandbox.cloud.world import World

Maker = Callable[["World", str, dict[str, Any]], Document]
"""Makes one object of a kind in a project (id) from the fields given; the admin port's bulk seed calls it."""


StateClass = type[Any]
"""A class made with no arguments: the empty memory of a service."""


@dataclass(frozen=True)
class Microversions:
    """The range a service negotiates, and its name in `OpenStack-API-Version`."""

    name: str
    lowest: Microversion
    highest: Microversion
    legacy_header: str = ""

    def negotiate(self, headers: Mapping[str, str]) -> Microversion:
        """The version a request asks for (the lowest where it asks for none); 406 outside the range."""
        asked = headers.get("OpenStack-API-Version", "")
        service, _, version = asked.partition(" ")
        if service != self.name:
            version = headers.get(self.legacy_header, "") if self.legacy_header else ""
        version = version.strip()
        if not version:
            return self.lowest
        if version == "latest":
            return self.highest
        return self._within(version)

    def _within(self, version: str) -> Microversion:
        try:
            major, minor = (int(part) for part in version.split("."))
        except ValueError:
            raise BadRequest(
                f"API Version String {version} is of invalid format. Must be of format MajorNum.MinorNum."
            ) from None
        if not self.lowest <= (major, minor) <= self.highest:
            low, high = (".".join(map(str, bound)) for bound in (self.lowest, self.highest))
            raise ApiError(
                f"Version {version} is not supported by the API. Minimum is {low} and maximum is {high}.", status=406
            )
        return major, minor

    def headers(self, version: Microversion) -> dict[str, str]:
        """What a reply says about the version it speaks."""
        text = f"{version[0]}.{version[1]}"
        headers = {"OpenStack-API-Version": f"{self.name} {text}", "Vary": "OpenStack-API-Version"}
        if self.legacy_header:
            headers[self.legacy_header] = text
        return headers


def _seed_nothing(_world: "World", _seed: Mapping[str, Any]) -> None:
    """The seed of a service that starts empty."""


@dataclass(frozen=True)
class Service:
    """One service of the cloud."""

    name: str
    """What counts and faults call it: `compute`."""
    type: str
    """Its type in the catalogue: `compute`, `block-storage`."""
    prefix: str
    """The first segment of its paths: `compute`."""
    endpoint: str
    """What the catalogue names, below the cloud's address: `compute/v2.1` (may hold `$(project_id)s`)."""
    routes: Router
    dialect: Dialect
    state: StateClass
    """Made with no arguments at boot; kept in `World` by its type."""
    microversions: Microversions | None = None
    seed: Callable[["World", Mapping[str, Any]], None] = _seed_nothing
    """Puts what seed.yaml holds for it into the world at boot."""
    makers: Mapping[str, Maker] = field(default_factory=dict)
    """Kinds that the admin port can make in bulk."""
