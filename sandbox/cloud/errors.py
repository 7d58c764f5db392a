"""Errors a handler raises, and the body each service gives them.

A handler raises one `ApiError`; the server renders it with the `Dialect` of the service that was asked.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


class ApiError(Exception):
    """An answer that is an error: status, message for the caller, and the type name that neutron puts beside it."""

    status = 500

    def __init__(
        self, message: str, *, kind: str = "", status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status or self.status
        self.kind = kind or type(self).__name__
        self.headers = dict(headers or {})


class BadRequest(ApiError):
    status = 400


class Unauthorized(ApiError):
    status = 401


class Forbidden(ApiError):
    status = 403


class NotFound(ApiError):
    status = 404


class Conflict(ApiError):
    status = 409


class OverLimit(ApiError):
    """Too large or too often: cinder's quota error (413)."""

    status = 413


@dataclass(frozen=True)
class ErrorBody:
    """What goes on the wire."""

    content: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Dialect = Callable[[ApiError], ErrorBody]

_NOVA_FAULTS = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}


def nova_dialect(error: ApiError) -> ErrorBody:
    """Nova and cinder: `{"itemNotFound": {"code": 404, "message": …}}`."""
    fault: dict[str, object] = {"code": error.status, "message": error.message}
    if "Retry-After" in error.headers:
        fault["retryAfter"] = error.headers["Retry-After"]
    return _json({_NOVA_FAULTS.get(error.status, "computeFault"): fault})


def keystone_dialect(error: ApiError) -> ErrorBody:
    """Keystone: `{"error": {"code", "message", "title"}}`."""
    return _json({"error": {"code": error.status, "message": error.message, "title": title(error.status)}})


def neutron_dialect(error: ApiError) -> ErrorBody:
    """Neutron: `{"NeutronError": {"type", "message", "detail"}}`."""
    return _json({"NeutronError": {"type": error.kind, "message": error.message, "detail": ""}})


def octavia_dialect(error: ApiError) -> ErrorBody:
    """Octavia (WSME): `{"faultcode", "faultstring", "debuginfo"}`."""
    side = "Client" if error.status < 500 else "Server"
    return _json({"faultcode": side, "faultstring": error.message, "debuginfo": None})


def glance_dialect(error: ApiError) -> ErrorBody:
    """Glance answers errors in HTML."""
    name = f"{error.status} {title(error.status)}"
    head = f" <head>\n  <title>{name}</title>\n </head>"
    page = f"<html>\n{head}\n <body>\n  <h1>{name}</h1>\n  {error.message}<br /><br />\n </body>\n</html>"
    return ErrorBody(page.encode(), "text/html")


def title(status: int) -> str:
    """The reason phrase of a status."""
    return HTTPStatus(status).phrase


def _json(document: object) -> ErrorBody:
    return ErrorBody(json.dumps(document).encode())
