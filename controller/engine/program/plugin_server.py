"""The process of a plugin: the SDK's own server of it, on a private socket.

`plugin.py` starts it with the program's interpreter, so it imports nothing of ours. The SDK would listen on a port of
the loopback, where every user of the machine could have it run what they like. Arguments: the socket; the folder that
it may import from; what serves, a folder or a module; and the arguments of that. It ends, with all that it forked, with
the process that started it in a session of its own, whose end closes its standard input.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import grpc
from google.protobuf import empty_pb2
from grpc import aio
from pulumi.runtime import settings

_THREADS = 4096
"""Made as they are needed: what a component registers holds one until it is there, also when it nests another one."""


def main() -> None:
    """Serve until standard input ends."""
    socket, folder, entry, *arguments = sys.argv[1:]
    threading.Thread(target=_end_with_the_engine, daemon=True).start()
    if os.path.isdir(folder):
        os.chdir(folder)
        sys.path.insert(0, folder)
    sys.argv = [entry, *arguments]
    grpc.server = _listening_on(socket, partial(grpc.server, interceptors=[_Answering()]))
    aio.server = _listening_on(socket, _registering_without_end(aio.server))
    settings.reset_options = _knowing_the_engine(settings.reset_options)
    if os.path.isdir(entry):
        runpy.run_path(entry, run_name="__main__")
    else:
        runpy.run_module(entry, run_name="__main__")


def _listening_on(socket: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """A maker of servers that listen on `socket`, whatever address they are given."""

    def server(*arguments: Any, **options: Any) -> Any:
        made = make(*arguments, **options)
        listen = made.add_insecure_port
        made.add_insecure_port = lambda **_: listen(f"unix:{socket}")
        return made

    return server


def _registering_without_end(make: Callable[..., Any]) -> Callable[..., Any]:
    """A maker of servers on whose loop no registration waits for a thread.

    By default there are a few, all of which may be held by components whose own parts then find none.
    """

    def server(*arguments: Any, **options: Any) -> Any:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
        return make(*arguments, **options)

    return server


def _knowing_the_engine(reset: Callable[..., None]) -> Callable[..., None]:
    """What the SDK begins a component or a method with, which then knows what the engine supports.

    By itself it asks for components alone, so that a method would tell its secrets in plain, and have no hooks.
    """

    def reset_options(*arguments: Any, **options: Any) -> None:
        reset(*arguments, **options)
        monitor = settings.SETTINGS.monitor
        if monitor is not None and hasattr(
            settings.SETTINGS, "monitor_features"
        ):  # an older SDK asks when it must know
            settings.SETTINGS.monitor_features = set(monitor.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures)

    return reset_options


class _Answering(grpc.ServerInterceptor):  # type: ignore[type-arg]  # it takes arguments in the stubs alone
    """What ends itself within a call (`sys.exit`) is told as what raises there is: else nobody would answer."""

    def intercept_service(self, continuation: Callable[..., Any], details: Any) -> Any:
        """The handler of a call, with an answer in any case."""
        handler = continuation(details)
        if handler is None or handler.unary_unary is None:
            return handler

        def behave(request: Any, context: Any) -> Any:
            try:
                return handler.unary_unary(request, context)
            except SystemExit as ending:
                return context.abort(grpc.StatusCode.UNKNOWN, f"SystemExit: {ending}")

        return grpc.unary_unary_rpc_method_handler(
            behave, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )


def _end_with_the_engine() -> None:
    while os.read(sys.stdin.fileno(), 1):  # not by its buffer, whose lock would be held when the plugin raises
        pass
    os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
