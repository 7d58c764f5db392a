"""The handlers of the admin port."""

import json
from typing import Any

from aiohttp import web

from sandbox.cloud.admin.bulk import seed
from sandbox.cloud.errors import ApiError, BadRequest, NotFound
from sandbox.cloud.identity.seed import add_region
from sandbox.cloud.world import REGION, World


class Admin:
    """Answers the admin port of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._table = {
            ("GET", "/status"): self._status,
            ("POST", "/seed"): self._seed,
            ("GET", "/objects"): self._objects,
            ("POST", "/regions"): self._add_region,
            ("POST", "/reset"): self._reset,
            ("GET", "/counts"): self._counts,
            ("DELETE", "/counts"): self._clear_counts,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._add_faults,
            ("DELETE", "/faults"): self._clear_faults,
            ("POST", "/latency"): self._latency,
        }

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """One admin call; what is wrong with it comes back as `{"error": …}`."""
        try:
            handler = self._table.get((request.method, request.path))
            if handler is None:
                raise NotFound(f"the admin port has no {request.method} {request.path}")
            content = await request.read()
            try:
                body = json.loads(content or b"null")
            except ValueError:
                raise BadRequest("the body is not JSON") from None
            return web.json_response(handler(body, dict(request.query)))
        except ApiError as error:
            return web.json_response({"error": error.message}, status=error.status)

    def _status(self, _body: Any, _query: dict[str, str]) -> Any:
        return {
            "url": self.world.url,
            "latency": self._latency_name(),
            "objects": {noun: len(kept) for noun, kept in self.world.collections().items()},
        }

    def _seed(self, body: Any, _query: dict[str, str]) -> Any:
        return seed(self.world, body)

    def _objects(self, _body: Any, query: dict[str, str]) -> Any:
        kind = query.pop("kind", "")
        collections = self.world.collections()
        if kind not in collections:
            raise BadRequest(f"kind must be one of {', '.join(sorted(collections))}, not {kind!r}")
        return collections[kind].where(**query)

    def _add_region(self, body: Any, _query: dict[str, str]) -> Any:
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not name.isalnum():
            raise BadRequest("name must be letters and digits")
        if name in {REGION, *self.world.regions, *(service.prefix for service in self.world.services)}:
            raise BadRequest(f"{name} stands for something already")
        add_region(self.world, name)
        return {"url": self.world.regions[name].url}

    def _reset(self, _body: Any, _query: dict[str, str]) -> Any:
        self.world.reset()
        return {}

    def _counts(self, _body: Any, _query: dict[str, str]) -> Any:
        return self.world.counts.document()

    def _clear_counts(self, _body: Any, _query: dict[str, str]) -> Any:
        self.world.counts.clear()
        return {}

    def _faults(self, _body: Any, _query: dict[str, str]) -> Any:
        return self.world.faults.document()

    def _add_faults(self, body: Any, _query: dict[str, str]) -> Any:
        self.world.faults.extend(body if isinstance(body, list) else [body])
        return self.world.faults.document()

    def _clear_faults(self, _body: Any, _query: dict[str, str]) -> Any:
        self.world.faults.clear()
        return {}

    def _latency(self, body: Any, _query: dict[str, str]) -> Any:
        latency = body.get("latency") if isinstance(body, dict) else None
        if latency not in {"zero", "realistic", "held"}:
            raise BadRequest("latency must be zero, realistic or held")
        transitions = self.world.transitions
        transitions.realistic, transitions.held = latency == "realistic", latency == "held"
        transitions.settle()
        return {}

    def _latency_name(self) -> str:
        transitions = self.world.transitions
        return "held" if transitions.held else "realistic" if transitions.realistic else "zero"
