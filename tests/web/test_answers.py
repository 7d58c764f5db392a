"""What every answer carries, who is answered at all, and what is shown when something is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

import controller.web
from controller.catalogue import terms
from controller.domain.errors import Refused
from controller.engine.plan import Purpose
from controller.providers.registry import KINDS
from controller.reconcile.incidents import IncidentKind
from controller.reconcile.verdict import Verdict
from controller.settings import Settings
from controller.store.database import connect
from controller.store.engine import ExecutionState, Operating, Provisioning
from controller.web import build, require_loopback
from controller.workplace import Workplace
from tests.web.conftest import HERE

TEMPLATES = sorted((Path(controller.web.__file__).parent / "templates").glob("*.html"))


def test_health_is_that_the_database_answers(browser: TestClient, place: Workplace) -> None:
    answer = browser.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "answers"})


def test_without_a_database_health_and_pages_say_so(place: Workplace) -> None:
    engine, nowhere = connect("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with TestClient(build(replace(place, sessions=nowhere)), base_url=HERE) as browser:
        health, page = browser.get("/healthz"), browser.get("/")
    engine.dispose()
    assert (health.status_code, health.json()["status"]) == (503, "down")
    assert page.status_code == 503
    assert "数据库暂时没有应答" in page.text
    assert "Traceback" not in page.text


def test_a_defect_is_told_without_its_insides(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("insides")

    monkeypatch.setattr("controller.web.app.overview", broken)
    page = browser.get("/")
    assert page.status_code == 500
    assert "页面出错了" in page.text
    assert "insides" not in page.text
    assert "insides" in caplog.text
    assert page.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", ["/", "/healthz", "/static/style.css", "/nothing", "/stacks/nothing", "/?stacks=x"])
def test_every_answer_carries_its_security_headers(browser: TestClient, path: str) -> None:
    headers = browser.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_pages_need_nothing_from_elsewhere_and_no_script(browser: TestClient) -> None:
    page = browser.get("/").text
    assert re.findall(r'(?:src|href)="(?![/#])[^"]*"', page) == []
    assert "style=" not in page
    style = browser.get("/static/style.css")
    assert style.status_code == 200
    assert "url(" not in style.text


def test_an_unknown_page_is_a_page(browser: TestClient) -> None:
    answer = browser.get("/nothing/here")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.text


def test_nothing_can_be_changed_through_the_pages(browser: TestClient, place: Workplace) -> None:
    assert browser.post("/").status_code == 405
    routes = [route for route in build(place).routes if isinstance(route, APIRoute)]
    assert {method for route in routes for method in route.methods} == {"GET"}


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080", "127.9.9.9"])
def test_this_machine_is_answered(browser: TestClient, host: str) -> None:
    assert browser.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "[::1", "localhost.evil:80"]
)
def test_a_name_of_elsewhere_that_leads_here_is_turned_away(browser: TestClient, host: str) -> None:
    answer = browser.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "云管" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "::1", "localhost"])
def test_serving_on_loopback_is_allowed(host: str) -> None:
    require_loopback(Settings(listen_host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "example.com", ""])  # noqa: S104 that is the test
def test_serving_elsewhere_is_refused_with_what_to_do(host: str) -> None:
    with pytest.raises(Refused) as refused:
        require_loopback(Settings(listen_host=host))
    assert "sign-in" in refused.value.message
    assert "reverse proxy" in refused.value.remedy


def test_every_word_of_the_pages_has_its_text() -> None:
    used = {word for path in TEMPLATES for word in re.findall(r"""\bt\(["'](\w+)["']\)""", path.read_text("utf-8"))}
    assert used
    problems = {kind for kind in terms()["page"] if f"{kind}_remedy" in terms()["page"]}
    assert problems == {"unknown_stack", "unknown_page", "wrong_request", "no_database", "defect"}
    assert sorted(used - terms()["page"].keys()) == []


def test_every_status_and_kind_has_its_term() -> None:
    groups = {
        "provisioning": Provisioning,
        "operating": Operating,
        "execution": ExecutionState,
        "purpose": Purpose,
        "verdict": Verdict,
        "incident": IncidentKind,
        "resource": [kind.token for kind in KINDS],
    }
    lacking = [f"{group}: {word}" for group, words in groups.items() for word in words if word not in terms()[group]]
    assert lacking == []
