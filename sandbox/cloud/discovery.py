"""Version documents: what a client reads first to learn which versions a service speaks."""

from typing import Any

from sandbox.cloud.service import Microversions


def version(
    identifier: str, url: str, *, versions: Microversions | None = None, status: str = "CURRENT"
) -> dict[str, Any]:
    """One entry of a version document; `url` is where that version answers."""
    document: dict[str, Any] = {
        "id": identifier,
        "status": status,
        "updated": "2026-04-01T00:00:00Z",
        "links": [{"rel": "self", "href": url.rstrip("/") + "/"}],
    }
    if versions is not None:
        document["version"] = f"{versions.highest[0]}.{versions.highest[1]}"
        document["min_version"] = f"{versions.lowest[0]}.{versions.lowest[1]}"
    return document
