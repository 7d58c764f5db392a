"""Calls back into the program: the SDK serves its transforms and hooks on a server of its own, by token.

One for each run, made by `monitor.py` and used by `transforms.py` and `hooks.py`. A call lasts as long as the program
takes; it ends with the program, which is no failure of what was called where the run was cancelled.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Final, TypeVar

import grpc
from google.protobuf.message import Message
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

from controller.domain.errors import Failed, Refused, Stopped

_LOOPBACK: Final = "127.0.0.1:"
_PREFACE: Final = re.compile(r"^Invoke callback [0-9a-f-]+ error: ")

_GONE: Final = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})
"""How a call ends whose other end is no more."""

Answer = TypeVar("Answer", bound=Message)


class Callbacks:
    """The channels to the program's callback servers, opened at the first call of each. Shared by threads.

    `masked` takes secrets out of what a function of the program raised; `cancelled` is set before the run is ended.
    """

    def __init__(self, masked: Callable[[str], str], cancelled: threading.Event) -> None:
        self.masked = masked
        self._cancelled = cancelled
        self._lock = threading.Lock()
        self._channels: dict[str, grpc.Channel] = {}
        self._closed = False

    def call(self, callback: callback_pb2.Callback, request: Message, answer: type[Answer], what: str) -> Answer:
        """What the program's function makes of `request`. Raises Failed, naming `what` was called, where it raises, and
        Stopped where the program was ended meanwhile, because the run was cancelled.
        """
        stub = callback_pb2_grpc.CallbacksStub(self._channel(callback.target))
        message = callback_pb2.CallbackInvokeRequest(token=callback.token, request=request.SerializeToString())
        try:
            return answer.FromString(stub.Invoke(message).response)
        except grpc.RpcError as error:
            if self._cancelled.is_set() and error.code() in _GONE:
                raise Stopped(f"{what} was cut short, because the process was told to end") from None
            reason = _PREFACE.sub("", error.details() or str(error))
            raise Failed(f"{what} failed: {self.masked(reason)}", remedy="correct the program") from None

    def close(self) -> None:
        """Closes all channels; calls in flight end, and none is begun any more."""
        with self._lock:
            self._closed = True
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()

    def _channel(self, target: str) -> grpc.Channel:
        if not target.startswith(_LOOPBACK):
            raise Refused(f"a callback at {target} is not called", remedy="callbacks are served on the loopback")
        with self._lock:
            if self._closed and self._cancelled.is_set():
                raise Stopped("nothing is called any more, because the process was told to end", where=target)
            if self._closed:
                raise Failed("the run has ended", where=target, remedy="see why the program ended")
            if target not in self._channels:
                self._channels[target] = grpc.insecure_channel(target)
            return self._channels[target]
