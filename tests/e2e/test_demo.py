"""`yunguan demo` on an empty home: every check of its own holds, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

YUNGUAN = Path(sys.executable).with_name("yunguan")


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """An empty HOME and a folder of its own for everything temporary."""
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "LANG": "C.UTF-8",
    }


def processes_of(environment: Mapping[str, str]) -> list[str]:
    """Command lines of the processes that run in this environment, whoever started them."""
    mark = f"TMPDIR={environment['TMPDIR']}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
    return found


def assert_nothing_left(environment: Mapping[str, str]) -> None:
    end = time.monotonic() + 30
    while processes_of(environment):
        assert time.monotonic() < end, processes_of(environment)
        time.sleep(0.2)
    assert [path.name for path in Path(environment["TMPDIR"]).iterdir() if path.name.startswith("yunguan")] == []


@pytest.mark.timeout(600)
def test_the_demo_holds_and_leaves_nothing(environment: Mapping[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [YUNGUAN, "demo"], env=environment, cwd=tmp_path, capture_output=True, check=False, timeout=540
    )
    said = done.stdout.decode()
    assert done.returncode == 0, said[-6000:] + done.stderr.decode()[-2000:]
    assert "✗" not in said
    assert "Traceback" not in said + done.stderr.decode()
    assert_nothing_left(environment)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "tmp"]


@pytest.mark.timeout(300)
def test_a_demo_that_is_interrupted_leaves_nothing(environment: Mapping[str, str], tmp_path: Path) -> None:
    with (tmp_path / "demo.log").open("wb") as log:
        demo = subprocess.Popen([YUNGUAN, "demo"], env=dict(environment), cwd=tmp_path, stdout=log, stderr=log)
    end = time.monotonic() + 120
    while "需求表" not in (tmp_path / "demo.log").read_text():
        assert demo.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)
    demo.send_signal(signal.SIGINT)
    assert demo.wait(timeout=90) != 0
    assert_nothing_left(environment)
