"""Work on many things at once where some must be done before others. Called by `execute.py` for deletes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

_Key = TypeVar("_Key")


def in_dependency_order(
    before: Mapping[_Key, Collection[_Key]], work: Callable[[_Key], None], *, at_once: int
) -> dict[_Key, Exception]:
    """Does `work` for each key once all that stand `before` it are done. Returns what failed, by key.

    After a failure what is being done is finished and nothing new is started.
    """
    waiting = {key: set(others) for key, others in before.items()}
    failed: dict[_Key, Exception] = {}
    running: dict[Future[None], _Key] = {}
    with ThreadPoolExecutor(at_once, thread_name_prefix="delete") as pool:
        while not failed or running:
            if not failed:
                for key in [key for key, others in waiting.items() if not others]:
                    del waiting[key]
                    running[pool.submit(work, key)] = key
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                key = running.pop(future)
                error = future.exception()
                if error is None:
                    for others in waiting.values():
                        others.discard(key)
                elif isinstance(error, Exception):
                    failed[key] = error
                else:
                    raise error
    return failed
