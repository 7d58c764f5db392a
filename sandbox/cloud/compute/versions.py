"""Nova's version documents and the range it negotiates."""

from typing import Any

from sandbox.cloud.compute.routes import routes
from sandbox.cloud.discovery import version
from sandbox.cloud.routing import Call
from sandbox.cloud.service import Microversions

MICROVERSIONS = Microversions("compute", (2, 1), (2, 96), legacy_header="X-OpenStack-Nova-API-Version")


def _v21(call: Call) -> dict[str, Any]:
    return version("v2.1", f"{call.root}/v2.1", versions=MICROVERSIONS)


@routes.get("/", public=True)
def choices(call: Call) -> dict[str, Any]:
    """The versions there are."""
    legacy = {**version("v2.0", f"{call.root}/v2", status="SUPPORTED"), "version": "", "min_version": ""}
    return {"versions": [legacy, _v21(call)]}


@routes.get("/v2.1", public=True)
def v21(call: Call) -> dict[str, Any]:
    """The one version."""
    return {"version": _v21(call)}
