"""Jobs are wake-ups: lost, doubled or of a dead worker, what is due is done once, and no trouble spins."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from controller.casework import opening
from controller.casework.casefile.steps import Act
from controller.casework.conduct import perform
from controller.casework.people import Grant, grant, register_unit
from controller.cli.demo.workbook import UNIT, request
from controller.clock import real_now
from controller.domain.funding import UnitKind
from controller.domain.roles import Role
from controller.engine.registration import Program
from controller.reconcile import work
from controller.reconcile.planning import SystemProgram
from controller.reconcile.queue import QUEUES
from controller.reconcile.work import Subject
from controller.store import clock
from controller.store.casework import CaseEventRow, EventKind
from controller.store.engine import ExecutionState, Provisioning, StackRow
from controller.store.reconcile import ScanRow, Sort, WorkRow
from controller.worker import work_on
from controller.workplace import Workplace
from tests.reconcile.site import Site


def work_until(place: Workplace, condition: Callable[[], bool], *, within: float = 40.0) -> None:
    """A worker in this process, for all queues, until `condition` holds; it is then told to end and waited for."""

    async def work_and_watch() -> None:
        working = asyncio.create_task(work_on(place, list(QUEUES.values())))
        end = time.monotonic() + within
        while not await asyncio.to_thread(condition) and time.monotonic() < end and not working.done():
            await asyncio.sleep(0.05)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working

    asyncio.run(work_and_watch())
    assert condition()


def is_ready(site: Site, stack: int) -> bool:
    return site.stack(stack).provisioning == Provisioning.READY


def approved(site: Site, name: str = "caiwu") -> int:
    """A stack with an approved plan; nobody has been woken up."""
    stack = site.desire(site.system(name=name))
    site.approve(site.plan(stack)[0])
    return stack


def jobs(site: Site) -> int:
    with site.sessions() as session:
        return int(session.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one())


def due_at(site: Site, subject: Subject) -> float:
    """Seconds until the subject is due; fails where it is not asked for."""
    with site.sessions() as session:
        row = session.scalars(select(WorkRow).where(WorkRow.subject == str(subject))).one()
    return (row.due_at - real_now()).total_seconds()


def test_a_wake_up_makes_an_approved_stack_ready(place: Workplace, site: Site) -> None:
    stack = approved(site)
    place.queue.wake(Subject.stack(stack))
    work_until(place, lambda: is_ready(site, stack))


def test_what_is_due_without_any_job_is_found_by_the_sweep(place: Workplace, site: Site) -> None:
    """The wake-up was lost between the commit and the queue."""
    stack = approved(site)
    assert jobs(site) == 0
    work_until(place, lambda: is_ready(site, stack))


def test_wake_ups_without_number_are_one_job_and_one_execution(place: Workplace, site: Site) -> None:
    stack = approved(site)
    for _ in range(5):
        place.queue.wake(Subject.stack(stack))
    assert jobs(site) == 1
    work_until(place, lambda: is_ready(site, stack) and jobs(site) == 0)
    assert [one.state for one in site.executions(stack)] == [ExecutionState.SUCCEEDED]


def test_a_wake_up_for_what_needs_nothing_does_no_harm(place: Workplace, site: Site) -> None:
    stack = site.applied()
    site.forget_counts()
    place.queue.wake(Subject.stack(stack))
    place.queue.wake(Subject.stack(4711))
    work_until(place, lambda: jobs(site) == 0)
    assert site.changes_made() == 0


def test_the_queue_may_be_emptied_at_any_time(place: Workplace, site: Site) -> None:
    stack = approved(site)
    place.queue.wake(Subject.stack(stack))
    with site.sessions.begin() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
    work_until(place, lambda: is_ready(site, stack))


def test_a_dead_workers_job_does_not_block_its_stack(place: Workplace, site: Site) -> None:
    """It still holds the lock, and a second wake-up is queued behind it."""
    stack = approved(site)
    place.queue.wake(Subject.stack(stack))
    with site.sessions.begin() as session:
        dead = session.execute(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id")
        ).scalar_one()
        session.execute(
            text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :dead, attempts = 1"), {"dead": dead}
        )
    place.queue.wake(Subject.stack(stack))
    assert jobs(site) == 2
    work_until(place, lambda: is_ready(site, stack) and jobs(site) == 0)
    assert [one.state for one in site.executions(stack)] == [ExecutionState.SUCCEEDED]


def test_a_cloud_in_use_is_scanned_when_it_is_time_and_drift_repaired(place: Workplace, site: Site) -> None:
    stack = site.applied()
    server = site.resource(stack, "Instance").physical_id
    site.hand.compute.stop_server(server)

    def runs_again() -> bool:
        return str(site.hand.compute.get_server(server).status) == "ACTIVE"

    work_until(place, lambda: runs_again() and len(site.executions(stack)) == 2)
    with site.sessions() as session:
        scans = session.scalars(select(ScanRow)).all()
        assert work.asked(session, Subject.scan("sandbox")) == 0
    assert [(scan.cloud, scan.complete) for scan in scans] == [("sandbox", True)]


def test_drift_among_what_changed_is_repaired_without_a_full_scan(place: Workplace, site: Site) -> None:
    stack = site.applied()
    site.follow(site.scan())
    server = site.resource(stack, "Instance").physical_id
    site.hand.compute.stop_server(server)
    with site.sessions.begin() as session:
        work.ask(session, Subject.changes("sandbox"), "time for a look at what changed")
    work_until(place, lambda: len(site.executions(stack)) == 2 and is_ready(site, stack))
    assert site.hand.compute.get_server(server).status == "ACTIVE"
    with site.sessions() as session:
        scans = session.scalars(select(ScanRow).order_by(ScanRow.id)).all()
        assert work.asked(session, Subject.changes("sandbox")) == 0
    assert [(scan.sort, scan.followed_up) for scan in scans] == [(Sort.FULL, True), (Sort.CHANGES, True)]


def test_a_scan_that_fails_is_tried_again_later_and_no_hot_loop(place: Workplace, site: Site) -> None:
    stack = site.applied()
    with site.sessions.begin() as session:
        session.get_one(StackRow, stack).cloud = "atlantis"
    subject = Subject.scan("atlantis")
    with site.sessions.begin() as session:
        work.ask(session, subject, "time for a scan")
    work_until(place, lambda: due_at(site, subject) > 10)
    assert due_at(site, subject) < 120


@dataclass(frozen=True)
class Defective(SystemProgram):
    """A program that meets a defect of ours for one stack."""

    for_stack: str = ""

    def preview(self, stack: StackRow) -> Program:
        if stack.name == self.for_stack:
            raise KeyError("a defect")
        return super().preview(stack)

    def apply(self, stack: StackRow, stopping: threading.Event) -> Program:
        if stack.name == self.for_stack:
            raise KeyError("a defect")
        return super().apply(stack, stopping)


def test_a_defect_in_one_stack_neither_spins_nor_stops_the_others(
    place: Workplace, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = approved(site), approved(site, "exchange")
    program = Defective(place.reconciler.program.source, for_stack=site.stack(broken).name)
    defective = replace(place, reconciler=replace(place.reconciler, program=program))
    work_until(defective, lambda: is_ready(site, sound) and due_at(site, Subject.stack(broken)) > 10)
    assert any("a defect" in record.message for record in caplog.records)
    with site.sessions.begin() as session:
        work.ask(session, Subject.stack(broken), "mended")
    work_until(place, lambda: is_ready(site, broken))


def test_however_many_workers_sweep_a_clock_that_runs_out_is_told_once(place: Workplace, site: Site) -> None:
    with site.sessions.begin() as session:
        unit = register_unit(session, city="liuzhou", name=UNIT, kind=UnitKind.MUNICIPAL_ORGAN, by="operator")
        grant(session, Grant("unit", "liuzhou", Role.UNIT, unit.code), by="operator")
        grant(session, Grant("authority", "liuzhou", Role.AUTHORITY), by="operator")
        facts = {"origin": "new", "classified": "no", "own_resources": "no"}
        cases = opening.apply(session, opening.Application(request(), "unit", facts), place.ports)
        numbers = [case.number for case in cases]
    for number in numbers:
        with site.sessions.begin() as session:
            perform(session, Act(number, "accept", "authority"), place.ports)
    with site.sessions.begin() as session:
        clock.advance(session, timedelta(days=60))

    def overdue() -> list[int]:
        query = select(CaseEventRow.case_id).where(CaseEventRow.kind == EventKind.OVERDUE)
        with site.sessions() as session:
            return sorted(session.scalars(query))

    with ThreadPoolExecutor(3) as workers:
        told = [workers.submit(work_until, place, lambda: len(overdue()) >= len(numbers)) for _ in range(3)]
        for one in told:
            one.result()
    assert len(overdue()) == len(set(overdue())) == len(numbers) == 3
