"""`yunguan serve` and `yunguan worker`: the processes in which the controller runs."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import logging.handlers
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from controller.cli.arguments import workplace
from controller.cli.output import say
from controller.reconcile.queue import QUEUES
from controller.web import build, require_loopback
from controller.worker import work_on
from controller.workplace import Workplace

PR_SET_PDEATHSIG = 1


class Queues(StrEnum):
    """Which jobs a worker takes: approved changes and repairs, drift scans, or both."""

    STACKS = "stacks"
    SCANS = "scans"
    ALL = "all"


def serve() -> None:
    """Web, API, controller and timers in one process, with drift scans in a process beside it. Ctrl-C ends it."""
    with workplace() as place:
        require_loopback(place.settings)
        _log_to(place.settings.home / "logs")
        with _scanning():
            asyncio.run(_serve(place))


def worker(
    queues: Annotated[Queues, typer.Option("--queue", help="Which jobs it takes")] = Queues.ALL,
    beside: Annotated[int, typer.Option("--beside", hidden=True, help="Pid of the parent that it ends with")] = 0,
) -> None:
    """Another worker on the same database. Ctrl-C ends it after the calls in flight."""
    if beside:
        _end_with(beside)
    with workplace() as place:
        _log_to(place.settings.home / "logs")
        asyncio.run(_work(place, list(QUEUES.values()) if queues is Queues.ALL else [queues.value]))


async def _serve(place: Workplace) -> None:
    config = uvicorn.Config(
        build(place), host=place.settings.listen_host, port=place.settings.listen_port, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    say(f"serving on http://{place.settings.listen_host}:{place.settings.listen_port}")
    working = asyncio.create_task(work_on(place, [QUEUES["stack"]]))
    serving = asyncio.create_task(server.serve())
    await asyncio.wait([working, serving], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    working.cancel()
    for ended in await asyncio.gather(working, serving, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


async def _work(place: Workplace, queues: list[str]) -> None:
    working = asyncio.create_task(work_on(place, queues))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, working.cancel)
    await asyncio.gather(working, return_exceptions=True)


@contextmanager
def _scanning() -> Iterator[None]:
    """A worker for scans as long as the block lasts; it ends with this process, however that ends."""
    child = subprocess.Popen(
        [sys.executable, "-m", "controller.cli", "worker", "--queue", Queues.SCANS, "--beside", str(os.getpid())]
    )
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _end_with(parent: int) -> None:
    """Has the kernel end this process when `parent` ends; it may have ended already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


def _log_to(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(
        folder / "yunguan.log", maxBytes=20_000_000, backupCount=5, encoding="utf-8"
    )
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s %(message)s",
        handlers=[logging.StreamHandler(sys.stderr), file],
    )
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
