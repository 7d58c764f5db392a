"""Calls back into the program: none is begun once the run has ended."""

from __future__ import annotations

from threading import Event

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import callback_pb2

from controller.domain.errors import Failed
from controller.engine.program.callbacks import Callbacks


def test_nothing_is_called_once_the_run_has_ended() -> None:
    callbacks = Callbacks(str, Event())
    callbacks.close()
    callback = callback_pb2.Callback(target="127.0.0.1:1", token="t")
    with pytest.raises(Failed, match="the run has ended"):
        callbacks.call(callback, empty_pb2.Empty(), empty_pb2.Empty, "a transform")
