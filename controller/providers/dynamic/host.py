"""DynamicHost: a program's dynamic providers in a process of their own, started by the first call.

`yunguan program` opens one for a run and hands it to the registry. The process runs under the program's interpreter,
sees of the environment what a program sees, and gets the stack's configuration by a call. What it prints is told line
by line, the secrets of the configuration and of the calls masked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import grpc
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2

from controller.domain.errors import Failed
from controller.engine import wire
from controller.engine.program.masking import masked
from controller.engine.program.plugin import Plugin, Serving
from controller.engine.program.source import ProgramSource
from controller.engine.properties import PropertyMap, PropertyValue, Secret, revealed
from controller.engine.provider import Rejected, Uncertain

PROVIDER: Final = "__provider"
"""The input that holds the pickled provider."""

_CORRECT: Final = "the traceback stands in the log: correct the provider, or what it calls"
_SHORTEST_SECRET: Final = 4
"""Characters: a shorter text would mask what has nothing to do with it."""


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
        self._running: Plugin | None = None

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

    def masked(self, text: str) -> str:
        """`text` of a provider without the secrets that were learnt."""
        return masked(text, self._secrets)

    def _started(self) -> Plugin:
        with self._lock:
            if self._running is not None and self._running.is_alive:
                return self._running
        configuration = self._configuration()
        self.learn(configuration)
        with self._lock:
            if self._running is None or not self._running.is_alive:
                self._end()
                self._running = self._start(wire.encode(revealed(configuration)))
            return self._running

    def _start(self, configuration: Any) -> Plugin:
        serving = Serving(
            entry="pulumi.dynamic",
            folder=self._source.folder,
            interpreter=self._source.interpreter,
            environment={"PULUMI_PROJECT": self._source.project},
        )
        try:
            plugin = Plugin(serving, self._print)
        except Failed as error:
            raise _no_server(error.message) from None
        try:
            plugin.stub.Configure(provider_pb2.ConfigureRequest(args=configuration))
        except grpc.RpcError as error:
            plugin.end()
            raise _no_server(error.code().name.lower()) from None
        return plugin

    def _end(self) -> None:
        if self._running is not None:
            self._running.end()
            self._running = None

    def _raised(self, what: str, traceback: str) -> str:
        """The headline of what a provider raised; the traceback is told."""
        lines = self.masked(traceback).strip().splitlines() or ["nothing that it says"]
        for line in lines[:-1]:
            self._tell(line)
        return f"{what} raised {lines[-1]}"

    def _print(self, line: str) -> None:
        self._tell(self.masked(line))


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
