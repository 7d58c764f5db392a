"""The process that serves a program's dynamic providers: the SDK's own provider server, on a private socket.

`host.py` starts it with the program's interpreter, so it imports nothing of ours. The SDK would listen on a port of the
loopback, where every user of the machine could have it unpickle and run what they like. Arguments: the socket and the
program's folder, from which a pickled provider may import. It ends with the process that started it, whose end closes
its standard input.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
from collections.abc import Callable
from typing import Any

import grpc


def main() -> None:
    """Serve until standard input ends."""
    address, folder = sys.argv[1:]
    threading.Thread(target=_end_with_the_engine, daemon=True).start()
    if os.path.isdir(folder):
        os.chdir(folder)
        sys.path.insert(0, folder)
    grpc.server = _listening_on(address, grpc.server)
    runpy.run_module("pulumi.dynamic", run_name="__main__")


def _listening_on(ours: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """A maker of servers that listen on the socket `ours`, whatever address they are given."""

    def server(*arguments: Any, **options: Any) -> Any:
        made = make(*arguments, **options)
        listen = made.add_insecure_port
        made.add_insecure_port = lambda **_: listen(f"unix:{ours}")
        return made

    return server


def _end_with_the_engine() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
