"""A service bears only so many calls at once; the urgent go first; tokens come in batches; a pause is kept."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from controller.engine.provider import Rejected, sending_only_if
from controller.providers.openstack.accounts import OwnAccounts
from controller.providers.openstack.budget import CloudLimits, Grant, Priority
from controller.providers.openstack.gate import Gate
from tests.waiting import until


class Watched(OwnAccounts):
    """Counts how often it is asked; while `shut` it cannot be reached."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[Priority] = Counter()
        self.shut = False

    def take(self, cloud: str, limits: CloudLimits, priority: Priority, wanted: int) -> Grant:
        self.asked[priority] += 1
        return Grant(0, 0.01) if self.shut else super().take(cloud, limits, priority, wanted)


class Hands:
    """Clocks that stand still until `passed` is moved."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def seconds(self) -> float:
        return self.passed.total_seconds()

    def time(self) -> datetime:
        return datetime(2026, 9, 1, tzinfo=UTC) + self.passed


def gate(concurrency: int, accounts: OwnAccounts | None = None, **of: int) -> Gate:
    limits = CloudLimits(per_second=1000.0, burst=1000.0, concurrency=concurrency, concurrency_of=of)
    return Gate("sandbox", limits, accounts or OwnAccounts())


def waiting(of: Gate) -> int:
    return sum(of._waiting.values())


def is_waiting(of: Gate, calls: int) -> bool:
    return waiting(of) == calls


@pytest.mark.parametrize(("service", "bears"), [("compute", 3), ("network", 1)])
def test_no_more_calls_at_once_than_a_service_bears(service: str, bears: int) -> None:
    way, lock, most, now, may_end = gate(3, network=1), threading.Lock(), 0, 0, threading.Event()

    def call() -> None:
        nonlocal most, now
        with way.call(service, Priority.APPLY):
            with lock:
                now += 1
                most = max(most, now)
            assert may_end.wait(60)
            with lock:
                now -= 1

    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(call) for _ in range(64)]
        try:
            until(lambda: (now, waiting(way)) == (bears, 16 - bears), "it is full, and the others wait")
        finally:
            may_end.set()
        for one in calls:
            one.result(timeout=60)
    assert most == bears
    assert way.calls == 64


def test_the_urgent_go_first() -> None:
    way, order = gate(1), []

    def call(priority: Priority) -> None:
        with way.call("compute", priority):
            order.append(priority)

    for priority in Priority:  # each has tokens
        call(priority)
    order.clear()
    asked = [Priority.DRIFT, Priority.CONFIRM, Priority.DRIFT, Priority.APPLY, Priority.CONFIRM, Priority.APPLY]
    with ThreadPoolExecutor(6) as pool, way.call("compute", Priority.APPLY):
        for count, priority in enumerate(asked, 1):
            pool.submit(call, priority)
            until(partial(is_waiting, way, count), "it waits")
    assert order == sorted(asked)


def test_services_do_not_wait_for_each_other() -> None:
    way = gate(1)
    with way.call("compute", Priority.APPLY), way.call("network", Priority.DRIFT):
        assert way.calls == 2


def test_many_calls_ask_for_tokens_a_few_times() -> None:
    accounts = Watched()
    way = gate(16, accounts)

    def call(_number: int) -> None:
        with way.call("compute", Priority.APPLY):
            pass

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(600)))
    assert way.calls == 600
    assert accounts.asked[Priority.APPLY] <= 60


def test_nothing_is_called_while_the_account_cannot_be_reached() -> None:
    accounts = Watched()
    way, accounts.shut = gate(4, accounts), True
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(lambda: way.call("compute", Priority.APPLY).__enter__())
        until(lambda: accounts.asked[Priority.APPLY] >= 3, "it is asked again")
        assert (way.calls, waiting(way)) == (0, 1)
        accounts.shut = False
        call.result(timeout=10)
    assert way.calls == 1


def test_a_pause_holds_all_calls_of_all_processes_back_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands()
    monkeypatch.setattr("controller.providers.openstack.gate.monotonic", hands.seconds)
    monkeypatch.setattr("controller.providers.openstack.accounts.real_now", hands.time)
    accounts = Watched()
    here, there = gate(2, accounts), gate(2, accounts)
    here.pause(0.3)
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(way.call("compute", Priority.APPLY).__enter__) for way in (here, there)]
        try:
            until(lambda: there._paused_until > hands.seconds(), "the other one is told")
            assert here.calls == there.calls == 0
        finally:
            hands.passed += timedelta(seconds=0.31)
        for call in calls:
            call.result(timeout=10)


def test_a_call_that_fails_gives_its_place_back() -> None:
    way = gate(1)
    for _ in range(2):
        with pytest.raises(ConnectionError), way.call("compute", Priority.APPLY):
            raise ConnectionError
    with way.call("compute", Priority.APPLY):
        assert way.calls == 3


def test_a_call_that_waits_for_its_turn_is_given_up_once_the_process_is_told_to_end() -> None:
    way, stopping = gate(1), threading.Event()

    def call() -> None:
        with sending_only_if(lambda: None, until=stopping), way.call("compute", Priority.APPLY):
            pass

    way.pause(3600)
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(call)
        until(lambda: is_waiting(way, 1), "it waits for the pause to end")
        stopping.set()
        with pytest.raises(Rejected, match="told to end"):
            waits.result(timeout=10)
    assert (way.calls, waiting(way)) == (0, 0)
