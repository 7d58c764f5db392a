"""Runs a Pulumi program once: source + configuration → registrations at a `Registrar`, and the stack's outputs.

`preview.py` and `execute.py` call `run_program`. The program runs in a child of the runner (see `runner.py`), sees
nothing of the controller's environment but what `ENVIRONMENT` names, and gets its configuration through a pipe.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NoReturn

import yaml

from controller.domain import spec
from controller.domain.errors import Failed, WrongUse
from controller.engine import messages
from controller.engine.monitor import Monitor
from controller.engine.properties import PropertyMap
from controller.engine.registration import Registrar
from controller.engine.runner import Ended, Job

ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")
PARALLEL: Final = 64
TIME_LIMIT: Final = 3600.0
"""Seconds that a run may take where the caller names no other limit."""

_SDKS: Final = ("pulumi", "pulumi-openstack")
_NO_PROGRAM: Final = frozenset({"__pycache__", "venv", "node_modules", "Pulumi.yaml"})
_LOG_LINES: Final = 1000
_LINE_LENGTH: Final = 2000
_TICK: Final = 0.2
"""Seconds within which a cancelled run is noticed."""


@dataclass(frozen=True)
class ProgramSource:
    """Where a program lies: its project's folder and name, and in it the module or folder that is run."""

    dir: Path
    project: str
    main: str = "."

    @classmethod
    def at(cls, folder: Path) -> ProgramSource:
        """The program of the Pulumi project in `folder`. Raises WrongUse where there is none written in Python."""
        path = folder / "Pulumi.yaml"
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            runtime = document["runtime"]
            name = str(document["name"])
        except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
            raise WrongUse(
                "there is no readable Pulumi project here", where=str(path), remedy="name the folder of its Pulumi.yaml"
            ) from error
        language = runtime["name"] if isinstance(runtime, dict) else runtime
        if language != "python":
            raise WrongUse(f"the program is written in {language}", where=str(path), remedy="only python is run here")
        return cls(folder.resolve(), name, str(document.get("main", ".")))


@dataclass(frozen=True)
class ProgramResult:
    """What a run left: the stack's outputs, and what the program logged or printed (bounded, secrets masked)."""

    outputs: PropertyMap
    log: Sequence[str]


class ProgramFailed(Failed):
    """The program itself failed; `traceback` and `log` are for its author."""

    def __init__(self, message: str, *, where: str, traceback: str, log: Sequence[str]) -> None:
        super().__init__(f"the program failed: {message}", where=where, remedy="correct the program")
        self.traceback = traceback
        self.log = log


def program_version(source: ProgramSource) -> str:
    """SHA-256 over all that the program is made of: its files, the spec's module, and the SDKs' releases."""
    digest = hashlib.sha256()
    for sdk in _SDKS:
        digest.update(f"{sdk} {importlib.metadata.version(sdk)}\n".encode())
    digest.update(Path(spec.__file__).read_bytes())
    for path in _files(source):
        digest.update(f"\n{path.relative_to(source.dir).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


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

    Raises what the registrar raised first, as it was; ProgramFailed where the program is at fault; Failed where it was
    ended from outside. Whatever happens, no registration is in flight any more when this returns.
    """
    name = messages.pulumi_stack_name(stack)
    secrets = [config[key] for key in secret_config_keys if config.get(key)]
    with Monitor(registrar, project=source.project, stack=name, preview=preview) as monitor:
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
        with _Run(_runner.start(), job) as run:
            ended = run.wait(time_limit, cancelled)
    log = list(_masked([*monitor.heard.log, *run.printed], secrets))
    if monitor.heard.failure is not None:
        raise monitor.heard.failure
    if ended.error:
        traceback, message = _masked([ended.traceback, ended.error], secrets)
        raise ProgramFailed(message, where=ended.where, traceback=traceback, log=log)
    return ProgramResult(monitor.heard.outputs, log)


class _Runner:
    """The runner that this process, and whatever was forked from it, asks for runs; started with the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> tuple[socket.socket, int]:
        """A new child of the runner: the link to it, and the descriptor where its output can be read."""
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        try:
            with self._lock:
                self._ask([theirs.fileno(), writing])
        finally:
            theirs.close()
            os.close(writing)
        return ours, reading

    def _ask(self, descriptors: list[int]) -> None:
        if self._control is not None:
            try:
                socket.send_fds(self._control, [b"+"], descriptors)
            except OSError:
                self._control = None  # it was ended from outside: a new one takes its place
        if self._control is None:
            self._control = self._open()
            socket.send_fds(self._control, [b"+"], descriptors)

    def _open(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            environment = {key: value for key, value in os.environ.items() if key in ENVIRONMENT}
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "controller.engine.runner", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment,
            )
        return ours


_runner = _Runner()


def warm_up() -> None:
    """Starts the runner ahead of the first run, so that processes forked from this one share it.

    Such a fork is sound only from a process that has run no program itself: a monitor's server does not survive it.
    """
    link, output = _runner.start()
    link.close()
    os.close(output)


class _Run:
    """One run as seen from here: gives its job to the child, gathers what it prints, and learns how it ended."""

    def __init__(self, child: tuple[socket.socket, int], job: Job) -> None:
        self._link, self._output = child
        self._job = job
        self._answers = bytearray()
        self._printed = bytearray()

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()
        os.close(self._output)

    @property
    def printed(self) -> Sequence[str]:
        """The last lines that the program wrote to its output and error streams."""
        lines = self._printed.decode(errors="replace").splitlines()
        return [line[:_LINE_LENGTH] for line in lines[-_LOG_LINES:]]

    def wait(self, time_limit: float, cancelled: threading.Event | None) -> Ended:
        """How the program ended. Ends it, and raises Failed, at the limit or when it is cancelled."""
        deadline = time.monotonic() + time_limit
        with contextlib.suppress(OSError):  # a child that is gone already is found by the end of its link
            self._link.sendall(json.dumps(asdict(self._job)).encode() + b"\n")
        with selectors.DefaultSelector() as selector:
            selector.register(self._link, selectors.EVENT_READ, self._listen)
            selector.register(self._output, selectors.EVENT_READ, self._gather)
            while True:
                for key, _ in selector.select(_TICK):
                    if not key.data():
                        selector.unregister(key.fileobj)
                if self._link not in selector.get_map():
                    return self._ended()
                if cancelled is not None and cancelled.is_set():
                    self._kill("the run was cancelled")
                if time.monotonic() > deadline:
                    self._kill(f"the program did not end within {time_limit:g} s")

    def _listen(self) -> bool:
        try:
            received = self._link.recv(1 << 16)
        except ConnectionResetError:
            return False
        self._answers += received
        return bool(received)

    def _gather(self) -> bool:
        received = os.read(self._output, 1 << 16)
        self._printed = (self._printed + received)[-_LOG_LINES * _LINE_LENGTH :]
        return bool(received)

    def _ended(self) -> Ended:
        os.set_blocking(self._output, False)
        with contextlib.suppress(BlockingIOError):  # something that the program started holds the stream open
            while self._gather():
                pass
        answers = self._answers.splitlines()
        return Ended(**json.loads(answers[1])) if len(answers) > 1 else Ended("its process ended without an answer")

    def _kill(self, reason: str) -> NoReturn:
        """Ends the child at once, whatever it is doing, and raises Failed with `reason`."""
        if self._answers:
            pid = json.loads(self._answers.splitlines()[0])["pid"]
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        raise Failed(reason, where=self._job.stack, remedy="see in the run's log what it waited for")


def _files(source: ProgramSource) -> Iterator[Path]:
    """The project's file and the program's own files, in a fixed order; nothing hidden, nothing compiled."""
    project = source.dir / "Pulumi.yaml"
    if project.exists():
        yield project
    entry = source.dir / source.main
    folder = entry if entry.is_dir() else source.dir
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") or part in _NO_PROGRAM for part in parts):
            yield path


def _masked(lines: Iterable[str], secrets: Sequence[str]) -> Iterator[str]:
    for line in lines:
        for secret in secrets:
            line = line.replace(secret, "[secret]")  # noqa: PLW2901 - each secret is taken out of what is left
        yield line
