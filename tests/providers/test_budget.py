"""A service bears only so many calls at once; approved work goes first; a pause that was asked for is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from controller.providers.openstack.budget import Budget, Priority


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def waiting(budget: Budget) -> int:
    return sum(budget._waiting.values())


def test_no_more_calls_at_once_than_it_bears() -> None:
    budget, lock, most, now = Budget(3), threading.Lock(), 0, 0

    def call(_number: int) -> None:
        nonlocal most, now
        with budget.call("compute", Priority.APPLY):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.001)
            with lock:
                now -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(64)))
    assert most == 3
    assert budget.calls == 64


def test_approved_work_goes_before_the_search_for_drift() -> None:
    budget, order = Budget(1), []

    def call(priority: Priority) -> None:
        with budget.call("compute", priority):
            order.append(priority)

    with ThreadPoolExecutor(4) as pool, budget.call("compute", Priority.APPLY):
        for count, priority in enumerate((Priority.DRIFT, Priority.DRIFT, Priority.APPLY, Priority.APPLY), 1):
            pool.submit(call, priority)
            until(lambda count=count: waiting(budget) == count)
    assert order == [Priority.APPLY, Priority.APPLY, Priority.DRIFT, Priority.DRIFT]


def test_services_do_not_wait_for_each_other() -> None:
    budget = Budget(1)
    with budget.call("compute", Priority.APPLY), budget.call("network", Priority.DRIFT):
        assert budget.calls == 2


def test_a_pause_holds_new_calls_back_and_ends() -> None:
    budget = Budget(2)
    budget.pause("compute", 0.2)
    begun = time.monotonic()
    with budget.call("network", Priority.APPLY):
        assert not waiting(budget)
    with budget.call("compute", Priority.APPLY):
        assert time.monotonic() - begun >= 0.2


def test_a_call_that_fails_gives_its_place_back() -> None:
    budget = Budget(1)
    for _ in range(2):
        with pytest.raises(ConnectionError), budget.call("compute", Priority.APPLY):
            raise ConnectionError
    with budget.call("compute", Priority.APPLY):
        assert budget.calls == 3
