"""Keystone's version documents: `/` offers v3 (status 300), `/v3` describes it."""

from typing import Any

from sandbox.cloud.discovery import version
from sandbox.cloud.identity.routes import routes
from sandbox.cloud.routing import Call, Reply


def _v3(call: Call) -> dict[str, Any]:
    document = version("v3.14", f"{call.root}/v3", status="stable")
    document["media-types"] = [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}]
    return document


@routes.get("/", public=True)
def choices(call: Call) -> Reply:
    """The versions there are."""
    return Reply({"versions": {"values": [_v3(call)]}}, status=300)


@routes.get("/v3", public=True)
def v3(call: Call) -> dict[str, Any]:
    """The one version."""
    return {"version": _v3(call)}
