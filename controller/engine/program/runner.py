"""The runner: a process that has imported the SDKs and forks a child for each run of a program. `run.py` starts it.

It holds no channel and no thread, so what it forks is sound: a controller, which serves gRPC, must never fork for a
program itself. It imports nothing of ours, so that the interpreter of a program's own virtualenv can execute it, and
loads the modules that its arguments name. On its control socket comes a message a run, with two descriptors: the run's
link and where its output goes. On the link the child reads its job and answers its pid, then how it ended, a line of
JSON each. A child ends with the process that asked for it (the link closes) and with the runner; the runner ends once
nobody holds its control socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import importlib
import io
import json
import os
import shutil
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn

import grpc
from pulumi import RunError
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_PR_SET_PDEATHSIG = 1
_GC_THRESHOLDS = (100_000, 50, 50)
"""A program builds many objects that live until its end: the default thresholds cost it two thirds of its time."""


@dataclass(frozen=True)
class Job:
    """One run: which program (`main` below `directory`), for which stack, against which monitor."""

    directory: str
    main: str
    project: str
    stack: str
    config: dict[str, str]
    secret_config_keys: list[str]
    preview: bool
    parallel: int
    monitor: str


@dataclass(frozen=True)
class Ended:
    """How a run ended: `error` is "" where it went well; `where` is the line of the program that raised."""

    error: str = ""
    where: str = ""
    traceback: str = ""


def main() -> None:
    """Serve runs on the control socket whose descriptor is the first argument, until nobody is left to ask."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the controller to handle
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    for module in sys.argv[2:]:
        hasattr(importlib.import_module(module), "anything")  # the SDK loads a module when it is first asked
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            return
        link, output = descriptors
        with contextlib.suppress(OSError):  # no process left to fork: the asker sees its link close without an answer
            if os.fork() == 0:
                control.close()
                _child(link, output)
        os.close(link)
        os.close(output)


def _child(link: int, output: int) -> NoReturn:
    try:
        _die_with_the_runner()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # in the order in which it was written
        with socket.socket(fileno=link) as connection, connection.makefile("rwb") as lines:
            job = Job(**json.loads(lines.readline()))
            threading.Thread(target=_die_with_the_asker, args=(connection, job), daemon=True).start()
            _answer(lines, {"pid": os.getpid()})
            ended = _run(job)
            sys.stdout.flush()
            sys.stderr.flush()
            _answer(lines, asdict(ended))
    finally:
        os._exit(0)


def _answer(lines: io.BufferedRWPair, message: dict[str, Any]) -> None:
    lines.write(json.dumps(message).encode() + b"\n")
    lines.flush()


def _die_with_the_runner() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        os._exit(1)  # it had died before


def _die_with_the_asker(connection: socket.socket, job: Job) -> None:
    """Nothing comes on the link after the job, so whatever ends this read is its end."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    shutil.rmtree(Path(job.monitor.removeprefix("unix:")).parent, ignore_errors=True)
    os._exit(1)


class _Engine:
    """The engine's log without the SDK's own debug lines: several synchronous calls a resource, read by nobody."""

    def __init__(self, address: str) -> None:
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802 - the name in the protocol
        if request.severity != engine_pb2.DEBUG:
            self._stub.Log(request)

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        call: Callable[[Any], Any] = getattr(self._stub, name)
        return call


def _run(job: Job) -> Ended:
    entry = Path(job.directory, job.main).resolve()
    folder = entry if entry.is_dir() else entry.parent
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=job.parallel))
    try:
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        sys.argv = [str(entry)]
        reset_options(
            project=job.project,
            stack=job.stack,
            root_directory=job.directory,
            parallel=job.parallel,
            engine_address=_Engine(job.monitor),  # type: ignore[arg-type]  # taken as it is where it is no string
            monitor_address=job.monitor,
            preview=job.preview,
            organization="organization",
        )
        set_all_config(job.config, job.secret_config_keys)
        loop.run_until_complete(run_in_stack(lambda: _begin(entry)))
    except RunError as error:
        return Ended(str(error))
    except BaseException as error:  # whatever a program raises is how it ended
        return _ended(error, folder)
    return Ended()


async def _begin(entry: Path) -> None:
    """Executes the program, and lets what it registered begin before the SDK waits for it.

    Where nothing has begun the SDK waits for the outputs first, all of them anew whenever one of them has come: on a
    quiet machine five times the work for 1,000 resources, and more than that for more.
    """
    _execute(entry)
    await asyncio.sleep(0)


def _execute(entry: Path) -> None:
    """Executes the program as the module `__main__`, which stays: the SDK looks into it for annotations later."""
    path = entry / "__main__.py" if entry.is_dir() else entry
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__file__ = str(path)
    try:
        exec(compile(path.read_bytes(), path, "exec"), vars(module))  # noqa: S102 - to run programs is what it is for
    except SystemExit as leaving:
        if leaving.code:
            raise


def _ended(error: BaseException, folder: Path) -> Ended:
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    where = _line_in(folder, cause.__traceback__)
    for one in _chain(error):
        one.__traceback__ = _without_the_way_there(one.__traceback__, folder)
    return Ended(f"{type(cause).__name__}: {cause}", where, "".join(traceback.format_exception(error)))


def _chain(error: BaseException) -> list[BaseException]:
    """`error` and those that led to it, each once: the SDK raises some from themselves."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or following.__context__
    return chain


def _without_the_way_there(trace: TracebackType | None, folder: Path) -> TracebackType | None:
    """`trace` from the program's first frame on; where it never came there, what follows the last frame of ours."""
    rest = trace
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if _is_of_program(file, folder):
            return trace
        trace = trace.tb_next
        if file == __file__:
            rest = trace
    return rest


def _line_in(folder: Path, trace: TracebackType | None) -> str:
    """The innermost line of the program itself, as `file:line`."""
    frames = [frame for frame in traceback.extract_tb(trace) if _is_of_program(frame.filename, folder)]
    return f"{Path(frames[-1].filename).relative_to(folder)}:{frames[-1].lineno}" if frames else ""


def _is_of_program(file: str, folder: Path) -> bool:
    """Whether it lies in the program's folder, but in no virtualenv there."""
    path, environment = Path(file), Path(sys.prefix)
    return path.is_relative_to(folder) and not (environment.is_relative_to(folder) and path.is_relative_to(environment))


if __name__ == "__main__":
    main()
