"""Runs one program as a language host's Run asks for it on stdin, against the engine at the address in the argument."""

from __future__ import annotations

import asyncio
import runpy
import sys
import traceback
from pathlib import Path

from pulumi.runtime import run_in_stack
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import language_pb2
from pulumi.runtime.settings import reset_options


def main() -> int:
    """0 where it went well; else 1, with a traceback on stderr."""
    request = language_pb2.RunRequest.FromString(sys.stdin.buffer.read())
    engine = sys.argv[1]
    folder = Path(request.info.program_directory, request.info.entry_point).resolve()
    sys.path.insert(0, str(folder))
    sys.argv = [str(folder)]
    reset_options(
        project=request.project,
        stack=request.stack,
        root_directory=request.info.root_directory,
        parallel=request.parallel,
        engine_address=engine,
        monitor_address=request.monitor_address,
        preview=request.dryRun,
        organization=request.organization,
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    try:
        asyncio.new_event_loop().run_until_complete(
            run_in_stack(lambda: runpy.run_path(str(folder), run_name="__main__"))
        )
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
