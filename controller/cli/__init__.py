"""The command line's entry, safe from its first moment on: the commands themselves take seconds to load."""

from __future__ import annotations

import os
import signal
from types import FrameType

_STOPPED = 130  # as `domain.errors.Stopped`


def main() -> None:
    """Loads the commands and runs the one that was typed. Ctrl-C while they load ends the process with exit code 130:
    nothing has begun.
    """
    before = signal.signal(signal.SIGINT, _stop)
    from controller.cli.commands import run  # noqa: PLC0415 it takes seconds

    signal.signal(signal.SIGINT, before)
    run()


def _stop(_number: int, _frame: FrameType | None) -> None:
    os._exit(_STOPPED)
