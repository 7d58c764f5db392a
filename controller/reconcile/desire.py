"""An approved spec or an approved end becomes what a stack shall be. Casework calls it inside its own transaction."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.domain.errors import Refused, WrongUse
from controller.domain.spec import SystemSpec
from controller.reconcile import work
from controller.store.engine import ExecutionRow, PlanRow, Provisioning, StackRow, Wanted


def desire(session: Session, spec: SystemSpec, *, commit: str, case_id: int, ground: str = "") -> StackRow:
    """The stack shall be as `spec`, merged as `commit`, says. `ground` is the rule id where no person approved it.

    One that has ended may be made anew, and one whose end has not begun stays. Raises Refused where it is being ended.
    """
    row = session.scalar(select(StackRow).where(StackRow.name == spec.stack_name).with_for_update())
    if row is None:
        row = StackRow(name=spec.stack_name, changed_at=real_now())
        session.add(row)
    ends = row.wanted == Wanted.ABSENT
    if ends and row.provisioning != Provisioning.ENDED and end_has_begun(session, row):
        raise Refused("the stack is still being ended", where=spec.stack_name, remedy="wait until it has ended")
    row.wanted, row.cloud, row.case_id = Wanted.PRESENT, spec.placement.cloud, case_id
    row.spec, row.spec_digest, row.spec_commit = spec.model_dump(mode="json", by_alias=True), spec.digest, commit
    row.ground, row.settled_digest, row.message, row.changed_at = ground, "", "", real_now()
    if ends or row.applied_digest != spec.digest:
        row.provisioning = Provisioning.PENDING
    session.flush()
    work.ask(session, work.Subject.stack(row.id), f"spec {spec.digest[:12]} merged")
    return row


def end(session: Session, stack_name: str, *, commit: str) -> StackRow:
    """The stack shall cease to be, as merged by `commit`: a plan to destroy it is made, and waits for its approval."""
    row = locked_stack(session, stack_name)
    if row.wanted == Wanted.PRESENT:
        row.wanted, row.spec_commit, row.settled_digest = Wanted.ABSENT, commit, ""
        row.provisioning, row.changed_at = Provisioning.ENDING, real_now()
        work.ask(session, work.Subject.stack(row.id), "end approved")
    return row


def end_has_begun(session: Session, row: StackRow) -> bool:
    """Whether a plan to destroy the stack was started since its end was approved, whatever came of it.

    All plans are to destroy that are made for the commit which approved the end.
    """
    started = (
        select(ExecutionRow.id)
        .join(PlanRow, PlanRow.id == ExecutionRow.plan_id)
        .where(ExecutionRow.stack_id == row.id, PlanRow.spec_commit == row.spec_commit)
    )
    return row.wanted == Wanted.ABSENT and session.scalar(started.limit(1)) is not None


def stack(session: Session, name: str) -> StackRow:
    """The stack of that name. Raises WrongUse where there is none."""
    return _one(session, name, select(StackRow).where(StackRow.name == name))


def locked_stack(session: Session, name: str) -> StackRow:
    """The stack of that name, its row locked until the caller commits. Raises WrongUse where there is none."""
    return _one(session, name, select(StackRow).where(StackRow.name == name).with_for_update())


def _one(session: Session, name: str, query: Select[StackRow]) -> StackRow:
    row = session.scalar(query)
    if row is None:
        raise WrongUse(f"there is no stack {name}", remedy="yunguan stack list shows them")
    return row
