"""Work on many things at once where some must be done before others. Called by `removing.py`.

`Threads` is where the threads of a run or a scan come from: the real ones, or in tests those that take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from graphlib import TopologicalSorter
from typing import Final, Protocol, TypeVar

_Key = TypeVar("_Key")


class Threads(Protocol):
    """Threads, and what makes them wait for each other."""

    def pool(self, at_once: int) -> Executor:
        """Runs up to `at_once` pieces of work side by side."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """A lock that may be held across calls to the cloud."""
        ...


class RealThreads:
    """Those of the operating system."""

    def pool(self, at_once: int) -> Executor:
        return ThreadPoolExecutor(at_once, thread_name_prefix="side by side")

    def lock(self) -> AbstractContextManager[object]:
        return threading.Lock()


REAL_THREADS: Final = RealThreads()


def in_dependency_order(
    before: Mapping[_Key, Collection[_Key]],
    work: Callable[[_Key], bool],
    pool: Executor,
    *,
    goes_on: Callable[[], bool],
) -> None:
    """Does `work`, which says whether it succeeded, for each key once all that stand `before` it are done.

    Where it did not, all that come after that key are left undone. Once `goes_on` says no, what is being done is
    finished and nothing new is begun. Raises what `work` raised first, when all that was begun has ended.
    """
    sorter = TopologicalSorter(before)
    sorter.prepare()
    turn = threading.Lock()
    begun: list[Future[None]] = []

    def begin() -> None:
        begun.extend(pool.submit(attempt, key) for key in sorter.get_ready())

    def attempt(key: _Key) -> None:
        if goes_on() and work(key):
            with turn:
                sorter.done(key)
                begin()

    with pool:
        with turn:
            begin()
        for future in begun:  # grows meanwhile: what comes after a key is begun before that one's future is done
            future.result()
