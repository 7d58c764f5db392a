"""A process of the controller: started, watched by its pid, ended, together with the processes that it started."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.cloud.process import start_of
from tests.waiting import PATIENCE


@dataclass
class Controller:
    """`python -m controller.serve` with some words."""

    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    @contextmanager
    def started(cls, folder: Path, words: Sequence[str], environment: Mapping[str, str]) -> Iterator[Controller]:
        log = folder / f"controller-{'-'.join(words).strip('-') or 'serve'}-{time.monotonic_ns()}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "controller.serve", *words],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=dict(environment),
            )
        controller = cls(process, log)
        try:
            yield controller
        finally:
            controller.kill()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def children(self) -> dict[int, str]:
        """Pids of the processes that it started, each with when it began."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        pids = [int(pid) for pid in listed.read_text().split()] if listed.exists() else []
        return {pid: start_of(pid) for pid in pids}

    def terminate(self) -> int:
        """SIGTERM; the exit code. Fails where it does not end in good order within its bound."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        """kill -9, where it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=PATIENCE)


def has_ended(pid: int, began: str) -> bool:
    """Whether that very process is gone."""
    return start_of(pid) != began
