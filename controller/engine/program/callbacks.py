"""Calls back into the program: the SDK serves its transforms and hooks on a server of its own, by token.

One for each run, made by `monitor.py` and used by `transforms.py` and `hooks.py`. A call lasts as long as the program
takes; it ends with the program.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Final, TypeVar

import grpc
from google.protobuf.message import Message
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

from controller.domain.errors import Failed, Refused

_LOOPBACK: Final = "127.0.0.1:"
_PREFACE: Final = re.compile(r"^Invoke callback [0-9a-f-]+ error: ")

Answer = TypeVar("Answer", bound=Message)


class Callbacks:
    """The channels to the program's callback servers, opened at the first call of each. Shared by threads.

    `masked` takes secrets out of what a function of the program raised.
    """

    def __init__(self, masked: Callable[[str], str]) -> None:
        self.masked = masked
        self._lock = threading.Lock()
        self._channels: dict[str, grpc.Channel] = {}
        self._closed = False

    def call(self, callback: callback_pb2.Callback, request: Message, answer: type[Answer], what: str) -> Answer:
        """What the program's function makes of `request`. Raises Failed, naming `what` was called, where it raises."""
        stub = callback_pb2_grpc.CallbacksStub(self._channel(callback.target))
        message = callback_pb2.CallbackInvokeRequest(token=callback.token, request=request.SerializeToString())
        try:
            return answer.FromString(stub.Invoke(message).response)
        except grpc.RpcError as error:
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
            if self._closed:
                raise Failed("the run has ended", where=target, remedy="see why the program ended")
            if target not in self._channels:
                self._channels[target] = grpc.insecure_channel(target)
            return self._channels[target]
