"""What the database tells of work, executions, scans, incidents and budgets, as Prometheus metrics read at each scrape.

The same whichever process serves them. Labels name clouds and states, never a unit or a resource. Served by `web` and,
for workers, by `serve.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.reconcile import work
from controller.store.budget import ApiBudgetRow
from controller.store.database import Sessions
from controller.store.engine import ExecutionRow, StackRow
from controller.store.reconcile import IncidentRow, ScanRow, WorkRow


class Figures(Collector):
    """Register one in a process's registry. While the database cannot be reached it tells nothing."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def describe(self) -> Sequence[Metric]:
        """Nothing beforehand, so that registering needs no database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        try:
            with self._sessions() as session:
                yield from [*_work(session), *_counts(session), *_scans(session), _budgets(session)]
        except (OperationalError, InterfaceError):
            return


def _work(session: Session) -> Iterator[Metric]:
    due, oldest = session.execute(select(func.count(), func.min(WorkRow.due_at)).where(work.is_look_due())).one()
    yield _gauge("yunguan_work_due", "Looks and scans that are due", [], [((), due)])
    lag = (real_now() - oldest).total_seconds() if oldest is not None else 0.0
    yield _gauge("yunguan_work_lag_seconds", "How long the oldest of them has been due", [], [((), lag)])
    jobs = session.execute(text("SELECT queue_name, status::text, count(*) FROM procrastinate_jobs GROUP BY 1, 2"))
    yield _gauge(
        "yunguan_jobs",
        "Wake-ups in the queue",
        ["queue", "status"],
        [((queue, status), n) for queue, status, n in jobs],
    )


def _counts(session: Session) -> Iterator[Metric]:
    for name, told, column, open_only in (
        ("yunguan_executions", "Executions by how they stand", ExecutionRow.state, None),
        ("yunguan_stacks", "Stacks by what the controller does with them", StackRow.provisioning, None),
        ("yunguan_incidents_open", "Incidents that wait for a person", IncidentRow.kind, IncidentRow.state == "open"),
    ):
        query = select(column, func.count()).group_by(column)
        rows = session.execute(query if open_only is None else query.where(open_only))
        yield _gauge(name, told, [column.key], [((value,), count) for value, count in rows])


def _scans(session: Session) -> Iterator[Metric]:
    """Of the last scan of each cloud that has ended."""
    last = (
        select(ScanRow)
        .where(ScanRow.ended_at.is_not(None))
        .ext(distinct_on(ScanRow.cloud))
        .order_by(ScanRow.cloud, ScanRow.id.desc())
    )
    scans = session.scalars(last).all()
    for name, told, column in (
        ("yunguan_scan_seconds", "How long the last scan took", "seconds"),
        ("yunguan_scan_objects", "What it saw", "objects"),
        ("yunguan_scan_calls", "Calls that it made", "api_calls"),
        ("yunguan_scan_complete", "1 where every list was whole", "complete"),
    ):
        yield _gauge(name, told, ["cloud"], [((scan.cloud,), float(getattr(scan, column))) for scan in scans])
    verdicts = [((scan.cloud, verdict), count) for scan in scans for verdict, count in scan.counts.items()]
    yield _gauge("yunguan_scan_verdicts", "What it found", ["cloud", "verdict"], verdicts)


def _budgets(session: Session) -> Metric:
    rows = session.execute(
        select(ApiBudgetRow.cloud, ApiBudgetRow.apply, ApiBudgetRow.confirm, ApiBudgetRow.drift)
    ).all()
    purses = [((row.cloud, purse), getattr(row, purse)) for row in rows for purse in ("apply", "confirm", "drift")]
    told = "Calls that the cloud's budget still held when it was last drawn on"
    return _gauge("yunguan_cloud_budget_tokens", told, ["cloud", "purse"], purses)


def _gauge(
    name: str, told: str, labels: Sequence[str], values: Sequence[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family
