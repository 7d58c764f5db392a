"""Work is a row that says "look at this": asked for by anyone, handled by any worker, twice without harm.

A job in the queue only wakes a worker up; what is due stands here. `worker.py` defers jobs for due rows that have none.
A step that the sweep takes by itself (a reclaim) is taken here as well, so that one worker does it at a time; nobody is
woken for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.domain.place import entry_of
from controller.store.reconcile import WorkRow

LOOKS = ("stack", "scan", "changes")
"""The kinds of subjects that workers are woken for, each by the job that `queue.LOOK` names."""

_WORK = WorkRow.metadata.tables[WorkRow.__tablename__]
_ASKED = select(WorkRow.asked).where(WorkRow.subject == bindparam("subject"))
_DONE = delete(_WORK).where(_WORK.c.subject == bindparam("done"), _WORK.c.asked == bindparam("seen"))


@dataclass(frozen=True)
class Subject:
    """What is to be looked at: a stack by its row id, or a cloud by its entry, whole or what changed on it."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"

    @classmethod
    def stack(cls, stack_id: int) -> Subject:
        """A look at one stack."""
        return cls("stack", str(stack_id))

    @classmethod
    def scan(cls, cloud: str) -> Subject:
        """A drift scan of the cloud that a place lies on."""
        return cls("scan", entry_of(cloud))

    @classmethod
    def changes(cls, cloud: str) -> Subject:
        """A look at what changed on the cloud that a place lies on since it was last scanned."""
        return cls("changes", entry_of(cloud))

    @classmethod
    def parse(cls, text: str) -> Subject:
        """The subject written as `kind:key`."""
        kind, _, key = text.partition(":")
        return cls(kind, key)


def ask(session: Session, subject: Subject, reason: str, *, after: timedelta = timedelta()) -> None:
    """Asks for a look from now (real clock) plus `after` on; an earlier due time stays. The caller commits."""
    due = real_now() + after
    row = insert(WorkRow).values(subject=str(subject), reason=reason, due_at=due, asked=1)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[WorkRow.subject],
            set_={
                "reason": row.excluded.reason,
                "due_at": func.least(WorkRow.due_at, row.excluded.due_at),
                "asked": WorkRow.asked + 1,
            },
        )
    )


def asked(session: Session, subject: Subject) -> int:
    """How often the look was asked for; 0 where it is not. Read it before the work, hand it to `done` or `postpone`."""
    return session.scalar(_ASKED, {"subject": str(subject)}) or 0


def done(session: Session, subject: Subject, seen: int) -> None:
    """Removes the row unless somebody asked again since `seen` was read. The caller commits."""
    session.execute(_DONE, {"done": str(subject), "seen": seen})


def postpone(session: Session, subject: Subject, seen: int, reason: str, until: datetime) -> None:
    """Leaves the row for a later time (real clock): a lost call must have shown up by then. The caller commits.

    Where somebody asked again since `seen` was read, it stays due for that.
    """
    row = insert(WorkRow).values(subject=str(subject), reason=reason, due_at=until, asked=1)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[WorkRow.subject],
            set_={"reason": reason, "due_at": until},
            where=WorkRow.asked == seen,
        )
    )


def take(session: Session, subject: Subject, reason: str, *, hold: timedelta) -> bool:
    """Takes the subject for so long, so that nobody else does it meanwhile; False where somebody has it, or it waits.

    It counts from the caller's commit. Whoever took it removes it with `done`, or leaves it to be tried again then.
    """
    now = real_now()
    row = insert(WorkRow).values(subject=str(subject), reason=reason, due_at=now + hold, asked=1)
    taken = row.on_conflict_do_update(
        index_elements=[WorkRow.subject],
        set_={"reason": row.excluded.reason, "due_at": row.excluded.due_at, "asked": WorkRow.asked + 1},
        where=WorkRow.due_at <= now,
    ).returning(WorkRow.id)
    return session.scalar(taken) is not None


def due(session: Session, *, limit: int = 1000) -> Sequence[Subject]:
    """The looks that are due now, the longest waiting first."""
    rows = session.scalars(select(WorkRow.subject).where(is_look_due()).order_by(WorkRow.due_at).limit(limit))
    return [Subject.parse(text) for text in rows]


def is_look_due() -> ColumnElement[bool]:
    """Which rows are looks that are due now."""
    return and_(WorkRow.due_at <= real_now(), func.split_part(WorkRow.subject, ":", 1).in_(LOOKS))
