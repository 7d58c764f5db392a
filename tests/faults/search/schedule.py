"""Threads that take turns on a virtual clock: what runs next is drawn from a seed, so that a run can be had again.

Each thread runs alone until it yields: it pauses, sleeps, or waits for others. A worker is a group of threads. It can
be killed (each of its threads ends where it stands, as in a process that is gone) or frozen (none of them goes on until
it thaws, as after SIGSTOP). What happens in the cloud by itself is an event of the clock.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.orm import Session

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST = 50_000
"""Turns after which a run is taken to have no end."""


class Killed(BaseException):
    """The thread's worker is dead from here on."""


class Stuck(AssertionError):
    """Somebody waits, and nothing will ever happen."""


@dataclass(eq=False)
class Worker:
    """A process: its threads live and die together. `begun` once one of its threads had a turn.

    `told`: it was told to end, and does so when it likes.
    """

    name: str
    told: threading.Event = field(default_factory=threading.Event)
    begun: bool = False
    dead: bool = False
    frozen: bool = False
    threads: list[Thread] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether none of its threads is left."""
        return all(thread.ended for thread in self.threads)

    @property
    def goes_on(self) -> bool:
        """Whether it does anything of its own accord."""
        return not (self.dead or self.frozen or self.ended)


class Thread:
    """One thread, which runs only when it is given the turn."""

    def __init__(self, schedule: Schedule, worker: Worker, work: Callable[[], None]) -> None:
        self.worker = worker
        self.ended = False
        self.ready: Callable[[], bool] = lambda: True
        self.wakes_at = 0.0
        self._schedule = schedule
        self._work = work
        self._turn = threading.Lock()
        self._turn.acquire()
        self._real = threading.Thread(target=self._run, daemon=True)
        self._real.start()

    def take_turn(self) -> None:
        """Runs it until it yields or ends. Called by the schedule alone."""
        self._turn.release()
        self._schedule.back.acquire()

    def park(self) -> None:
        """Gives the turn back until it is given again. Called by the thread itself. Raises Killed in a dead worker."""
        if not self.worker.dead:
            self._schedule.back.release()
            self._turn.acquire()
        if self.worker.dead:
            raise Killed

    def _run(self) -> None:
        self._turn.acquire()
        self._schedule.here.thread = self
        try:
            if not self.worker.dead:
                self._work()
        except Killed:
            pass
        finally:
            self.ended = True
            self._schedule.back.release()


class Schedule:
    """The clock and the threads of one case.

    `on_turn` is called before each turn, and may kill or freeze its worker; `on_begun` after a worker's first one.
    """

    def __init__(self, seed: int, *, on_turn: Callable[[Worker], None], on_begun: Callable[[Worker], None]) -> None:
        self.random = Random(seed)  # noqa: S311
        self.seconds = 0.0
        self.turns = 0
        self._on_turn = on_turn
        self._on_begun = on_begun
        self.back = threading.Lock()
        self.back.acquire()
        self.here = threading.local()
        self._threads: list[Thread] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    @property
    def workers(self) -> list[Worker]:
        """Those that have threads left."""
        return list(dict.fromkeys(one.worker for one in self._threads))

    def worker(self) -> Worker | None:
        """The worker that has the turn."""
        thread: Thread | None = getattr(self.here, "thread", None)
        return thread.worker if thread else None

    def begin(self, worker: Worker, work: Callable[[], None]) -> None:
        """A new thread of `worker`, which waits for its first turn."""
        thread = Thread(self, worker, work)
        worker.threads.append(thread)
        self._threads.append(thread)

    def at(self, seconds: float, event: Callable[[], None]) -> None:
        """Has `event` happen at that time of the clock."""
        heapq.heappush(self._events, (seconds, next(self._numbers), event))

    def pause(self) -> None:
        """Others may go on first."""
        self.wait_for(lambda: True)

    def sleep(self, seconds: float) -> None:
        """Goes on that much later; outside of threads, lets that much happen."""
        until = self.seconds + seconds
        if self.worker() is None:
            self.run(lambda: False, until=until)
        else:
            self.here.thread.wakes_at = until
            self.wait_for(lambda: True)

    def wait_for(self, ready: Callable[[], bool]) -> None:
        """Goes on once `ready`."""
        thread: Thread = self.here.thread
        thread.ready = ready
        thread.park()

    def close(self) -> None:
        """Kills all workers, so that no thread outlives the case."""
        for worker in self.workers:
            self.kill(worker)

    def kill(self, worker: Worker) -> None:
        """Ends each thread of `worker` where it stands."""
        worker.dead = True
        while not worker.ended:
            for thread in [one for one in worker.threads if not one.ended]:
                thread.take_turn()
        self._forget_ended()

    def run(self, over: Callable[[], bool], *, until: float = float("inf")) -> bool:
        """Gives turns until `over`, or that time. Returns whether it is over; raises Stuck where it can never be."""
        while not over():
            able = [one for one in self._threads if not one.worker.frozen and one.ready()]
            now = [one for one in able if one.wakes_at <= self.seconds]
            if now:
                self._give_turn(self.random.choice(now))
                continue
            following = min([one.wakes_at for one in able] + [at for at, _, _ in self._events[:1]] + [until])
            if following == float("inf"):
                raise Stuck("all that is left waits for each other")
            self.seconds = max(self.seconds, following)
            while self._events and self._events[0][0] <= self.seconds:
                heapq.heappop(self._events)[2]()
            if self.seconds >= until:
                return over()
        return True

    def _give_turn(self, thread: Thread) -> None:
        self.turns += 1
        if self.turns > LONGEST:
            raise Stuck("this has no end")
        worker = thread.worker
        self._on_turn(worker)
        if worker.dead or worker.frozen:
            return
        thread.take_turn()
        if not worker.begun:
            worker.begun = True
            self._on_begun(worker)
        if thread.ended:
            self._forget_ended()

    def _forget_ended(self) -> None:
        self._threads = [one for one in self._threads if not one.ended]


class VirtualClock:
    """The engine's clock on a schedule."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._schedule.seconds)

    def shared(self, session: Session) -> datetime:
        return self.now()

    def sleep(self, seconds: float, *, unless: threading.Event) -> None:
        self._schedule.sleep(seconds)


class TurnTaking:
    """The engine's threads on a schedule."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def pool(self, at_once: int) -> Executor:
        return _Pool(self._schedule)

    def lock(self) -> AbstractContextManager[object]:
        return _Lock(self._schedule)


class _Result(Future[Any]):
    """A future whose getters yield."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self._schedule = schedule

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._schedule.wait_for(self.done)
        return super().exception(0)

    def result(self, timeout: float | None = None) -> Any:
        self._schedule.wait_for(self.done)
        return super().result(0)


class _Pool(Executor):
    """Each piece of work is a thread of the worker that submits it; all of them are in flight at once."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._results: list[_Result] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> _Result:
        result = _Result(self._schedule)
        worker = self._schedule.worker()
        assert worker is not None

        def work() -> None:
            try:
                result.set_result(fn(*args, **kwargs))
            except Exception as error:
                result.set_exception(error)

        self._results.append(result)
        self._schedule.begin(worker, work)
        return result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if wait:
            self._schedule.wait_for(lambda: all(one.done() for one in self._results))


class _Lock:
    """A lock for which its holder may yield."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._held = False

    def __enter__(self) -> None:
        if self._held:
            self._schedule.wait_for(lambda: not self._held)
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False
