"""The composition root of jobs: the only place where a job name meets a function.

`yunguan serve` runs one worker for stacks in its own process and one for scans in another; `yunguan worker` adds
more, on any machine with the same database. A job is only a wake-up (docs/decisions/0003): what is due stands in the
database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from sqlalchemy.exc import DBAPIError

from controller.casework import completion, consequences, timers
from controller.casework.specifying import publishing
from controller.clock import real_now
from controller.domain.errors import YunguanError
from controller.engine.applying.fence import StaleFence
from controller.engine.program.run import warm_up
from controller.reconcile import drift, record, work
from controller.reconcile.queue import LOOK, QUEUES, STACKS_AT_ONCE, conninfo
from controller.reconcile.scan import scan, scan_changes
from controller.reconcile.schedule import ask_for_due_scans
from controller.reconcile.work import Subject
from controller.store.engine import StackRow
from controller.workplace import Workplace

HEARTBEAT_SECONDS = 1.0
STALLED_SECONDS = 5.0
SWEEP_SECONDS = 2.0
GRACE_SECONDS = 15.0
PAUSE = timedelta(seconds=60)


log = logging.getLogger(__name__)


async def work_on(place: Workplace, queues: Sequence[str]) -> None:
    """Works on `queues` (of `reconcile.queue.QUEUES`) until it is cancelled or the process is told to end.

    Where the database cuts its connections, it begins anew; the embedded one is started again first if it was killed.
    """
    asyncio.get_running_loop().set_exception_handler(_tell_of_a_lost_job)
    if QUEUES["stack"] in queues:
        warm_up()  # else the first approval would wait for the SDKs to be loaded
    while True:
        try:
            await _work_while_connected(place, queues)
        except* (ConnectorException, psycopg.OperationalError) as cut:
            log.error("the worker lost the database and begins anew: %r", cut.exceptions[0])  # noqa: TRY400
            await asyncio.to_thread(_told, "the database", lambda: _revived(place))
        await asyncio.sleep(SWEEP_SECONDS)


def _tell_of_a_lost_job(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A worker that was given up for dead and comes back cannot finish its jobs: others have, and nothing is lost."""
    error = context.get("exception")
    if isinstance(error, ConnectorException):
        log.warning(
            "a job of this worker was taken over meanwhile, or its end could not be written: %s", error.__cause__
        )
    else:
        loop.default_exception_handler(context)


def _revived(place: Workplace) -> str:
    place.database.revive()
    return "it runs, as far as it is the controller's to start"


async def _work_while_connected(place: Workplace, queues: Sequence[str]) -> None:
    app = build(place)
    async with _opened(app), asyncio.TaskGroup() as group:
        sweeping = group.create_task(_sweep_for_ever(place, app))
        await app.run_worker_async(
            queues=list(queues),
            concurrency=STACKS_AT_ONCE,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_SECONDS,
            shutdown_graceful_timeout=GRACE_SECONDS,
            delete_jobs="successful",
            install_signal_handlers=False,
        )
        sweeping.cancel()


@asynccontextmanager
async def _opened(app: procrastinate.App) -> AsyncIterator[None]:
    """Its connections; they are opened to the end, since a pool that is cancelled meanwhile never lets the loop end."""
    opening = asyncio.create_task(app.connector.open_async())
    try:
        await asyncio.shield(opening)
        yield
    finally:
        await opening
        await app.connector.close_async()


def build(place: Workplace) -> procrastinate.App:
    """The jobs of this controller, bound to the parts of an opened home."""
    connector = procrastinate.PsycopgConnector(conninfo=conninfo(place.database.url), min_size=1, max_size=8)
    app = procrastinate.App(connector=connector)

    @app.task(name=LOOK["stack"], queue=QUEUES["stack"])
    def look_at_stack(key: str) -> None:
        _handle(place, Subject.stack(int(key)), lambda _: place.reconciler.look(int(key)).summary)

    @app.task(name=LOOK["scan"], queue=QUEUES["scan"])
    def scan_cloud(key: str) -> None:
        _handle(place, Subject.scan(key), lambda seen: _scan(place, Subject.scan(key), seen))

    @app.task(name=LOOK["changes"], queue=QUEUES["changes"])
    def scan_for_changes(key: str) -> None:
        _handle(place, Subject.changes(key), lambda seen: _scan(place, Subject.changes(key), seen))

    return app


def _handle(place: Workplace, subject: Subject, doing: Callable[[int], str]) -> None:
    """Does what the subject needs, with how often it was asked for until now.

    Where that fails, it is due again after a pause, so that no trouble spins.
    """
    with place.sessions() as session:
        seen = work.asked(session, subject)
    if _told(_name(place, subject), lambda: doing(seen)):
        return
    with place.sessions.begin() as session:
        work.postpone(session, subject, seen, "it failed", real_now() + PAUSE)


def _name(place: Workplace, subject: Subject) -> str:
    """The subject as people know it: a stack by its name."""
    if subject.kind != "stack":
        return str(subject)
    with place.sessions() as session:
        stack = session.get(StackRow, int(subject.key))
    return f"stack {stack.name}" if stack is not None else str(subject)


def _told(what: str, doing: Callable[[], str]) -> bool:
    """Does one piece of work and logs what it came to; whether it went well. Nothing that fails ends the worker."""
    try:
        log.info("%s: %s", what, doing())
    except StaleFence:
        log.warning("%s: another worker has taken over", what)
    except DBAPIError as error:
        log.error("%s: the database ended it: %s", what, error.orig)  # noqa: TRY400 as below
        return False
    except YunguanError as error:
        log.error("%s: %s", what, error)  # noqa: TRY400 the message is made for people, a traceback is not
        return False
    except Exception:
        log.exception("%s: a defect", what)
        return False
    return True


def _scan(place: Workplace, subject: Subject, seen: int) -> str:
    parts = (place.sessions, place.provider, place.means.vault, subject.key)
    if subject == Subject.changes(subject.key):
        result = scan_changes(*parts)
    else:
        result = scan(*parts, fresh_for=timedelta(minutes=place.settings.scan_fresh_minutes))
    for found in drift.follow_up(place.sessions, place.provider, place.means.vault, result, place.reconciler.limits):
        place.queue.wake(found)
    with place.sessions.begin() as session:
        work.done(session, subject, seen)
        record.forget_old(session)
    return ", ".join(f"{count} {verdict}" for verdict, count in result.counts.items())


async def _sweep_for_ever(place: Workplace, app: procrastinate.App) -> None:
    """Sweeps in every worker, outside the queue: a job that sweeps could die holding the lock that it is to free."""
    while True:
        try:
            await _finish_jobs_of_the_dead(app)
            await asyncio.to_thread(_sweep, place)
        except (YunguanError, DBAPIError, ConnectorException) as error:
            log.error("the sweep failed, and is tried again: %s", error)  # noqa: TRY400 the next round tells more
        except Exception:
            log.exception("the sweep met a defect, and is tried again")
        await asyncio.sleep(SWEEP_SECONDS)


def _sweep(place: Workplace) -> None:
    """Lets time pass in cases, asks for scans, wakes whatever is due, publishes approvals, completes reclaims."""
    with place.sessions() as session:
        clocks = timers.due_clocks(session)
    for clock_id in clocks:
        _told(f"clock {clock_id}", partial(_tend, place, clock_id))
    with place.sessions.begin() as session:
        ask_for_due_scans(
            session,
            full_every=timedelta(minutes=place.settings.scan_minutes),
            changes_every=timedelta(minutes=place.settings.changes_minutes),
        )
    with place.sessions() as session:
        subjects = work.due(session)
    for subject in subjects:
        place.queue.wake(subject)
    publishing.publish_due(place.sessions, place.ports.forge)
    completion.complete_reclaims(place.sessions, place.ports, place.means)


def _tend(place: Workplace, clock_id: int) -> str:
    with place.sessions.begin() as session:
        outcome = timers.tend(session, clock_id, place.ports)
        if outcome is None:
            return "warned"
        consequences.follow(session, outcome, place.ports)
    return f"{outcome.case} is now {outcome.stage}"


async def _finish_jobs_of_the_dead(app: procrastinate.App) -> None:
    """A dead worker's jobs are finished as failed, which frees their locks; the sweep makes new ones."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
