"""What `serve` started beside itself has ended when it ends, also where that does not listen."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from controller import serve
from sandbox.cloud.process import start_of
from tests.waiting import until
from tests.worker.processes import has_ended

DEAF = """#!{python}
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open({told!r}, "w").write(str(os.getpid()))
signal.alarm(60)
signal.pause()
"""


def test_a_worker_for_scans_that_does_not_end_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, deaf = tmp_path / "pid", tmp_path / "deaf"
    deaf.write_text(DEAF.format(python=sys.executable, told=str(told)))
    deaf.chmod(0o700)
    monkeypatch.setattr(serve.sys, "executable", str(deaf))
    monkeypatch.setattr(serve, "ENDING_SECONDS", 1.0)

    async def ended() -> bool:
        scanning = asyncio.create_task(serve._scan_beside())
        await asyncio.to_thread(until, lambda: told.exists() and told.read_text() != "", "it runs")
        pid = int(told.read_text())
        began = start_of(pid)
        assert began
        scanning.cancel()
        await serve._ended(scanning)
        return has_ended(pid, began)

    assert asyncio.run(ended())
