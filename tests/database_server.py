"""Keeps the embedded server of a test run: `python -m tests.database_server FOLDER` starts it and prints its URL.

It holds the server until its input ends, which happens when the run does, however it ends; the last keeper stops it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from controller.store.embedded import EmbeddedPostgres

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")


def main() -> None:
    """Starts, says where, and waits for the end of its input."""
    with EmbeddedPostgres(Path(sys.argv[1]), options=FAST) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
