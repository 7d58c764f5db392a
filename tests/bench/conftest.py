"""Boundary: `yunguan bench` as people run it, in a process of its own, at small sizes.

What is tested is that the figures are about the right thing and that nothing is left behind, never how fast it was.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until

PATIENCE = 240.0

Bench = Callable[..., dict[str, Any]]


class Run:
    """One run of a bench, with a folder for temporary files that tells what it left behind."""

    def __init__(self, temporary: Path, *words: str) -> None:
        self.temporary = temporary
        environment = {name: value for name, value in os.environ.items() if not name.startswith("YUNGUAN_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "controller.cli", "bench", *words],
            env={**environment, "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> tuple[int, str, str]:
        """Exit code, standard output and errors."""
        out, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, errors

    def until(self, condition: Callable[[], bool]) -> None:
        """Waits for a sign of how far the run is."""

        def reached() -> bool:
            assert self.process.poll() is None, self.process.communicate()
            return condition()

        until(reached, "the bench is that far", within=PATIENCE)

    @property
    def files(self) -> list[Path]:
        return list(self.temporary.iterdir())

    @property
    def processes(self) -> set[int]:
        """Everything that runs with this run's folder for temporary files."""
        mark = f"TMPDIR={self.temporary}".encode()
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "environ").read_bytes().split(b"\0")
                state = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            except OSError:
                continue
            if mark in words and state != "Z":
                found.add(int(folder.name))
        return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Starts a bench; what it left running is ended and fails the test."""
    runs: list[Run] = []

    def started(*words: str) -> Run:
        runs.append(Run(tmp_path, *words))
        return runs[-1]

    yield started
    left = set().union(*(run.processes for run in runs))
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


@pytest.fixture
def bench(start: Callable[..., Run]) -> Bench:
    """Runs a bench to its end and gives its figures."""

    def figures(*words: str) -> dict[str, Any]:
        run = start(*words)
        code, out, errors = run.finish()
        assert code == 0, errors
        assert run.files == []
        found: dict[str, Any] = json.loads(out)
        assert found["machine"].keys() >= {"cores", "memory_gb", "python"}
        return found

    return figures
