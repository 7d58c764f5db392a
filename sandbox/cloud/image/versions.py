"""Glance's version document."""

from typing import Any

from sandbox.cloud.discovery import version
from sandbox.cloud.image.routes import routes
from sandbox.cloud.routing import Call, Reply


def _versions(call: Call) -> dict[str, Any]:
    older = [version(f"v2.{minor}", f"{call.root}/v2", status="SUPPORTED") for minor in range(16, -1, -1)]
    return {"versions": [version("v2.17", f"{call.root}/v2"), *older]}


@routes.get("/", public=True)
def choices(call: Call) -> Reply:
    """The versions there are (status 300, as glance answers)."""
    return Reply(_versions(call), status=300)


@routes.get("/versions", public=True)
def listed(call: Call) -> dict[str, Any]:
    """The versions there are (status 200)."""
    return _versions(call)
