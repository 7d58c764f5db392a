"""/metrics tells what the database holds and what this process called, and names no unit."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from controller.clock import real_now
from controller.reconcile import work
from controller.store.engine import StackRow
from controller.store.reconcile import ScanRow
from controller.workplace import Workplace

DOCS = Path(__file__).parents[2] / "docs" / "operating.md"


def samples(browser: TestClient) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = browser.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_the_database_holds_is_told(place: Workplace, browser: TestClient) -> None:
    before = samples(browser)
    with place.sessions.begin() as session:
        session.add(StackRow(name="liuzhou/secret-unit/x.internet", cloud="metric", changed_at=real_now()))
        counts = {"same": 7, "changed": 2}
        session.add(
            ScanRow(cloud="metric", started_at=real_now(), ended_at=real_now(), complete=True, objects=9, counts=counts)
        )
        work.ask(session, work.Subject.scan("metric"), "test", after=-timedelta(hours=1))
    after = samples(browser)
    assert after["yunguan_work_due", ()] == before["yunguan_work_due", ()] + 1
    assert after["yunguan_work_lag_seconds", ()] >= 3600
    assert after["yunguan_stacks", ("pending",)] == before.get(("yunguan_stacks", ("pending",)), 0) + 1
    assert after["yunguan_scan_objects", ("metric",)] == 9
    assert after["yunguan_scan_verdicts", ("metric", "changed")] == 2
    assert "secret-unit" not in browser.get("/metrics").text


def test_the_page_for_operators_names_every_metric(browser: TestClient) -> None:
    families = {family.name for family in text_string_to_metric_families(browser.get("/metrics").text)}
    ours = {name for name in families if name.startswith("yunguan_")}
    described = {name.removesuffix("_total") for name in re.findall(r"`(yunguan_\w+)`", DOCS.read_text())}
    assert ours == described
