"""What a stack's resources do, as a scan saw them: the second status axis beside what the controller does with them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.reconcile.verdict import Finding, Verdict
from controller.store.engine import Operating, Provisioning, ResourceRow, StackRow
from controller.store.place import lies_on


def judge(resources: int, findings: Sequence[Finding]) -> Operating:
    """From the number of a stack's resources and what was found about them.

    unknown where something could not be read, down where all is missing, degraded where some of it is.
    """
    verdicts = [finding.verdict for finding in findings]
    if Verdict.UNKNOWN in verdicts or not resources:
        return Operating.UNKNOWN
    missing = verdicts.count(Verdict.MISSING)
    if missing == 0:
        return Operating.HEALTHY
    return Operating.DOWN if missing >= resources else Operating.DEGRADED


def note(session: Session, cloud: str, findings: Sequence[Finding]) -> None:
    """Writes it for every stack whose own place lies on `cloud`, from what stands there. The caller commits."""
    resources = (
        select(func.count())
        .where(ResourceRow.stack_id == StackRow.id, ResourceRow.cloud == StackRow.cloud)
        .scalar_subquery()
    )
    stacks = session.execute(
        select(StackRow, resources).where(
            lies_on(StackRow.cloud, cloud), StackRow.provisioning.not_in([Provisioning.ENDED, Provisioning.APPLYING])
        )
    )
    of_stack: dict[tuple[int | None, str], list[Finding]] = {}
    for finding in findings:
        of_stack.setdefault((finding.stack_id, finding.cloud), []).append(finding)
    for stack, count in stacks:
        stack.operating = judge(count, of_stack.get((stack.id, stack.cloud), []))
