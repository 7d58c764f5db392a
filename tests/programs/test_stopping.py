"""Programs that are told to end while they are carried out, as real processes."""

from __future__ import annotations

import signal

import pytest
from sqlalchemy import select

from controller.store.engine import ExecutionRow, ExecutionState, JournalRow
from tests.programs.desk import Desk, config, ops

MANY = config(networks=3, ports=2)


@pytest.fixture(autouse=True)
def patient(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may take longer than the slow one does, for who sends it and for who takes up after it."""
    monkeypatch.setenv("YUNGUAN_REQUEST_TIMEOUT", "6")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_ends_it_after_the_calls_in_flight(desk: Desk, number: signal.Signals) -> None:
    code, said = desk.signalled_up("counts", *MANY, at="/subnets", signals=[number])

    assert code == 130, said
    assert "stopping: calls in flight end" in said
    assert "run it again: it goes on from there" in said
    with desk.sessions() as session:
        outcomes = session.scalars(select(JournalRow.outcome)).all()
        assert session.scalars(select(ExecutionRow.state)).all() == [ExecutionState.RUNNING]
    assert set(outcomes) == {"done"}
    assert len(outcomes) < 12
    assert len(desk.up("counts", *MANY)["outputs"]["networks"]) == 3
    with desk.sessions() as session:
        assert session.scalars(select(JournalRow.outcome)).all() == ["done"] * 12
    assert ops(desk.up("counts", *MANY)) == {}


def test_the_second_signal_ends_it_at_once_and_nothing_is_doubled(desk: Desk) -> None:
    code, _ = desk.signalled_up("counts", *MANY, at="/subnets", signals=[signal.SIGTERM, signal.SIGINT])

    assert code == -signal.SIGKILL
    assert len(desk.up("counts", *MANY)["outputs"]["networks"]) == 3
    assert sorted(desk.networks()) == ["net-0", "net-1", "net-2"]
    assert ops(desk.up("counts", *MANY)) == {}
