"""Signals that come at a moment when nothing may be cut short."""

from __future__ import annotations

import signal

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
