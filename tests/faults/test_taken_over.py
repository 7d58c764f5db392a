"""A worker believed dead comes back (SIGSTOP, SIGCONT): it can write nothing more, and what it still sent is known
(invariant 7).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.domain.spec import SystemSpec
from tests.faults.workers import Workers

NETWORK = "openstack:networking/network:Network"


@pytest.fixture(autouse=True)
def prepared(workers: Workers, largest: SystemSpec, database_template: str) -> Iterator[None]:
    """A database with the system's execution started."""
    with workers.database(database_template):
        workers.prepare(largest)
        yield


@pytest.mark.parametrize(
    ("phase", "networks"),
    [
        ("before intent", 1),
        ("after intent", 1),
        ("sending request 1", 2),
        ("after request 1", 1),
        ("before result", 1),
    ],
)
def test_a_worker_that_comes_back_writes_nothing_more(workers: Workers, phase: str, networks: int) -> None:
    """Only what it was about to send goes out: right behind the fence's check. That bears a known identity.

    Its other threads are stopped anywhere, so they may be about to send, too.
    """
    workers.go_on_until_stopped(f"create network: {phase}")
    assert workers.go_on()["state"] == "succeeded"
    before = workers.left()
    assert workers.unsound(before) == []

    assert workers.wake()["state"] == "taken over"

    after = workers.left()
    assert after.states == before.states
    assert len(after.observations[NETWORK]) == networks
    assert {one.identity for one in after.strangers} <= {one.identity for one in after.states}
