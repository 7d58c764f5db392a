"""From method and path to a handler: what it is given (`Call`), what it gives back (`Reply`), the table between."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sandbox.cloud.caller import NOBODY, Caller
from sandbox.cloud.errors import BadRequest, Forbidden, NotFound

if TYPE_CHECKING:
    from sandbox.cloud.service import Service
    from sandbox.cloud.world import World

Microversion = tuple[int, int]


class Body(dict[str, Any]):
    """What a client sent: a key that a handler needs and does not find is the client's mistake (400)."""

    def __missing__(self, name: str) -> Any:
        raise BadRequest(f"Invalid input: '{name}' is a required property.")


@dataclass
class Call:
    """One request on its way to a handler."""

    world: "World"
    service: "Service"
    method: str
    path: str
    """The path below the service's prefix, without a trailing slash: `/v2.1/servers`."""
    query: Mapping[str, str]
    """The query; a multi-dict: `getall(name)` gives a filter that is repeated."""
    headers: Mapping[str, str]
    content: bytes = b""
    caller: Caller = NOBODY
    microversion: Microversion = (0, 0)
    params: dict[str, str] = field(default_factory=dict)
    """The named segments of the route."""

    @property
    def url(self) -> str:
        """The absolute address of this request, without its query."""
        return f"{self.root}{self.path}"

    @property
    def root(self) -> str:
        """The absolute address of the service: `http://127.0.0.1:8774/compute`."""
        return f"{self.world.url}/{self.service.prefix}"

    def json(self) -> Any:
        """The body as JSON, its objects as `Body`; `BadRequest` where it is not JSON."""
        try:
            return json.loads(self.content or b"{}", object_hook=Body)
        except ValueError:
            raise BadRequest("Malformed request body") from None

    def body(self, name: str) -> dict[str, Any]:
        """The object under the body's one key, as `{"server": {…}}` carries it."""
        document = self.json()
        inner = document.get(name) if isinstance(document, dict) else None
        if not isinstance(inner, dict):
            raise BadRequest(f"Invalid input: the body must hold an object named '{name}'.")
        return inner

    def flag(self, name: str) -> bool:
        """A truth value of the query: `all_tenants=1`, `true`, or named without a value."""
        value = self.query.get(name)
        return value is not None and value.lower() in {"1", "true", "yes", "on", "t", "y", ""}

    def require_admin(self) -> None:
        """Refuse those who are not administrators (403)."""
        if not self.caller.is_admin:
            raise Forbidden("Policy doesn't allow this operation to be performed.", kind="PolicyNotAuthorized")


@dataclass
class Reply:
    """What a handler answers: a JSON document, or raw content, or nothing."""

    document: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    content_type: str = "application/json"


Handler = Callable[[Call], "Reply | dict[str, Any] | None"]
Registered = TypeVar("Registered", bound=Handler)


@dataclass(frozen=True)
class Route:
    """A handler with its pattern: `status` of a success, `admin` for administrators only, `public` without a token."""

    segments: tuple[str, ...]
    handler: Handler
    status: int
    admin: bool
    public: bool

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The named segments, or nothing where the pattern does not fit."""
        params: dict[str, str] = {}
        for pattern, segment in zip(self.segments, segments, strict=True):
            if pattern[:1] == "{":
                params[pattern[1:-1]] = segment
            elif pattern != segment:
                return None
        return params

    def answer(self, call: Call) -> Reply:
        """Run the handler; a document becomes a reply with the route's status, none a 204 (or the route's own)."""
        if self.admin:
            call.require_admin()
        result = self.handler(call)
        if isinstance(result, Reply):
            return result
        if result is None:
            return Reply(status=204 if self.status == 200 else self.status)
        return Reply(result, self.status)


class Router:
    """The routes of one service. Literal segments win over named ones, whatever the order of registration."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, int], list[Route]] = {}

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and its named segments; `NotFound` where no pattern fits."""
        segments = path.rstrip("/").split("/")[1:]
        for route in self._routes.get((method, len(segments)), ()):
            params = route.match(segments)
            if params is not None:
                return route, params
        raise NotFound(f"The resource could not be found: {method} {path}", kind="HTTPNotFound")

    def add(
        self, method: str, pattern: str, *, status: int = 200, admin: bool = False, public: bool = False
    ) -> Callable[[Registered], Registered]:
        """Register the decorated handler."""

        def register(handler: Registered) -> Registered:
            route = Route(tuple(pattern.rstrip("/").split("/")[1:]), handler, status, admin, public)
            routes = self._routes.setdefault((method, len(route.segments)), [])
            routes.append(route)
            routes.sort(key=lambda one: [segment[:1] == "{" for segment in one.segments])
            return handler

        return register

    def get(self, pattern: str, **options: Any) -> Callable[[Registered], Registered]:
        """`add` for GET."""
        return self.add("GET", pattern, **options)

    def post(self, pattern: str, **options: Any) -> Callable[[Registered], Registered]:
        """`add` for POST; give the status of success, for it differs (200, 201, 202)."""
        return self.add("POST", pattern, **options)

    def put(self, pattern: str, **options: Any) -> Callable[[Registered], Registered]:
        """`add` for PUT."""
        return self.add("PUT", pattern, **options)

    def patch(self, pattern: str, **options: Any) -> Callable[[Registered], Registered]:
        """`add` for PATCH."""
        return self.add("PATCH", pattern, **options)

    def delete(self, pattern: str, **options: Any) -> Callable[[Registered], Registered]:
        """`add` for DELETE, which answers 204 unless the route names another status."""
        return self.add("DELETE", pattern, **options)
