"""The processes in which the controller runs: `python -m controller.serve` behind `yunguan serve` and `yunguan worker`.

It stands above web and worker, which know nothing of each other; the command line becomes it by exec.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import logging
import logging.handlers
import os
import signal
import sys
from pathlib import Path

import uvicorn

from controller.domain.errors import YunguanError
from controller.reconcile.queue import QUEUES
from controller.settings import Settings
from controller.web import build, require_loopback
from controller.worker import work_on
from controller.workplace import Workplace, open_workplace

PR_SET_PDEATHSIG = 1
RESTART_SECONDS = 5.0

log = logging.getLogger(__name__)


def main() -> None:
    """Serves, or works on what `--queue` names until it is told to end."""
    parser = argparse.ArgumentParser(prog="controller.serve")
    parser.add_argument(
        "--queue", action="append", choices=list(QUEUES.values()), help="work on it, and serve no pages"
    )
    parser.add_argument("--beside", type=int, help="pid of the parent that this process ends with")
    wanted = parser.parse_args()
    if wanted.beside is not None:
        _end_with(wanted.beside)
    try:
        with open_workplace(Settings()) as place:
            _log_to(place.settings.home / "logs")
            if wanted.queue:
                asyncio.run(_work(place, wanted.queue))
            else:
                require_loopback(place.settings)
                asyncio.run(_serve(place))
    except YunguanError as error:
        sys.stderr.write(f"yunguan: {error}\n")
        sys.exit(error.exit_code)


async def _serve(place: Workplace) -> None:
    config = uvicorn.Config(
        build(place), host=place.settings.listen_host, port=place.settings.listen_port, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    sys.stderr.write(f"serving on http://{place.settings.listen_host}:{place.settings.listen_port}\n")
    working = asyncio.create_task(work_on(place, [QUEUES["stack"]]))
    scanning = asyncio.create_task(_scan_beside())
    serving = asyncio.create_task(server.serve())
    await asyncio.wait([working, scanning, serving], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    working.cancel()
    scanning.cancel()
    for ended in await asyncio.gather(working, scanning, serving, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


async def _work(place: Workplace, queues: list[str]) -> None:
    working = asyncio.create_task(work_on(place, queues))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, working.cancel)
    await asyncio.gather(working, return_exceptions=True)


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
                await asyncio.wait_for(child.wait(), timeout=30)
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


if __name__ == "__main__":
    main()
