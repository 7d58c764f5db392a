"""Work on many things at once where some must be done before others. Called by `execute.py` for deletes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import TypeVar

_Key = TypeVar("_Key")


def in_dependency_order(
    before: Mapping[_Key, Collection[_Key]],
    work: Callable[[_Key], None],
    *,
    at_once: int,
    goes_on: Callable[[], bool],
) -> None:
    """Does `work` for each key once all that stand `before` it are done.

    Where it raises, all that come after that key are left undone. Once `goes_on` says no, what is being done is
    finished and nothing new is begun.
    """

    def attempt(key: _Key) -> bool:
        if goes_on():
            work(key)
            return True
        return False

    sorter = TopologicalSorter(before)
    sorter.prepare()
    running: dict[Future[bool], _Key] = {}
    with ThreadPoolExecutor(at_once, thread_name_prefix="delete") as pool:
        while sorter.is_active():
            running |= {pool.submit(attempt, key): key for key in sorter.get_ready()}
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                key = running.pop(future)
                error = future.exception()
                if error is None and future.result():
                    sorter.done(key)
                if error is not None and not isinstance(error, Exception):
                    raise error
