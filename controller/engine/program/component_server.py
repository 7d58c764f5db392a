"""The process that builds the components of one package: its own server, on a private socket.

`components.py` starts it with the program's interpreter, so it imports nothing of ours. The SDK would listen on a port
of the loopback, which every user of the machine can reach. Arguments: the socket, the package's folder, and the address
of the run's monitor. It ends with the process that started it, whose end closes its standard input.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
from typing import Any

from grpc import aio


def main() -> None:
    """Serve until standard input ends."""
    address, folder, engine = sys.argv[1:]
    threading.Thread(target=_end_with_the_engine, daemon=True).start()
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.argv = [folder, engine]
    make = aio.server

    def server(*arguments: Any, **options: Any) -> Any:
        made = make(*arguments, **options)
        listen = made.add_insecure_port
        made.add_insecure_port = lambda **_: listen(f"unix:{address}")  # type: ignore[method-assign]
        return made

    aio.server = server
    runpy.run_path(folder, run_name="__main__")


def _end_with_the_engine() -> None:
    while os.read(sys.stdin.fileno(), 1):  # not by its buffer, whose lock would be held when the package raises
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
