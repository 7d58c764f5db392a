"""The queue of wake-ups: a job holds only the subject's key. Jobs are deferred here by name; `worker.py` runs them."""

from __future__ import annotations

from contextlib import suppress

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import make_url

from controller.reconcile.work import Subject

LOOK = {"stack": "look_at_stack", "scan": "scan_cloud", "changes": "scan_changes"}
"""The job that handles a subject, by its kind."""

QUEUES = {"stack": "stacks", "scan": "scans", "changes": "scans"}
"""Scans run in a process of their own, so that they never stand before an approved change."""

STACKS_AT_ONCE = 4
"""How many stacks one worker looks at at the same time."""


def conninfo(url: str) -> str:
    """The libpq connection string of an SQLAlchemy URL."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class Queue:
    """Wakes workers up. A wake-up for a subject that has one already changes nothing."""

    def __init__(self, url: str) -> None:
        connector = procrastinate.SyncPsycopgConnector(conninfo=conninfo(url), min_size=1, max_size=2)
        self._app = procrastinate.App(connector=connector)

    def __enter__(self) -> Queue:
        self._app.open()
        return self

    def __exit__(self, *exc: object) -> None:
        self._app.close()

    def wake(self, subject: Subject) -> None:
        """Call it after the commit that asked for the work; a wake-up that gets lost is made up for by the sweep."""
        job = self._app.configure_task(
            LOOK[subject.kind], queue=QUEUES[subject.kind], lock=str(subject), queueing_lock=str(subject)
        )
        with suppress(AlreadyEnqueued):
            job.defer(key=subject.key)
