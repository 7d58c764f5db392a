"""The audit trail only grows, and whoever changes it past the database is found out (invariant 6)."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from controller import audit
from controller.store.audit import AuditRow
from controller.store.database import Sessions
from tests.waiting import until

_BUSY_WRITERS = """
import sys, threading
from controller import audit
from controller.store.database import connect

def fill(sessions):
    while True:
        with sessions.begin() as session:
            audit.record(session, actor="busy", action="case.accept", target="LZ-1")

sessions = connect(sys.argv[1])[1]
for _ in range(12):
    threading.Thread(target=fill, args=(sessions,)).start()
"""


def _fill(sessions: Sessions, count: int, actor: str = "甲") -> None:
    for number in range(count):
        with sessions.begin() as session:
            audit.record(session, actor=actor, action="case.accept", target=f"LZ-{number}", details={"理由": "齐全"})


def test_a_chain_of_many_writers_holds(sessions: Sessions) -> None:
    threads = [threading.Thread(target=_fill, args=(sessions, 10, f"writer {n}")) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sessions() as session:
        verdict = audit.verify(session)
        assert (verdict.rows, verdict.broken_at, verdict.head) == (40, None, audit.head(session))


def test_a_process_that_stands_still_holds_the_line_up_once_whatever_its_threads(sessions: Sessions) -> None:
    with sessions() as session:
        url = session.get_bind().engine.url.render_as_string(hide_password=False)

    def count() -> int:
        with sessions() as session:
            return session.scalar(select(func.count()).select_from(AuditRow)) or 0

    with subprocess.Popen([sys.executable, "-c", _BUSY_WRITERS, url]) as busy:
        try:
            until(lambda: count() > 100, "all its threads write")
            busy.send_signal(signal.SIGSTOP)
            with sessions.begin() as session:
                session.execute(text("SET LOCAL lock_timeout = '10s'"))  # its threads one after the other: 24 s
                audit.record(session, actor="乙", action="case.accept", target="LZ-2")
        finally:
            busy.kill()
    with sessions() as session:
        assert audit.verify(session).broken_at is None
        assert session.scalars(select(AuditRow.actor).where(AuditRow.actor == "乙")).all() == ["乙"]


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = '乙'", "DELETE FROM audit", "TRUNCATE audit"])
def test_the_database_refuses_to_change_a_row(sessions: Sessions, statement: str) -> None:
    _fill(sessions, 1)
    with pytest.raises(DBAPIError, match="only grows"), sessions.begin() as session:
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [("UPDATE audit SET actor = '乙' WHERE id = 2", 2), ("DELETE FROM audit WHERE id = 2", 3)],
)
def test_a_change_past_the_trigger_breaks_the_chain(sessions: Sessions, statement: str, broken_at: int) -> None:
    _fill(sessions, 3)
    with sessions.begin() as session:
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
        session.execute(text(statement))
    with sessions() as session:
        assert audit.verify(session).broken_at == broken_at


def test_a_tail_that_was_cut_off_is_noticed_by_a_hash_that_was_written_down(sessions: Sessions) -> None:
    _fill(sessions, 3)
    with sessions() as session:
        known = audit.head(session)
        assert audit.verify(session, known).knows
    _fill(sessions, 1)
    with sessions() as session:
        assert audit.verify(session, known).knows, "what comes later does not matter"
    with sessions.begin() as session:
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
        session.execute(text("DELETE FROM audit WHERE id >= 3"))
    with sessions() as session:
        verdict = audit.verify(session, known)
    assert (verdict.rows, verdict.broken_at, verdict.knows) == (2, None, False)


@pytest.mark.parametrize(
    "table", ["audit", "case_event", "ledger_event", "bill", "bill_line", "reclaim_search", "certificate"]
)
def test_what_only_grows_is_not_emptied(sessions: Sessions, table: str) -> None:
    with pytest.raises(DBAPIError, match="only grows"), sessions.begin() as session:
        session.execute(text(f"TRUNCATE {table} CASCADE"))


def test_what_a_rolled_back_action_would_have_recorded_is_not_there(sessions: Sessions) -> None:
    with sessions() as session:
        audit.record(session, actor="甲", action="case.accept", target="LZ-1")
        session.rollback()
    with sessions() as session:
        assert audit.verify(session).rows == 0
