"""`yunguan serve` and `yunguan worker`: this process becomes the controller's (`controller.serve`)."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import Annotated, NoReturn

import typer

from controller.cli.arguments import settings
from controller.reconcile.queue import QUEUES


class Queue(StrEnum):
    """Which jobs a worker takes: approved changes and repairs, or drift scans."""

    STACKS = QUEUES["stack"]
    SCANS = QUEUES["scan"]


def serve() -> None:
    """Web, controller and timers in one process, with drift scans in a process beside it. Ctrl-C ends it."""
    settings()
    _become()


def worker(
    queue: Annotated[list[Queue] | None, typer.Option("--queue", help="Which jobs it takes; all otherwise")] = None,
) -> None:
    """Another worker on the same database. Ctrl-C ends it after the calls in flight."""
    settings()
    _become(*(word for one in queue or list(Queue) for word in ("--queue", one.value)))


def _become(*words: str) -> NoReturn:
    os.execv(sys.executable, [sys.executable, "-m", "controller.serve", *words])  # noqa: S606 our own module
