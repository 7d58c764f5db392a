"""Who may write about a stack: each claim takes a new fence, and what bears an older one is refused (invariant 7).

A worker that was believed dead and comes back finds its fence out of date at its next journal write. Called by
`journal.py`, and by whoever takes a stack up (`execute.py`, `recover.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, true, update
from sqlalchemy.orm import Session

from controller.domain.errors import Failed, WrongUse
from controller.store.engine import StackRow

IDLE_SECONDS = 15.0
"""A worker that stands still with the stack's row in its hands loses it after that, so that another can claim it."""

_CURRENT = select(StackRow.fence).where(StackRow.id == bindparam("stack_id"))
_CURRENT_HELD = _CURRENT.add_columns(
    func.set_config("idle_in_transaction_session_timeout", bindparam("idle"), true())
).with_for_update(read=True)


class StaleFence(Failed):
    """Somebody else has claimed the stack since: nothing more may be done under this claim."""


@dataclass(frozen=True)
class Claim:
    """The right to change one stack, until the next claim on it."""

    stack_id: int
    stack: str
    cloud: str
    fence: int


def claim(session: Session, stack_id: int) -> Claim:
    """Takes the stack over from whoever had it. It counts from the caller's commit."""
    taken = session.execute(
        update(StackRow)
        .where(StackRow.id == stack_id)
        .values(fence=StackRow.fence + 1)
        .returning(StackRow.name, StackRow.cloud, StackRow.fence)
    ).one_or_none()
    if taken is None:
        raise WrongUse(f"there is no stack {stack_id}")
    return Claim(stack_id=stack_id, stack=taken.name, cloud=taken.cloud, fence=taken.fence)


def hold(session: Session, held: Claim) -> None:
    """Keeps others from claiming the stack until the caller's commit. Raises StaleFence where one already has."""
    idle = f"{IDLE_SECONDS * 1000:.0f}"
    _compare(held, session.scalar(_CURRENT_HELD, {"stack_id": held.stack_id, "idle": idle}))


def check(session: Session, held: Claim) -> None:
    """Raises StaleFence where the stack was claimed since; holds nothing."""
    _compare(held, session.scalar(_CURRENT, {"stack_id": held.stack_id}))


def _compare(held: Claim, current: int | None) -> None:
    if current != held.fence:
        raise StaleFence(
            f"the stack was taken over: this worker's fence is {held.fence}, the current one {current}",
            where=held.stack,
        )
