"""Work rows: asked for twice is done once, and what was asked for meanwhile is not lost."""

from __future__ import annotations

from datetime import timedelta

from controller.clock import real_now
from controller.reconcile import work
from controller.reconcile.queue import LOOK, QUEUES
from controller.reconcile.work import Subject
from controller.store.database import Sessions

STACK = Subject.stack(7)
RECLAIM = Subject("reclaim", "LZ-2026-00002")


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


def test_what_nobody_is_woken_for_does_not_stand_before_looks(sessions: Sessions) -> None:
    with sessions.begin() as session:
        assert work.take(session, RECLAIM, "its stacks have ended", hold=-timedelta(days=1))
        work.ask(session, STACK, "spec merged")
    with sessions() as session:
        assert work.due(session, limit=1) == [STACK]


def test_what_is_taken_is_taken_once_until_its_time_is_over(sessions: Sessions) -> None:
    def is_taken(hold: timedelta) -> bool:
        with sessions.begin() as session:
            return work.take(session, RECLAIM, "its stacks have ended", hold=hold)

    assert is_taken(timedelta(minutes=5))
    assert not is_taken(timedelta(minutes=5))
    with sessions.begin() as session:
        work.done(session, RECLAIM, work.asked(session, RECLAIM))
    assert is_taken(-timedelta(seconds=1))
    assert is_taken(timedelta(minutes=5))


def test_a_subject_reads_back_as_it_was_written() -> None:
    assert Subject.parse(str(STACK)) == STACK
    assert Subject.parse("scan:a:b") == Subject.scan("a:b")


def test_each_look_has_its_job_and_queue() -> None:
    assert set(work.LOOKS) == LOOK.keys() == QUEUES.keys()
