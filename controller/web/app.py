"""The web application: routes, what every answer carries, and what is shown when something is wrong.

`cli.serve` builds it and lets uvicorn serve it. It only reads; nothing that it shows is personal data.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from controller.reconcile.figures import Figures
from controller.web.loopback import is_addressed_here
from controller.web.overview import Wanted, overview
from controller.web.rendering import render
from controller.web.stack_page import stack_view
from controller.workplace import Workplace

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
log = logging.getLogger(__name__)

MAX_PAGE = 10**9

Number = Annotated[int, Query(ge=1, le=MAX_PAGE)]


def build(place: Workplace) -> FastAPI:
    """The application on an opened home."""
    figures = CollectorRegistry()
    figures.register(Figures(place.sessions))
    app = FastAPI(title="云管", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    app.middleware("http")(_guard)
    app.exception_handler(HTTPException)(_not_there)
    app.exception_handler(RequestValidationError)(_wrong_request)
    app.exception_handler(OperationalError)(_no_database)
    app.exception_handler(InterfaceError)(_no_database)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        try:
            with place.sessions() as session:
                session.execute(text("SELECT 1"))
        except (OperationalError, InterfaceError):
            return JSONResponse({"status": "down", "database": "does not answer"}, status_code=503)
        return JSONResponse({"status": "ok", "database": "answers"})

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(REGISTRY) + generate_latest(figures), media_type=CONTENT_TYPE_LATEST)

    @app.get("/")
    def front(stacks: Number = 1, cases: Number = 1, incidents: Number = 1, scans: Number = 1) -> HTMLResponse:
        wanted = Wanted(stacks=stacks, cases=cases, incidents=incidents, scans=scans)
        with place.sessions() as session:
            return render("overview.html", view=overview(session, wanted))

    @app.get("/stacks/{name:path}")
    def stack(name: str, resources: Number = 1, executions: Number = 1) -> HTMLResponse:
        with place.sessions() as session:
            view = stack_view(session, name, resources=resources, executions=executions)
            if view is None:
                return render("problem.html", status=404, kind="unknown_stack", subject=name)
            return render("stack.html", view=view)

    return app


async def _guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Turns away what was not addressed to this machine; gives every answer its security headers."""
    response: Response
    if not is_addressed_here(request.headers.get("host", "")):
        response = PlainTextResponse("this server answers only to names of its own machine", status_code=421)
    else:
        try:
            response = await answer(request)
        except Exception:  # a defect: whoever reads the page is told, the log has the rest
            log.exception("page %s", request.url.path)
            response = render("problem.html", status=500, kind="defect", subject=request.url.path)
    response.headers.update(HEADERS)
    return response


async def _not_there(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind = "unknown_page" if status == 404 else "wrong_request"
    return render("problem.html", status=status, kind=kind, subject=request.url.path)


async def _wrong_request(request: Request, error: Exception) -> Response:  # noqa: ARG001 handlers are given both
    return render("problem.html", status=400, kind="wrong_request", subject=f"{request.url.path}?{request.url.query}")


async def _no_database(request: Request, error: Exception) -> Response:  # noqa: ARG001 handlers are given both
    return render("problem.html", status=503, kind="no_database", subject="")
