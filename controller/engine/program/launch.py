"""Runs in processes of their own: asks the runner for a child, gives it its job, and learns how it ended.

Called by `run.py`. The other end of both sockets is in `runner.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from controller.engine.program import runner
from controller.engine.program.runner import Ended, Job

ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")
"""What a program sees of the controller's environment."""

_WARM: Final = (
    "pulumi_openstack.networking",
    "pulumi_openstack.compute",
    "pulumi_openstack.blockstorage",
    "pulumi_openstack.loadbalancer",
    "controller.domain.spec",
)
"""What the controller's own runner loads before the first run; a program's own interpreter may have none of it."""

_KEPT: Final = 2_000_000
"""Bytes of what a program prints, the last."""

_TICK: Final = 0.2
"""Seconds within which a cancelled run is noticed."""


class Runner:
    """The runner that this process, and whatever was forked from it, asks for runs; started with the first.

    It is executed by the interpreter of `virtualenv`, which must have the SDK, or by the controller's own.
    """

    def __init__(self, virtualenv: Path | None = None) -> None:
        self._virtualenv = virtualenv
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
            except OSError:  # it was ended from outside: a new one takes its place
                self._control.close()
                self._control = None
        if self._control is None:
            self._control = self._open()
            socket.send_fds(self._control, [b"+"], descriptors)

    def _open(self) -> socket.socket:
        if self._process is not None:
            self._process.wait()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            environment = {key: value for key, value in os.environ.items() if key in ENVIRONMENT}
            environment["PYTHONHASHSEED"] = "0"  # what a program pickles of its sets must be the same in every run
            if self._virtualenv is None:
                command = [sys.executable, "-P", "-m", runner.__name__, str(theirs.fileno()), *_WARM]
            else:
                environment["VIRTUAL_ENV"] = str(self._virtualenv)
                command = [str(self._virtualenv / "bin" / "python"), "-P", runner.__file__, str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment
            )
        return ours


@dataclass(frozen=True)
class CutOff(Ended):
    """The end of a run that was ended from here; `error` says why."""


class Run:
    """One run as seen from here: gives its job to the child, gathers what it prints, and learns how it ended."""

    def __init__(self, child: tuple[socket.socket, int], job: Job) -> None:
        self._link, self._output = child
        self._job = job
        self._answers = bytearray()
        self._printed = bytearray()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()
        os.close(self._output)

    @property
    def printed(self) -> str:
        """The last of what the program wrote to its output and error streams."""
        return self._printed.decode(errors="replace")

    def wait(self, time_limit: float, cancelled: threading.Event) -> Ended:
        """How the program ended: CutOff where it was ended at the limit, or when it was cancelled."""
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
                if cancelled.is_set():
                    return self._cut_off("the run was cancelled")
                if time.monotonic() > deadline:
                    return self._cut_off(f"the program did not end within {time_limit:g} s")

    def _listen(self) -> bool:
        try:
            received = self._link.recv(1 << 16)
        except ConnectionResetError:
            return False
        self._answers += received
        return bool(received)

    def _gather(self) -> bool:
        received = os.read(self._output, 1 << 16)
        self._printed = (self._printed + received)[-_KEPT:]
        return bool(received)

    def _ended(self) -> Ended:
        self._gather_rest()
        answers = self._answers.splitlines()
        return Ended(**json.loads(answers[1])) if len(answers) > 1 else Ended("its process ended without an answer")

    def _cut_off(self, reason: str) -> CutOff:
        """Ends the child at once, whatever it is doing."""
        if self._answers:
            pid = json.loads(self._answers.splitlines()[0])["pid"]
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._gather_rest()
        return CutOff(reason, where=self._job.stack)

    def _gather_rest(self) -> None:
        os.set_blocking(self._output, False)
        with contextlib.suppress(BlockingIOError):  # something that the program started holds the stream open
            while self._gather():
                pass
