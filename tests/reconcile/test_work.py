"""Work rows: asked for twice is done once, and what was asked for meanwhile is not lost."""

from __future__ import annotations

from datetime import timedelta

from controller.clock import real_now
from controller.reconcile import work
from controller.reconcile.work import Subject
from controller.store.database import Sessions

STACK = Subject.stack(7)


def test_asked_for_is_due_until_it_is_done(sessions: Sessions) -> None:
    with sessions.begin() as session:
        work.ask(session, STACK, "spec merged")
        work.ask(session, STACK, "drift")
        work.ask(session, Subject.scan("云"), "time", after=timedelta(hours=1))
    with sessions.begin() as session:
        assert work.due(session) == [STACK]
        work.done(session, STACK, work.asked(session, STACK))
    with sessions() as session:
        assert work.due(session) == []


def test_what_is_asked_for_while_the_work_is_done_stays(sessions: Sessions) -> None:
    with sessions.begin() as session:
        work.ask(session, STACK, "spec merged")
        seen = work.asked(session, STACK)
        work.ask(session, STACK, "drift")
        work.done(session, STACK, seen)
    with sessions() as session:
        assert work.due(session) == [STACK]


def test_an_earlier_due_time_stays(sessions: Sessions) -> None:
    with sessions.begin() as session:
        work.ask(session, STACK, "now")
        work.ask(session, STACK, "later", after=timedelta(days=1))
    with sessions() as session:
        assert work.due(session) == [STACK]


def test_postponed_work_is_not_due_before_its_time(sessions: Sessions) -> None:
    with sessions.begin() as session:
        work.ask(session, STACK, "now")
        seen = work.asked(session, STACK)
        work.postpone(session, STACK, seen, "a lost call may still show up", real_now() + timedelta(minutes=1))
    with sessions() as session:
        assert work.due(session) == []
        assert work.asked(session, STACK) == 1


def test_what_is_asked_for_while_the_work_fails_is_not_put_off_with_it(sessions: Sessions) -> None:
    with sessions.begin() as session:
        work.ask(session, STACK, "drift")
        seen = work.asked(session, STACK)
        work.ask(session, STACK, "plan approved")
        work.postpone(session, STACK, seen, "repair failed", real_now() + timedelta(hours=1))
    with sessions() as session:
        assert work.due(session) == [STACK]


def test_what_nobody_asked_for_is_put_off_as_well(sessions: Sessions) -> None:
    """A look that was begun by hand, or whose row another worker removed, may have to be repeated."""
    with sessions.begin() as session:
        work.postpone(session, STACK, 0, "repair failed", real_now() - timedelta(seconds=1))
    with sessions() as session:
        assert work.due(session) == [STACK]


def test_a_subject_reads_back_as_it_was_written() -> None:
    assert Subject.parse(str(STACK)) == STACK
    assert Subject.parse("scan:a:b") == Subject.scan("a:b")
