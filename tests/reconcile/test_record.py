"""What several lists and a read tell of one server is counted once, whichever list came first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from controller.engine.provider import View
from controller.reconcile.record import Record, opened
from controller.reconcile.verdict import Finding, Verdict
from controller.store.database import Sessions
from controller.store.reconcile import Sort
from tests.reconcile.site import CLOUD

INSTANCE = "openstack:compute/instance:Instance"
PORT = "openstack:networking/port:Port"
UNSEEN = Finding(Verdict.UNKNOWN, INSTANCE, "gone", resource_id=1, cloud=CLOUD)
BY_ITS_PORT = replace(UNSEEN, verdict=Verdict.CHANGED, fields={"networks": (["port"], [])})


@dataclass(frozen=True)
class Lists:
    """The list of servers, which shows one of two, and that of ports, which shows a port of the other's as free."""

    record: Record

    def counts(self) -> dict[str, int]:
        self.record.join_wholes()
        counted = self.record.close([], api_calls=0, seconds=0.0).counts
        return {verdict: number for verdict, number in counted.items() if number}


@pytest.fixture(params=["servers first", "ports first"])
def lists(sessions: Sessions, request: pytest.FixtureRequest) -> Iterator[Lists]:
    view = View(CLOUD, frozenset({CLOUD}))
    with opened(sessions, CLOUD, Sort.FULL, fresh_for=timedelta()) as record:
        servers, ports = record.begin(INSTANCE, view), record.begin(PORT, view)
        record.page(servers, [], objects=1, same=1, seen={CLOUD}, projects=())
        told = [(servers, UNSEEN), (ports, BY_ITS_PORT)]
        for part, finding in told if request.param == "servers first" else reversed(told):
            record.add(part, [finding])
        yield Lists(record)


def test_a_server_that_is_missing_is_nothing_else(lists: Lists) -> None:
    lists.record.settle(UNSEEN, replace(UNSEEN, verdict=Verdict.MISSING))
    assert lists.counts() == {"same": 1, "missing": 1}


def test_a_server_that_is_there_after_all_differs_by_its_port(lists: Lists) -> None:
    lists.record.settle_same(UNSEEN)
    assert lists.counts() == {"same": 1, "changed": 1}


def test_a_server_that_was_worked_on_meanwhile_is_not_counted(lists: Lists) -> None:
    lists.record.leave(UNSEEN)
    assert lists.counts() == {"same": 1}
