"""Programs that are told to end while they are carried out, as real processes."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from controller.store.budget import ApiBudgetRow
from controller.store.engine import ExecutionRow, ExecutionState, JournalRow
from tests.programs.desk import Desk, config, ops

MANY = config(networks=3, ports=2)


@pytest.fixture(autouse=True)
def patient(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may take longer than the slow one does, for who sends it and for who takes up after it."""
    monkeypatch.setenv("YUNGUAN_REQUEST_TIMEOUT", "6")


def in_flight(desk: Desk) -> Callable[[], bool]:
    """Tells whether the first request to make a subnet, a slow one, is in flight."""
    return desk.erring(action="latency", path="/subnets", seconds=3)


def sent(desk: Desk) -> list[str]:
    """What came of each announced call, but of those that still waited for their turn, and were not sent any more."""
    with desk.sessions() as session:
        rows = session.scalars(select(JournalRow).order_by(JournalRow.id)).all()
    return [row.outcome for row in rows if row.message != "not sent: the process was told to end"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_ends_it_after_the_calls_in_flight(desk: Desk, number: signal.Signals) -> None:
    code, said = desk.signalled_up("counts", *MANY, when=in_flight(desk), signals=[number])

    assert code == 130, said
    assert "stopping: calls in flight end" in said
    assert "run it again: it goes on from there" in said
    with desk.sessions() as session:
        assert session.scalars(select(ExecutionRow.state)).all() == [ExecutionState.RUNNING]
    assert len(sent(desk)) < 12
    assert set(sent(desk)) == {"done"}
    assert len(desk.up("counts", *MANY)["outputs"]["networks"]) == 3
    assert sent(desk) == ["done"] * 12
    assert ops(desk.up("counts", *MANY)) == {}


def test_the_second_signal_ends_it_at_once_and_nothing_is_doubled(desk: Desk) -> None:
    signals = [signal.SIGTERM, signal.SIGINT]
    code, _ = desk.signalled_up("counts", *MANY, when=in_flight(desk), signals=signals)

    assert code == -signal.SIGKILL
    assert len(desk.up("counts", *MANY)["outputs"]["networks"]) == 3
    assert sorted(desk.networks()) == ["net-0", "net-1", "net-2"]
    assert ops(desk.up("counts", *MANY)) == {}


@pytest.mark.parametrize("fault", [{"status": 409}, {"status": 429, "seconds": 3600}], ids=["conflict", "pause"])
def test_what_the_cloud_has_it_wait_for_is_left_to_the_next_run(desk: Desk, fault: dict[str, int]) -> None:
    refusing = desk.erring(action="status", path="/subnets", count=None, **fault)
    code, said = desk.signalled_up("counts", *MANY, when=refusing, signals=[signal.SIGTERM])

    assert code == 130, said
    with desk.sessions() as session:
        assert session.scalars(select(ExecutionRow.state)).all() == [ExecutionState.RUNNING]
        assert set(session.scalars(select(JournalRow.outcome))) == {"done", "rejected"}
    desk.simulated.ask("DELETE", "/faults")
    with desk.sessions.begin() as session:  # the cloud's pause is over
        session.execute(delete(ApiBudgetRow))
    assert len(desk.up("counts", *MANY)["outputs"]["networks"]) == 3
    assert ops(desk.up("counts", *MANY)) == {}


def test_a_hook_of_the_program_that_is_cut_short_is_no_failure(desk: Desk, tmp_path: Path) -> None:
    book = tmp_path / "book"
    words = config(book=book)
    code, said = desk.signalled_up("hesitating", *words, when=book.exists, signals=[signal.SIGTERM])

    assert code == 130, said
    assert desk.networks() == set()
    with desk.sessions() as session:
        assert session.scalars(select(ExecutionRow.state)).all() == [ExecutionState.RUNNING]
        assert session.scalars(select(JournalRow.outcome)).all() == []
    desk.up("hesitating", *words)
    assert desk.networks() == {"hesitating"}
