"""The processes in which the controller runs: `python -m controller.serve` behind `yunguan serve` and `yunguan worker`.

It stands above web and worker, which know nothing of each other; the command line becomes it by exec.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import fcntl
import itertools
import logging
import logging.handlers
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import uvicorn
from prometheus_client import REGISTRY, start_http_server

from controller.domain.errors import Failed, YunguanError
from controller.reconcile.figures import Figures
from controller.reconcile.queue import QUEUES
from controller.settings import Settings
from controller.web import build, require_loopback
from controller.worker import work_on
from controller.workplace import Workplace, open_workplace

PR_SET_PDEATHSIG = 1
RESTART_SECONDS = 5.0
ENDING_SECONDS = 20.0

log = logging.getLogger(__name__)


def main() -> None:
    """Serves, or works on what `--queue` names until it is told to end."""
    parser = argparse.ArgumentParser(prog="controller.serve")
    parser.add_argument(
        "--queue", action="append", choices=sorted(set(QUEUES.values())), help="work on it, and serve no pages"
    )
    parser.add_argument("--beside", type=int, help="pid of the parent that this process ends with")
    wanted = parser.parse_args()
    if wanted.beside is not None:
        _end_with(wanted.beside)
    code, threads = 0, Threads()
    try:
        with open_workplace(Settings()) as place:
            _log_to(place.settings.home / "logs", "-".join(["worker", *wanted.queue]) if wanted.queue else "serve")
            threads.run(_work(place, wanted.queue) if wanted.queue else _serve(place))
    except YunguanError as error:
        sys.stderr.write(f"yunguan: {error}\n")
        code = error.exit_code
    if threads.are_busy:
        os._exit(code)  # the interpreter would wait for them
    sys.exit(code)


class Threads(ThreadPoolExecutor):
    """The threads of a loop, for which nobody waits when all else has ended: the journal knows what they were doing."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: WeakSet[Future[Any]] = WeakSet()

    @property
    def are_busy(self) -> bool:
        return any(not call.done() for call in self._calls)

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Runs `coroutine` on a loop with these threads."""
        runner = asyncio.Runner()
        runner.get_loop().set_default_executor(self)
        try:
            runner.run(coroutine)
        finally:
            if not self.are_busy:  # closing would wait for them
                runner.close()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        call = super().submit(fn, *args, **kwargs)
        self._calls.add(call)
        return call


class Server(uvicorn.Server):
    """Uvicorn's, which leaves signals to this process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(place: Workplace) -> None:
    require_loopback(place.settings)
    listening = _listen(place.settings)
    server = Server(uvicorn.Config(build(place), log_config=None, lifespan="off"))
    _when_told_to_end(place, lambda: setattr(server, "should_exit", True))
    sys.stderr.write(f"serving on http://{place.settings.listen_host}:{listening.getsockname()[1]}\n")
    working = asyncio.create_task(work_on(place, [QUEUES["stack"]]))
    scanning = asyncio.create_task(_scan_beside())
    serving = asyncio.create_task(server.serve([listening]))
    await asyncio.wait([working, scanning, serving], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    working.cancel()
    scanning.cancel()
    await _ended(working, scanning, serving)


async def _work(place: Workplace, queues: list[str]) -> None:
    if place.settings.metrics_port:
        _show_metrics(place)
    working = asyncio.create_task(work_on(place, queues))
    told = asyncio.Event()
    _when_told_to_end(place, told.set)
    await asyncio.wait([working, asyncio.create_task(told.wait())], return_when=asyncio.FIRST_COMPLETED)
    working.cancel()
    await _ended(working)


def _show_metrics(place: Workplace) -> None:
    """Serves what a worker counts, and what the database tells, as `serve` does at /metrics."""
    require_loopback(place.settings)
    REGISTRY.register(Figures(place.sessions))
    port = place.settings.metrics_port
    try:
        start_http_server(port, addr=place.settings.listen_host)
    except OSError as error:
        raise Failed(
            f"cannot show metrics on port {port}: {error.strerror}",
            remedy="give each worker a YUNGUAN_METRICS_PORT of its own",
        ) from None


async def _ended(*tasks: asyncio.Task[None]) -> None:
    """Waits for tasks that were told to end, though not for ever. Raises what one of them ended with."""
    done, late = await asyncio.wait(tasks, timeout=ENDING_SECONDS)
    for task in done:
        if not task.cancelled():
            task.result()
    if late:
        log.warning("calls are still in flight; the next start goes on with what they were for")


def _when_told_to_end(place: Workplace, do: Callable[[], object]) -> None:
    """Sets what a signal to end does: runs begin nothing new from then on. Another one ends the process at once."""

    def told() -> None:
        if place.means.stopping.is_set():
            os.kill(os.getpid(), signal.SIGKILL)
        place.means.stopping.set()
        do()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told)


def _listen(settings: Settings) -> socket.socket:
    """The socket that pages are served on, taken before anything else is started."""
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    try:
        return socket.create_server((settings.listen_host, settings.listen_port), family=family)
    except OSError as error:
        raise Failed(
            f"cannot listen on {settings.listen_host}:{settings.listen_port}: {error.strerror}",
            remedy="set YUNGUAN_LISTEN_PORT to a port that is free",
        ) from None


async def _scan_beside() -> None:
    """Keeps a worker for scans in a process of its own, which ends with this one, however that ends."""
    words = ("-m", "controller.serve", "--queue", QUEUES["scan"], "--beside", str(os.getpid()))
    while True:
        child = await asyncio.create_subprocess_exec(sys.executable, *words)
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            child.terminate()
            try:
                # sooner than `_ended` gives up, so that it is not left behind; a scan only reads
                await asyncio.wait_for(child.wait(), timeout=0.9 * ENDING_SECONDS)
            except TimeoutError:
                child.kill()
                await child.wait()
            raise
        log.error("the worker for scans ended with %s and is started again", code)
        await asyncio.sleep(RESTART_SECONDS)


def _end_with(parent: int) -> None:
    """Has the kernel end this process when `parent` ends; it may have ended already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


def _log_to(folder: Path, name: str) -> None:
    """To stderr, and to a file that no other process writes: rotation knows only one writer."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(
        _unwritten(folder, name), maxBytes=20_000_000, backupCount=5, encoding="utf-8"
    )
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s %(message)s",
        handlers=[logging.StreamHandler(sys.stderr), file],
    )
    logging.getLogger("procrastinate").setLevel(logging.WARNING)


def _unwritten(folder: Path, name: str) -> Path:
    """The first of name.log, name-2.log … that no living process has; it is this one's as long as it lives."""
    for number in itertools.count(1):
        path = folder / (f"{name}.log" if number == 1 else f"{name}-{number}.log")
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            break
    return path


if __name__ == "__main__":
    main()
