"""Plugin: a process that serves a part of a program over gRPC, started by whoever needs it and ended with it.

It has a session of its own: a Ctrl-C is for the controller to handle, and what it forked ends with it.

Two use it: `components.py` for the components that a package builds, `providers/dynamic` for the providers that a
program pickled. The other end is `plugin_server.py`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from controller.domain.errors import Failed
from controller.engine.program import plugin_server
from controller.engine.program.launch import ENVIRONMENT
from controller.engine.program.sockets import private_folder

_START_LIMIT: Final = 60.0
_ENDING: Final = 5.0
"""Seconds that a process is given to end by itself."""

_CHANNEL_OPTIONS: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@dataclass(frozen=True)
class Serving:
    """What a plugin serves: `entry` is a folder or a module of the interpreter's, `folder` what it may import from.

    `environment` is added to what every program sees.
    """

    entry: str
    folder: Path
    interpreter: Path = Path(sys.executable)
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Plugin:
    """A process that serves already, until `end`. `tell` is told, line by line, what it prints."""

    def __init__(self, serving: Serving, tell: Callable[[str], None]) -> None:
        """Starts it. Raises Failed where it does not begin to serve; what it said was told."""
        self.folder = private_folder("yunguan-plugin-")
        self._tell = tell
        self._serves = threading.Event()
        socket = self.folder / "plugin"
        try:
            self.process = subprocess.Popen(
                [
                    *(serving.interpreter, "-uP", plugin_server.__file__, socket, serving.folder),
                    *(serving.entry, *serving.arguments),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**{key: os.environ[key] for key in ENVIRONMENT if key in os.environ}, **serving.environment},
            )
        except OSError as error:
            self.folder.rmdir()
            raise Failed(f"{serving.interpreter}: {error.strerror}") from None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._channel = grpc.insecure_channel(f"unix:{socket}", options=_CHANNEL_OPTIONS)
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        in_time = self._serves.wait(_START_LIMIT)
        if not in_time or not self.is_alive:
            self.end()
            raise Failed("it ended before it served" if in_time else f"it did not serve within {_START_LIMIT:g} s")

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def await_end(self) -> None:
        """Returns once it is known that the process ended, so that the next call does not go to it."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_ENDING)

    def end(self) -> None:
        """Ends it with what it forked; all that it printed has been told when this returns.

        What it started in a session of its own may outlive it and hold its output open; nobody waits for that.
        """
        self._channel.close()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.await_end()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(_ENDING)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self) -> None:
        """Tells what is printed. The first line that is a number alone is the SDK's word that it serves."""
        assert self.process.stdout is not None  # noqa: S101  it was asked for
        for line in self.process.stdout:
            text = line.decode(errors="replace").rstrip()
            if not self._serves.is_set() and text.isdigit():
                self._serves.set()
            else:
                self._tell(text)
        self.process.wait()
        self._serves.set()
