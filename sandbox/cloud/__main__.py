"""`python -m sandbox.cloud`: one simulated cloud, until SIGTERM or until the process named by --parent is gone."""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
from pathlib import Path

from sandbox.cloud import cloudsyaml, process
from sandbox.cloud.admin import Admin
from sandbox.cloud.server import Front, listen
from sandbox.cloud.services import SERVICES
from sandbox.cloud.world import World

PARENT_LOOK_SECONDS = 0.5


async def serve(arguments: argparse.Namespace) -> None:
    """Bind, boot, write what clients need, and serve until told to end."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    world = World(SERVICES, realistic=arguments.latency == "realistic")
    front, port = await listen(Front(world), arguments.port)
    admin, admin_port = await listen(Admin(world), arguments.admin_port)
    world.url = f"http://127.0.0.1:{port}"
    world.boot()
    gc.freeze()
    home = arguments.home.resolve()
    cloudsyaml.write(world, home / process.CLOUDS_YAML)
    process.write_record(world.url, f"http://127.0.0.1:{admin_port}", home)
    await _until(done, arguments.parent)
    world.transitions.forget()
    await front.cleanup()
    await admin.cleanup()


async def _until(done: asyncio.Event, parent: int | None) -> None:
    """Wait for the end: a signal, or the parent being gone."""
    while not done.is_set() and (parent is None or os.getppid() == parent):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), PARENT_LOOK_SECONDS if parent is not None else None)


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.cloud", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder for clouds.yaml, cloud.json and the log")
    parser.add_argument("--port", type=int, default=0, help="port of the services (0: any free one)")
    parser.add_argument("--admin-port", type=int, default=0, help="port of the admin interface (0: any free one)")
    parser.add_argument("--latency", choices=("zero", "realistic", "0"), default="zero")
    parser.add_argument("--parent", type=int, help="end when this process is no longer the parent")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    arguments.home.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(arguments))


if __name__ == "__main__":
    main()
