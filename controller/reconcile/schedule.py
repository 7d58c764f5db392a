"""When a cloud is due for a drift scan: every so many minutes (real clock), as long as a stack stands on it.

Full scans come at long intervals; in between only what changed is looked at.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CompoundSelect, func, select
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.domain.place import entry_of
from controller.reconcile import work
from controller.store.engine import Provisioning, ResourceRow, StackRow
from controller.store.reconcile import ScanRow, Sort


def clouds_in_use(session: Session) -> list[str]:
    """The entries of clouds.yaml on which a stack stands, or some of its resources, sorted."""
    of_stacks = select(StackRow.cloud).where(StackRow.provisioning != Provisioning.ENDED)
    of_resources = select(ResourceRow.cloud).where(ResourceRow.cloud != "")
    return _entries(session, of_stacks.union(of_resources))


def clouds_of(session: Session, stack: StackRow) -> list[str]:
    """The entries of clouds.yaml on which a stack has something, or would have, sorted."""
    of_stack = select(StackRow.cloud).where(StackRow.id == stack.id)
    of_resources = select(ResourceRow.cloud).where(ResourceRow.stack_id == stack.id, ResourceRow.cloud != "")
    return _entries(session, of_stack.union(of_resources))


def ask_for_due_scans(session: Session, *, full_every: timedelta, changes_every: timedelta) -> None:
    """Asks for a full scan of each cloud whose last one of the controller's own began longer than `full_every` ago.

    Otherwise, where any of its own began longer than `changes_every` ago, for a look at what changed; never where that
    is zero. The caller commits.
    """
    full, any_sort = _last_of(session, Sort.FULL), _last_of(session, *Sort)
    for cloud in clouds_in_use(session):
        scan, changes = work.Subject.scan(cloud), work.Subject.changes(cloud)
        if work.asked(session, scan):
            continue
        if cloud not in full or full[cloud] + full_every <= real_now():
            work.ask(session, scan, "time for a scan")
        elif changes_every and any_sort[cloud] + changes_every <= real_now() and not work.asked(session, changes):
            work.ask(session, changes, "time for a look at what changed")


def _last_of(session: Session, *sorts: Sort) -> dict[str, datetime]:
    """When the newest scan of these sorts that was followed up began, by cloud."""
    newest = (
        select(ScanRow.cloud, func.max(ScanRow.started_at))
        .where(ScanRow.followed_up, ScanRow.sort.in_(sorts))
        .group_by(ScanRow.cloud)
    )
    return dict(session.execute(newest).all())


def _entries(session: Session, places: CompoundSelect[str]) -> list[str]:
    return sorted({entry_of(place) for place in session.scalars(places)})
