"""Signals that come at a moment when nothing may be cut short."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from controller.cli.signals import deferred


def started_when_interrupted(done: list[str]) -> None:
    with deferred(signal.SIGTERM):
        signal.raise_signal(signal.SIGTERM)
        done.append("started")
    done.append("went on")


def test_a_signal_while_a_process_is_started_waits_until_it_is_known() -> None:
    done: list[str] = []
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            started_when_interrupted(done)
        assert done == ["started"]
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_ctrl_c_while_the_commands_load_ends_it_without_a_traceback() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "controller.cli", "kinds"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert any(line.endswith(" typer.main\n") for line in process.stderr), "the commands were never loaded"
        process.send_signal(signal.SIGINT)
        said, printed = process.stderr.read(), process.stdout.read()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert printed == ""
