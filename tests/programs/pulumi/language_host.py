"""A language host for Pulumi's own command line: runs a Python program on the SDK that this interpreter has.

Started by the command line as `pulumi-language-python … ENGINE`; it answers with its port on stdout. Pulumi's own host
is part of its releases alone, and of no package registry; what else it does (environments, dependencies) no test needs.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers what `preview`, `up` and `destroy` ask; anything else is unimplemented."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802 - the name in the protocol
        return plugin_pb2.PluginInfo(version="0.0.0")

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        return language_pb2.GetRequiredPackagesResponse()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """In a process of its own, as a program may hold anything; what it prints is the command line's to show."""
        ended = subprocess.run(
            [sys.executable, "-m", "tests.programs.pulumi.run_program", self._engine],
            input=request.SerializeToString(),
            cwd=request.info.root_directory,
            check=False,
            stdout=sys.stderr,
        )
        return language_pb2.RunResponse(bail=ended.returncode != 0)


def main() -> None:
    """Serves until the command line ends it, or interrupts it."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    server = grpc.server(ThreadPoolExecutor(8))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(sys.argv[-1]), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
