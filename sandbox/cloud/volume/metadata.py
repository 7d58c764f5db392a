"""The metadata of volumes and snapshots, key by key."""

from functools import partial
from typing import Any

from sandbox.cloud.errors import BadRequest, NotFound
from sandbox.cloud.routing import Call
from sandbox.cloud.volume.routes import PROJECT, routes
from sandbox.cloud.volume.snapshots import SNAPSHOT
from sandbox.cloud.volume.views import Kind, found
from sandbox.cloud.volume.volumes import VOLUME


def _held(kind: Kind, call: Call) -> dict[str, str]:
    held: dict[str, str] = found(call, kind, call.params["id"])["metadata"]
    return held


def _asked(call: Call) -> dict[str, str]:
    asked = call.body("metadata")
    for name, value in asked.items():
        if not 0 < len(name) <= 255 or len(str(value)) > 255:
            raise BadRequest("Invalid metadata: Metadata property key or value is empty or longer than 255 characters.")
    return {name: str(value) for name, value in asked.items()}


def show_all(kind: Kind, call: Call) -> dict[str, Any]:
    return {"metadata": _held(kind, call)}


def merge(kind: Kind, call: Call) -> dict[str, Any]:
    """Set some keys."""
    held = _held(kind, call)
    held.update(_asked(call))
    return {"metadata": held}


def replace(kind: Kind, call: Call) -> dict[str, Any]:
    """Set these keys and no others."""
    document = found(call, kind, call.params["id"])
    document["metadata"] = _asked(call)
    return {"metadata": document["metadata"]}


def show(kind: Kind, call: Call) -> dict[str, Any]:
    """One key; 404 where it is not set."""
    held, key = _held(kind, call), call.params["key"]
    if key not in held:
        raise NotFound(f"{kind.singular.capitalize()} {call.params['id']} has no metadata with key {key}.")
    return {"meta": {key: held[key]}}


def put(kind: Kind, call: Call) -> dict[str, Any]:
    """Set one key."""
    meta = call.body("meta")
    _held(kind, call)[call.params["key"]] = str(meta[call.params["key"]])
    return {"meta": meta}


def drop(kind: Kind, call: Call) -> None:
    """Drop one key."""
    show(kind, call)
    del _held(kind, call)[call.params["key"]]


for _kind in (VOLUME, SNAPSHOT):
    _base = f"{PROJECT}/{_kind.plural}/{{id}}/metadata"
    routes.get(_base)(partial(show_all, _kind))
    routes.post(_base)(partial(merge, _kind))
    routes.put(_base)(partial(replace, _kind))
    routes.get(f"{_base}/{{key}}")(partial(show, _kind))
    routes.put(f"{_base}/{{key}}")(partial(put, _kind))
    routes.delete(f"{_base}/{{key}}", status=200)(partial(drop, _kind))
