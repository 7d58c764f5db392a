"""When a cloud is due for a drift scan: every so many minutes (real clock), as long as a stack stands on it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.reconcile import work
from controller.store.engine import Provisioning, ResourceRow, StackRow
from controller.store.reconcile import ScanRow


def clouds_in_use(session: Session) -> list[str]:
    """Names of the clouds on which a stack stands, or some of its resources, sorted."""
    of_stacks = select(StackRow.cloud).where(StackRow.provisioning != Provisioning.ENDED)
    of_resources = select(ResourceRow.cloud).where(ResourceRow.cloud != "")
    return sorted(session.scalars(of_stacks.union(of_resources)))


def ask_for_due_scans(session: Session, every: timedelta) -> None:
    """Asks for a scan of each cloud whose last one of the controller's own began longer than `every` ago.

    The caller commits.
    """
    newest = select(ScanRow.cloud, func.max(ScanRow.started_at)).where(ScanRow.followed_up).group_by(ScanRow.cloud)
    last = dict(session.execute(newest).all())
    for cloud in clouds_in_use(session):
        subject = work.Subject.scan(cloud)
        is_due = cloud not in last or last[cloud] + every <= real_now()
        if is_due and not work.asked(session, subject):
            work.ask(session, subject, "time for a scan")
