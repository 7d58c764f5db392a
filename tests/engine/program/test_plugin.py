"""A plugin's process ends with its run, whatever it has started meanwhile."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from controller.engine.program.plugin import Plugin, Serving

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
