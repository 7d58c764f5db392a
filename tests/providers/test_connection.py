"""A connection is shared by threads: what one service is slow with holds up nobody who asks another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from controller.providers.openstack.connection import Cloud, ProviderSettings


class Discovering:
    """What is signed in: compute tells its versions only once it is let; each service counts how often it is asked."""

    network = "network's adapter"

    def __init__(self) -> None:
        self.asked, self.may_answer, self.times = Event(), Event(), 0

    @property
    def compute(self) -> str:
        self.times += 1
        self.asked.set()
        assert self.may_answer.wait(10)
        return "compute's adapter"


@pytest.fixture
def discovering(monkeypatch: pytest.MonkeyPatch) -> Discovering:
    connection = Discovering()
    monkeypatch.setattr(Cloud, "_connected", lambda _cloud: connection)
    return connection


def test_a_service_that_is_slow_to_tell_its_versions_holds_no_other_up(discovering: Discovering) -> None:
    cloud = Cloud("sandbox", ProviderSettings())
    with ThreadPoolExecutor(3) as pool:
        slow = [pool.submit(cloud._service, "compute") for _ in range(2)]
        try:
            assert discovering.asked.wait(10)
            assert pool.submit(cloud._service, "network").result(timeout=10) == "network's adapter"
        finally:
            discovering.may_answer.set()
        assert [one.result(timeout=10) for one in slow] == ["compute's adapter"] * 2
    assert discovering.times == 1
