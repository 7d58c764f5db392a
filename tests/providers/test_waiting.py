"""Looks at what the cloud has yet to finish: they end with the time, and as soon as the process is told to end."""

from __future__ import annotations

import threading

from controller.engine.provider import sending_only_if
from controller.providers.openstack.waiting import looks
from tests.waiting import until


def test_there_is_one_look_where_there_is_no_time() -> None:
    assert len(list(looks(0.0))) == 1


def test_no_look_is_taken_once_the_process_is_told_to_end() -> None:
    stopping, taken = threading.Event(), 0
    with sending_only_if(lambda: None, until=stopping):
        for _ in looks(3600.0):
            taken += 1
            if taken == 3:
                stopping.set()
    assert taken == 3


def test_a_pause_between_two_looks_ends_once_the_process_is_told_to_end() -> None:
    stopping, taken = threading.Event(), list[int]()

    def look() -> None:
        with sending_only_if(lambda: None, until=stopping):
            taken.extend(1 for _ in looks(3600.0))

    looking = threading.Thread(target=look)
    looking.start()
    until(lambda: len(taken) > 1, "it pauses between looks")
    stopping.set()
    looking.join(timeout=60)
    assert not looking.is_alive()
