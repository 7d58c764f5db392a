"""A plugin's process ends with its run, whatever it has started meanwhile."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from controller.domain.errors import Failed
from controller.engine.program.plugin import Plugin, Serving
from tests.waiting import until

LEAVES_A_CHILD = """
import pathlib, subprocess, time
child = subprocess.Popen(["sleep", "120"], start_new_session=True)
pathlib.Path("child").write_text(str(child.pid))
print(1, flush=True)
time.sleep(120)
"""


def test_a_child_that_holds_the_output_open_keeps_nobody(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(LEAVES_A_CHILD)
    plugin = Plugin(Serving(str(tmp_path), tmp_path), lambda line: None)
    child = int((tmp_path / "child").read_text())
    try:
        plugin.end()
        assert not plugin.is_alive
        os.kill(child, 0)  # it is still there, and was not waited for
    finally:
        os.kill(child, signal.SIGKILL)


def test_one_that_never_serves_is_ended_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.engine.program.plugin._START_LIMIT", 0.5)
    (tmp_path / "__main__.py").write_text("import time\ntime.sleep(120)\n")
    with pytest.raises(Failed, match=r"it did not serve within 0\.5 s"):
        Plugin(Serving(str(tmp_path), tmp_path), lambda line: None)


FORKS = """
import os, pathlib, time
child = os.fork()
if child:
    pathlib.Path("child").write_text(str(child))
    print(1, flush=True)
    while not pathlib.Path("crash").exists():
        time.sleep(0.01)
    os._exit(9)
time.sleep(120)
"""


@pytest.fixture
def forked(tmp_path: Path) -> Plugin:
    (tmp_path / "__main__.py").write_text(FORKS)
    return Plugin(Serving(str(tmp_path), tmp_path), lambda line: None)


def await_end_of_child(folder: Path) -> None:
    child = Path("/proc", (folder / "child").read_text())
    until(lambda: not child.exists() or "State:\tZ" in (child / "status").read_text(), "what it forked has ended")


def test_what_it_forked_ends_with_it(forked: Plugin, tmp_path: Path) -> None:
    forked.end()
    await_end_of_child(tmp_path)


def test_also_when_whoever_started_it_is_killed(forked: Plugin, tmp_path: Path) -> None:
    assert forked.process.stdin is not None
    forked.process.stdin.close()  # as the system does it then
    await_end_of_child(tmp_path)
    forked.end()


def test_and_when_it_ended_before(forked: Plugin, tmp_path: Path) -> None:
    (tmp_path / "crash").touch()
    until(lambda: not forked.is_alive, "it crashed")
    forked.end()
    await_end_of_child(tmp_path)


def test_a_signal_to_the_controllers_group_is_not_for_it(forked: Plugin) -> None:
    try:
        assert os.getsid(forked.process.pid) == forked.process.pid != os.getsid(0)
    finally:
        forked.end()
