"""What a bench runs on: a home in a folder of its own, with or without a simulated cloud, within a limit of time."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from controller.cli.arguments import settings
from controller.domain.errors import Failed
from controller.workplace import Workplace, open_workplace
from sandbox.cloud import process
from sandbox.cloud.process import RunningCloud

CLOUD = "sandbox-admin"
"""The credentials that list all projects at once; systems are made with them as well."""


@dataclass(frozen=True)
class Ground:
    """An opened home beside a simulated cloud without latency."""

    folder: Path
    cloud: RunningCloud
    place: Workplace


@contextmanager
def opened_home() -> Iterator[Workplace]:
    """A home in a folder of its own, with the product's defaults."""
    with _folder() as folder, _environment(_variables(folder)), open_workplace(settings()) as place:
        yield place


@contextmanager
def opened_ground() -> Iterator[Ground]:
    """A home and a cloud in a folder of their own; processes started meanwhile find both by the environment."""
    with _folder() as folder, process.start(folder / "cloud", latency="zero") as cloud:
        variables = {**_variables(folder), "OS_CLIENT_CONFIG_FILE": str(cloud.clouds_yaml)}
        with _environment(variables), open_workplace(settings()) as place:
            yield Ground(folder, cloud, place)


@contextmanager
def limited_to(*, seconds: int) -> Iterator[None]:
    """Raises Failed in the block when the time is over, and leaves it in good order when the process is told to end."""
    handlers = {signal.SIGALRM: _too_late, signal.SIGTERM: _told_to_end}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _too_late(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Failed("the bench did not end within its time", remedy="choose smaller sizes, or a quieter machine")


def _told_to_end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(1)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="yunguan-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _variables(folder: Path) -> Mapping[str, str]:
    return {
        "YUNGUAN_HOME": str(folder / "yunguan"),
        "YUNGUAN_LISTEN_PORT": str(_free_port()),
        "YUNGUAN_SCAN_MINUTES": "600",
        "YUNGUAN_CHANGES_MINUTES": "0",
    }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The process's environment with these variables, and without those that would point at the operator's own home."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("YUNGUAN_")]:
        del os.environ[name]
    os.environ |= variables
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
