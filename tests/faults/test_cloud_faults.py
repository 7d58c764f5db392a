"""Faults of the cloud while a system is applied or destroyed: nothing wrong is done, and it ends converged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from controller.domain.spec import SystemSpec
from sandbox.cloud.process import RunningCloud
from tests.faults.workers import Workers

MUTATING = "POST|PUT|DELETE"

FAULTS: Mapping[str, list[dict[str, Any]]] = {
    "replies lost after the effect": [{"action": "lose_reply", "method": MUTATING, "nth": 5, "count": 8}],
    "connections closed before the effect": [{"action": "close_before", "method": MUTATING, "nth": 4, "count": 6}],
    "a burst of 409": [{"action": "status", "status": 409, "method": MUTATING, "nth": 3, "count": 10}],
    "a burst of 429": [{"action": "status", "status": 429, "seconds": 0.1, "nth": 10, "count": 20}],
    "a burst of 500": [{"action": "status", "status": 500, "method": MUTATING, "nth": 6, "count": 6}],
    "a burst of 503 on everything": [{"action": "status", "status": 503, "nth": 15, "count": 20}],
    "a token that expires": [{"action": "expire_token", "nth": 30, "count": 2}],
    "lost replies, and then lists with an empty page": [
        {"action": "lose_reply", "method": "POST", "path": "ports|volumes|servers|networks", "nth": 2, "count": 4},
        {"action": "empty_page", "method": "GET", "path": "ports|volumes|servers|networks", "count": 3},
    ],
    "lost replies, and then lists that break off": [
        {"action": "lose_reply", "method": "POST", "path": "ports|volumes|security-group-rules", "nth": 2, "count": 4},
        {"action": "break_chain", "method": "GET", "path": "ports|volumes|security-group-rules", "count": 3},
    ],
}


@pytest.fixture
def prepared(workers: Workers, cloud: RunningCloud, largest: SystemSpec, database_template: str) -> Iterator[None]:
    """A database with the system's execution started."""
    with workers.database(database_template):
        workers.prepare(largest)
        yield


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.usefixtures("prepared")
def test_an_apply_under_faults_ends_converged_once_they_are_over(
    workers: Workers, cloud: RunningCloud, largest: SystemSpec, name: str
) -> None:
    cloud.ask("POST", "/faults", FAULTS[name])
    assert carry_on(workers, cloud, largest) > 0
    left = workers.left()
    assert workers.unsound(left) == []
    assert {one.generation for one in left.states} == {1}, "something was made twice"
    assert workers.journaled_ops() <= {"create", "update"}, "something was deleted"


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.usefixtures("prepared")
def test_a_destroy_under_faults_leaves_nothing(
    workers: Workers, cloud: RunningCloud, largest: SystemSpec, name: str
) -> None:
    carry_on(workers, cloud, largest)
    workers.prepare(None)
    cloud.ask("POST", "/faults", FAULTS[name])
    assert carry_on(workers, cloud, None) > 0
    left = workers.left()
    assert left.states == []
    assert workers.unsound(left) == []


@pytest.mark.usefixtures("prepared")
def test_the_same_program_applied_twice_makes_no_mutating_call_the_second_time(
    workers: Workers, cloud: RunningCloud, largest: SystemSpec
) -> None:
    carry_on(workers, cloud, largest)
    cloud.ask("DELETE", "/counts")
    workers.prepare(largest)
    carry_on(workers, cloud, largest)
    assert cloud.ask("GET", "/counts")["mutating"] == 0


def carry_on(workers: Workers, cloud: RunningCloud, spec: SystemSpec | None) -> int:
    """Executes until it ends well, as the reconciler does: look again while it waits, a new plan where it failed.

    The faults end after the third try. Returns how often they fired.
    """
    fired = 0
    for attempt in range(6):
        report = workers.go_on()
        fired += sum(rule["fired"] for rule in cloud.ask("GET", "/faults"))
        if report["state"] == "succeeded":
            return fired
        if attempt == 2:
            cloud.ask("DELETE", "/faults")
        if report["state"] == "failed":
            workers.prepare(spec)
    raise AssertionError(f"did not converge: {json.dumps(report, indent=1, ensure_ascii=False)[-3000:]}")
