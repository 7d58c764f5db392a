"""DynamicHost: a program's dynamic providers in a process of their own, started by the first call.

`yunguan program` opens one for a run and hands it to the registry. The process runs under the program's interpreter,
sees of the environment what a program sees, and gets the stack's configuration by a call. What it prints is told line
by line, the secrets of the configuration and of the calls masked.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from controller.engine import wire
from controller.engine.program.launch import ENVIRONMENT
from controller.engine.program.run import ProgramSource
from controller.engine.program.sockets import private_folder
from controller.engine.properties import PropertyMap, PropertyValue, Secret, revealed
from controller.engine.provider import Rejected, Uncertain
from controller.providers.dynamic import server

PROVIDER: Final = "__provider"
"""The input that holds the pickled provider."""

_CORRECT: Final = "the traceback stands in the log: correct the provider, or what it calls"
_START_LIMIT: Final = 60.0
_ENDING: Final = 5.0
"""Seconds between the end of a connection and that of the process behind it."""
_SHORTEST_SECRET: Final = 4
"""Characters: a shorter text would mask what has nothing to do with it."""

_CHANNEL_OPTIONS: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class DynamicHost:
    """Serves the pickled providers of one program between `with` and its end. Shared by threads.

    `configuration` is asked for once, when the process starts; `tell` is told what it prints.
    """

    def __init__(
        self, source: ProgramSource, configuration: Callable[[], PropertyMap], tell: Callable[[str], None]
    ) -> None:
        self._source = source
        self._configuration = configuration
        self._tell = tell
        self._lock = threading.Lock()
        self._secrets: frozenset[str] = frozenset()
        self._running: _Running | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def call(self, method: str, request: Message, timeout: float) -> Any:
        """The answer of the provider in `request`, whose secrets must be known (`learn`).

        Raises Rejected where the provider raised or none could be started: by the SDK's word nothing was made then.
        Raises Uncertain where no answer came within `timeout` seconds, or the process ended.
        """
        running = self._started()
        try:
            return getattr(running.stub, method)(request, timeout=timeout)
        except grpc.RpcError as error:
            what = f"the dynamic provider's {method.lower()}"
            if error.code() is grpc.StatusCode.UNKNOWN:
                raise Rejected(self._raised(what, error.details() or ""), status=400, remedy=_CORRECT) from None
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                running.await_end()
            raise Uncertain(f"{what} did not answer: {error.code().name.lower()}") from None

    def learn(self, value: PropertyValue) -> None:
        """Masks from now on the texts that are secret in `value`."""
        found = {text for text in _secret_texts(value) if len(text) >= _SHORTEST_SECRET}
        with self._lock:
            self._secrets = self._secrets | found

    def _started(self) -> _Running:
        with self._lock:
            if self._running is not None and self._running.is_alive:
                return self._running
        configuration = self._configuration()
        self.learn(configuration)
        with self._lock:
            if self._running is None or not self._running.is_alive:
                self._end()
                self._running = _start(self._source, self._print)
                arguments = wire.encode(revealed(configuration))
                self._running.stub.Configure(provider_pb2.ConfigureRequest(args=arguments), timeout=_START_LIMIT)
            return self._running

    def _end(self) -> None:
        if self._running is not None:
            self._running.end()
            self._running = None

    def _raised(self, what: str, traceback: str) -> str:
        """The headline of what a provider raised; the traceback is told."""
        lines = traceback.strip().splitlines() or ["nothing that it says"]
        for line in lines[:-1]:
            self._print(line)
        return f"{what} raised {self._masked(lines[-1])}"

    def _print(self, line: str) -> None:
        self._tell(self._masked(line))

    def _masked(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return text


@dataclass(frozen=True)
class _Running:
    """A process that serves, and the channel to it."""

    process: subprocess.Popen[bytes]
    folder: Path
    channel: grpc.Channel
    stub: provider_pb2_grpc.ResourceProviderStub
    reader: threading.Thread

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def await_end(self) -> None:
        """Returns once it is known that the process ended, so that the next call does not go to it."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_ENDING)

    def end(self) -> None:
        """Ends it at once; what it printed has been told when this returns."""
        self.channel.close()
        self.process.kill()
        self.process.wait()
        self.reader.join()
        (self.folder / "provider").unlink(missing_ok=True)
        self.folder.rmdir()


def _start(source: ProgramSource, tell: Callable[[str], None]) -> _Running:
    """A process that serves already. Raises Rejected where it does not begin to."""
    folder = private_folder("yunguan-dynamic-")
    entry = source.dir / source.main
    interpreter = sys.executable if source.virtualenv is None else source.virtualenv / "bin" / "python"
    environment = {key: value for key, value in os.environ.items() if key in ENVIRONMENT}
    command = [interpreter, "-uP", server.__file__, folder / "provider", entry if entry.is_dir() else entry.parent]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environment, "PULUMI_PROJECT": source.project},
        )
    except OSError as error:
        folder.rmdir()
        raise _no_server(f"{interpreter}: {error.strerror}") from None
    serves = threading.Event()
    reader = threading.Thread(target=_read, args=(process, serves, tell), daemon=True)
    reader.start()
    channel = grpc.insecure_channel(f"unix:{folder}/provider", options=_CHANNEL_OPTIONS)
    running = _Running(process, folder, channel, provider_pb2_grpc.ResourceProviderStub(channel), reader)
    if not serves.wait(_START_LIMIT) or not running.is_alive:
        running.end()
        raise _no_server("it ended before it served")
    return running


def _read(process: subprocess.Popen[bytes], serves: threading.Event, tell: Callable[[str], None]) -> None:
    """Tells what the process prints. The first line that is a number alone is the SDK's word that it serves."""
    assert process.stdout is not None  # noqa: S101  it was asked for
    for line in process.stdout:
        text = line.decode(errors="replace").rstrip()
        if not serves.is_set() and text.isdigit():
            serves.set()
        else:
            tell(text)
    process.wait()
    serves.set()


def _no_server(why: str) -> Rejected:
    return Rejected(
        f"the dynamic provider's process cannot be started: {why}",
        status=400,
        remedy="the interpreter must have pulumi; see runtime.options.virtualenv in Pulumi.yaml",
    )


def _secret_texts(value: PropertyValue, *, inside: bool = False) -> Iterator[str]:
    """Every text in `value` that is secret, or within a secret."""
    if isinstance(value, Secret):
        yield from _secret_texts(value.value, inside=True)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secret_texts(item, inside=inside)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secret_texts(item, inside=inside)
    elif inside and isinstance(value, str):
        yield value
