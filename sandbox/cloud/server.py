"""The listener: reads a request, lets the fault script have its way, calls the handler, writes the answer."""

import asyncio
import json
import logging
import os
import signal
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from sandbox.cloud.caller import NOBODY, Caller
from sandbox.cloud.errors import ApiError, Unauthorized, title
from sandbox.cloud.faults import Fault
from sandbox.cloud.identity.tokens import bearer, expire
from sandbox.cloud.routing import Call, Microversion, Reply, Route
from sandbox.cloud.service import Service
from sandbox.cloud.world import World

LOG = logging.getLogger("sandbox.cloud")
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
UPLOAD_LIMIT = 256 * 1024 * 1024
"""The largest body taken (bytes): an image of a test, not of an operating system."""
STOP_SECONDS = 0.5
"""How long requests under way are waited for when the cloud ends."""


class Hangup(Exception):
    """The connection is to be closed without an answer."""


class Front:
    """Answers requests to all services of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.by_prefix = {service.prefix: service for service in world.services}

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request, from socket to socket."""
        world, (prefix, _, rest) = self.world, request.path[1:].partition("/")
        if prefix in self.world.regions:
            world, (prefix, _, rest) = self.world.regions[prefix], rest.partition("/")
        service = self.by_prefix.get(prefix)
        if service is None:
            return web.Response(status=404, text=f"no service lives under /{prefix}\n")
        content = await request.read() if request.body_exists else b""
        call = Call(world, service, request.method, "/" + rest.rstrip("/"), request.query, request.headers, content)
        try:
            return await self._through_faults(call)
        except Hangup:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

    async def _through_faults(self, call: Call) -> web.Response:
        token = call.headers.get("X-Auth-Token", "")
        call.caller = bearer(self.world, token) or NOBODY
        self.world.counts.add(call.service.name, call.method, call.caller.project_id or "")
        faults = self.world.faults.firing(call)
        for fault in faults:
            refused = await self._before(call, fault, token)
            if refused is not None:
                return refused
        response = self._answer(call, faults)
        self.world.transitions.settle()
        for fault in faults:
            self._after(fault)
        return response

    async def _before(self, call: Call, fault: Fault, token: str) -> web.Response | None:
        """What a fault does before the effect: an answer instead of one, a hang-up, or only a delay."""
        match fault.action:
            case "latency":
                await asyncio.sleep(fault.seconds)
            case "close_before":
                raise Hangup
            case "kill" if fault.when == "before":
                _kill(fault)
                raise Hangup
            case "expire_token":
                expire(self.world, token)
                return _error(call.service, Unauthorized("The request you have made requires authentication."))
            case "status":
                headers = {"Retry-After": str(int(fault.seconds))} if fault.status in {413, 429, 503} else {}
                return _error(call.service, ApiError(title(fault.status), status=fault.status, headers=headers))
        return None

    def _after(self, fault: Fault) -> None:
        """What a fault does once the effect has happened."""
        if fault.action == "kill":
            _kill(fault)
            raise Hangup
        if fault.action == "lose_reply":
            raise Hangup

    def _answer(self, call: Call, faults: Sequence[Fault]) -> web.Response:
        """Call the handler; whatever it raises becomes the service's own error."""
        try:
            route, call.params = call.service.routes.find(call.method, call.path)
            if not route.public:
                _require_token(call.caller)
            reply = self._versioned(call, route)
        except ApiError as error:
            return _error(call.service, error)
        except Exception:
            LOG.exception("%s %s/%s", call.method, call.service.prefix, call.path)
            return _error(call.service, ApiError("Unexpected API Error. The simulated cloud's log has the traceback."))
        for fault in faults:
            _spoil(reply, fault)
        return _response(reply)

    def _versioned(self, call: Call, route: Route) -> Reply:
        """The handler's reply, with the microversion negotiated and named."""
        versions = call.service.microversions
        if versions is None:
            return route.answer(call)
        call.microversion = versions.negotiate(call.headers)
        reply = route.answer(call)
        reply.headers.update(_version_headers(call.service, call.microversion))
        return reply


def _version_headers(service: Service, version: Microversion) -> dict[str, str]:
    return service.microversions.headers(version) if service.microversions else {}


def _require_token(caller: Caller) -> None:
    if caller is NOBODY:
        raise Unauthorized(
            "The request you have made requires authentication.", headers={"WWW-Authenticate": "Keystone"}
        )


def _spoil(reply: Reply, fault: Fault) -> None:
    """Make a list's reply lie: nothing in it, or no link to what follows."""
    document = reply.document
    if not isinstance(document, dict) or fault.action not in {"empty_page", "break_chain"}:
        return
    for key in [name for name in document if name.endswith("_links") or name in {"next", "links"}]:
        del document[key]
    if fault.action == "empty_page":
        document.update({name: [] for name, value in document.items() if isinstance(value, list)})


def _response(reply: Reply) -> web.Response:
    content = reply.content
    if content is None:
        content = b"" if reply.document is None else json.dumps(reply.document).encode()
    headers = {"X-Openstack-Request-Id": f"req-{uuid.uuid4()}", **reply.headers}
    if content:
        headers["Content-Type"] = reply.content_type
    return web.Response(body=content, status=reply.status, headers=headers)


def _error(service: Service, error: ApiError) -> web.Response:
    body = service.dialect(error)
    headers = {**error.headers, **body.headers}
    return _response(Reply(status=error.status, headers=headers, content=body.content, content_type=body.content_type))


def _kill(fault: Fault) -> None:
    """Send the signal; a process that is gone already is what was wanted."""
    try:
        os.kill(fault.pid, signal.Signals[fault.signal])
    except ProcessLookupError:
        LOG.warning("fault kill: no process %d", fault.pid)


def _request(*parts: Any) -> web.BaseRequest:
    """A request that may carry an image."""
    message, payload, protocol, writer, task = parts
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=UPLOAD_LIMIT)


async def listen(handler: Handler, port: int) -> tuple[web.ServerRunner, int]:
    """Serve a handler on a loopback port (0: any free one); returns what to clean up and the port."""
    runner = web.ServerRunner(
        web.Server(handler, request_factory=_request, access_log=None), shutdown_timeout=STOP_SECONDS
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
    await site.start()
    return runner, int(runner.addresses[0][1])
