"""Runs a Pulumi program once: source + configuration → registrations at a `Registrar`, and the stack's outputs.

Whoever plans or applies a stack binds all but the registrar and hands the rest on as a `registration.Program`. The
program runs in a child of the runner (see `runner.py`), sees nothing of the controller's environment but what
`launch.ENVIRONMENT` names, and gets its configuration through a pipe.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.domain.errors import Failed
from controller.engine.program.components import Packages
from controller.engine.program.heard import LOG_LINES
from controller.engine.program.launch import CutOff, Run, Runner
from controller.engine.program.masking import masked
from controller.engine.program.monitor import Monitor
from controller.engine.program.runner import Ended, Job
from controller.engine.program.source import ProgramSource
from controller.engine.properties import PropertyMap
from controller.engine.registration import Registrar
from controller.engine.stack_names import pulumi_stack_name

PARALLEL: Final = 64
TIME_LIMIT: Final = 3600.0
"""Seconds that a run may take where the caller names no other limit."""

_LINE_LENGTH: Final = 2000


@dataclass(frozen=True)
class ProgramResult:
    """What a run left: the stack's outputs, and what the program logged or printed (bounded, secrets masked)."""

    outputs: PropertyMap
    log: Sequence[str]


class ProgramFailed(Failed):
    """The program failed, or was ended before its end; `traceback` and `log` are for its author."""

    def __init__(self, message: str, *, where: str, remedy: str, traceback: str, log: Sequence[str]) -> None:
        super().__init__(message, where=where, remedy=remedy)
        self.traceback = traceback
        self.log = log


def run_program(
    source: ProgramSource,
    *,
    stack: str,
    config: Mapping[str, str],
    registrar: Registrar,
    preview: bool,
    secret_config_keys: Collection[str] = (),
    time_limit: float = TIME_LIMIT,
    cancelled: threading.Event | None = None,
) -> ProgramResult:
    """Runs the program and waits for it, at most `time_limit` seconds, or until `cancelled` is set.

    Raises what the registrar raised first, as it was; ProgramFailed where the program is at fault, or was ended before
    its end. Whatever happens, no registration is in flight any more when this returns.
    """
    name = pulumi_stack_name(stack)
    secrets = [config[key] for key in secret_config_keys if config.get(key)]
    cancelled = cancelled or threading.Event()
    packages = Packages(source.packages, source.interpreter, config, frozenset(secret_config_keys))
    with Monitor(
        registrar,
        project=source.project,
        stack=name,
        preview=preview,
        folder=source.folder,
        packages=packages,
        cancelled=cancelled,
    ) as monitor:
        job = Job(
            directory=str(source.dir),
            main=source.main,
            project=source.project,
            stack=name,
            config=dict(config),
            secret_config_keys=sorted(secret_config_keys),
            preview=preview,
            parallel=PARALLEL,
            monitor=monitor.address,
        )
        with Run(_runner_of(source).start(), job) as run:
            ended = run.wait(time_limit, cancelled)
    log = [masked(message, secrets) for message in monitor.heard.log]
    log += [line[:_LINE_LENGTH] for line in masked(run.printed, secrets).splitlines()[-LOG_LINES:]]
    if monitor.heard.failure is not None:
        raise monitor.heard.failure
    if ended.error:
        raise _failed(ended, masked(ended.error, secrets), masked(ended.traceback, secrets), log)
    return ProgramResult(monitor.heard.outputs, log)


def _failed(ended: Ended, error: str, traceback: str, log: Sequence[str]) -> ProgramFailed:
    if isinstance(ended, CutOff):
        message, remedy = error, "see in its log what it waited for"
    else:
        message, remedy = f"the program failed: {error}", "correct the program"
    return ProgramFailed(message, where=ended.where, remedy=remedy, traceback=traceback, log=log)


_runner = Runner()
_runners: dict[Path, Runner] = {}
"""Runners of programs with a virtualenv of their own."""


def warm_up() -> None:
    """Starts the runner ahead of the first run, so that processes forked from this one share it.

    Such a fork is sound only from a process that has run no program itself: a monitor's server does not survive it.
    """
    link, output = _runner.start()
    link.close()
    os.close(output)


def _runner_of(source: ProgramSource) -> Runner:
    if source.virtualenv is None:
        return _runner
    return _runners.setdefault(source.virtualenv, Runner(source.virtualenv))
