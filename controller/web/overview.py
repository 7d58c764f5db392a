"""The overview: systems, cases with their deadlines, open incidents and the last scan of each cloud, a page of each.

No personal data is read here. Called by `app.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from controller.casework.cases import Summary, summary_of
from controller.reconcile.incidents import IncidentState
from controller.store import clock
from controller.store.casework import CaseRow, ClockRow
from controller.store.engine import Provisioning, StackRow
from controller.store.reconcile import IncidentRow, ScanRow, Sort
from controller.web.paging import Page, page_of


@dataclass(frozen=True)
class StackLine:
    """One stack; `machines` is the approved number, None where no spec was ever approved."""

    name: str
    unit: str
    system: str
    zone: str
    provisioning: str
    operating: str
    machines: int | None
    message: str


@dataclass(frozen=True)
class Wanted:
    """Which page of each list is asked for."""

    stacks: int = 1
    cases: int = 1
    incidents: int = 1
    scans: int = 1


@dataclass(frozen=True)
class Totals:
    """The figures at the top."""

    stacks: int
    machines: int
    open_cases: int
    overdue_cases: int
    incidents: int


@dataclass(frozen=True)
class Overview:
    """Everything on the page."""

    now: datetime
    totals: Totals
    stacks: Page[StackLine]
    cases: Page[Summary]
    incidents: Page[IncidentRow]
    scans: Page[ScanRow]


def overview(session: Session, wanted: Wanted) -> Overview:
    """The page as of now."""
    now = clock.now(session)
    return Overview(
        now=now,
        totals=_totals(session, now),
        stacks=page_of(session, _stacks(), wanted.stacks, lambda row: StackLine(**row._mapping)),
        cases=page_of(session, _cases(), wanted.cases, lambda row: summary_of(row[0], row[1], now)),
        incidents=page_of(session, _incidents(), wanted.incidents, lambda row: row[0]),
        scans=page_of(session, _last_scans(), wanted.scans, lambda row: row[0]),
    )


_MACHINES = func.jsonb_array_length(StackRow.spec["machines"])


def _stacks() -> Select[str, str, str, str, str, str, int, str]:
    metadata = StackRow.spec["metadata"]
    return select(
        StackRow.name,
        func.coalesce(metadata["unit_name"].astext, "").label("unit"),
        func.coalesce(metadata["system_name"].astext, "").label("system"),
        func.coalesce(metadata["zone_name"].astext, "").label("zone"),
        StackRow.provisioning,
        StackRow.operating,
        _MACHINES.label("machines"),
        StackRow.message,
    ).order_by(StackRow.provisioning == Provisioning.ENDED, StackRow.name)


def _cases() -> Select[CaseRow, ClockRow]:
    """Open cases first, those whose time runs out soonest on top."""
    return (
        select(CaseRow, ClockRow)
        .outerjoin(ClockRow, (ClockRow.case_id == CaseRow.id) & ClockRow.ended_at.is_(None))
        .order_by(CaseRow.closed_at.is_not(None), ClockRow.due_at.nulls_last(), CaseRow.id.desc())
    )


def _incidents() -> Select[IncidentRow]:
    return select(IncidentRow).where(IncidentRow.state == IncidentState.OPEN).order_by(IncidentRow.id)


def _last_scans() -> Select[ScanRow]:
    """The last finished full scan of each cloud."""
    last = (
        select(ScanRow)
        .ext(distinct_on(ScanRow.cloud))
        .where(ScanRow.ended_at.is_not(None), ScanRow.sort == Sort.FULL)
        .order_by(ScanRow.cloud, ScanRow.id.desc())
        .subquery()
    )
    scan = aliased(ScanRow, last)
    return select(scan).order_by(scan.cloud)


def _totals(session: Session, now: datetime) -> Totals:
    stacks, machines = session.execute(
        select(func.count(), func.coalesce(func.sum(_MACHINES), 0)).where(StackRow.provisioning != Provisioning.ENDED)
    ).one()
    overdue = ClockRow.ended_at.is_(None) & (ClockRow.due_at <= now)
    return Totals(
        stacks=stacks,
        machines=machines,
        open_cases=session.scalar(select(func.count(CaseRow.id)).where(CaseRow.closed_at.is_(None))) or 0,
        overdue_cases=session.scalar(select(func.count(ClockRow.id)).where(overdue)) or 0,
        incidents=session.scalar(select(func.count()).where(IncidentRow.state == IncidentState.OPEN)) or 0,
    )
