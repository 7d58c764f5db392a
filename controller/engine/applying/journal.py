"""The journal of a stack: before each call that changes something an intent is committed, after it what came of it.

`execute.py` announces and closes; `recover.py` closes what a crash or a lost reply left open. Every write holds the
stack's row under the claim's fence. A result, its state rows and its audit row are one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from controller import audit
from controller.clock import real_now
from controller.engine import storage
from controller.engine.applying import fence
from controller.engine.applying.fence import Claim
from controller.engine.applying.progress import Progress, Step
from controller.engine.identity import identity_of
from controller.engine.plan import Op
from controller.engine.state import Holding, ResourceState
from controller.store.database import Sessions
from controller.store.engine import JournalRow, ResourceRow
from controller.store.vault import Vault

ACTOR = "engine"

# Built once, since this happens to every resource: writing values into a statement costs far more than sending it.
_JOURNAL = JournalRow.metadata.tables[JournalRow.__tablename__]
_INTEND = (
    insert(_JOURNAL)
    .values(
        attempt=select(func.coalesce(func.max(JournalRow.attempt), 0) + 1)
        .where(
            JournalRow.stack_id == bindparam("same_stack"),
            JournalRow.urn == bindparam("same_urn"),
            JournalRow.generation == bindparam("same_generation"),
            JournalRow.op == bindparam("same_op"),
        )
        .scalar_subquery()
    )
    .returning(JournalRow.id, JournalRow.attempt)
)
_LAST = (
    select(JournalRow.generation, JournalRow.op, JournalRow.outcome)
    .where(JournalRow.stack_id == bindparam("of_stack"), JournalRow.urn == bindparam("of_urn"))
    .order_by(JournalRow.generation.desc(), JournalRow.id.desc())
    .limit(1)
)
_IN_STATE = select(func.max(ResourceRow.generation)).where(
    ResourceRow.stack_id == bindparam("of_stack"), ResourceRow.urn == bindparam("of_urn")
)
_CLOSE = update(_JOURNAL).where(JournalRow.id == bindparam("intent"))

OPEN = JournalRow.outcome == ""
"""Holds for intents whose result is not known."""

_OPEN_OF_STACK = select(JournalRow).where(JournalRow.stack_id == bindparam("of_stack"), OPEN).order_by(JournalRow.id)
_ANY_OPEN = select(_OPEN_OF_STACK.exists())


class Ending(StrEnum):
    """What came of an intent."""

    DONE = "done"
    REJECTED = "rejected"  # the cloud refused: nothing happened
    ADOPTED = "adopted"  # the reply was lost; what the call made was found by its identity
    ABSENT = "absent"  # the reply was lost; proven not to have been made
    SUPERSEDED = "superseded"  # the reply was lost; what the call left was read, and is compared anew


@dataclass(frozen=True)
class Intent:
    """An announced call. `target` is the row it is to lead to; for a delete, the row that it is about."""

    id: int
    execution_id: int
    op: Op
    attempt: int
    target: ResourceState
    conclusive_at: datetime | None = None


def open_rows(session: Session, stack_id: int) -> Sequence[JournalRow]:
    """What was announced about the stack and not closed, oldest first."""
    return session.scalars(_OPEN_OF_STACK, {"of_stack": stack_id}).all()


def has_open(session: Session, stack_id: int) -> bool:
    """Whether there is any of that: nothing else begins before it is resolved."""
    return bool(session.scalar(_ANY_OPEN, {"of_stack": stack_id}))


def brought_about(session: Session, execution_id: int) -> Mapping[Op, int]:
    """How many calls of an execution came to be, in all the times that it was taken up, by what they did."""
    done = select(JournalRow.op, func.count()).where(
        JournalRow.execution_id == execution_id, JournalRow.outcome.in_([Ending.DONE, Ending.ADOPTED])
    )
    return {Op(op): count for op, count in session.execute(done.group_by(JournalRow.op).order_by(JournalRow.op))}


class Journal:
    """The journal under one claim. Shared by threads: each write is a transaction of its own."""

    def __init__(self, sessions: Sessions, vault: Vault, held: Claim, progress: Progress) -> None:
        self.held = held
        self._sessions = sessions
        self._vault = vault
        self._progress = progress

    def intend_create(self, execution_id: int, target: ResourceState) -> Intent:
        """Announces a create, giving `target` its generation and identity. Raises StaleFence.

        What was proven not to have been made is tried again as another attempt at the same generation; a generation
        that was made once is never given again.
        """
        self._progress.reached(Step.INTENDING, Op.CREATE, target.urn)
        with self._writing() as session:
            generation = self._free_generation(session, target.urn)
            identity = identity_of(self.held.stack, target.urn, generation)
            named = replace(target, generation=generation, identity=identity)
            intent = self._insert(session, execution_id, Op.CREATE, named)
        self._progress.reached(Step.INTENDED, Op.CREATE, target.urn)
        return intent

    def intend(self, execution_id: int, op: Op, target: ResourceState) -> Intent:
        """Announces an update or delete of what is there already. Raises StaleFence."""
        self._progress.reached(Step.INTENDING, op, target.urn)
        with self._writing() as session:
            intent = self._insert(session, execution_id, op, target)
        self._progress.reached(Step.INTENDED, op, target.urn)
        return intent

    def check(self) -> None:
        """Once more before a call is sent: raises StaleFence where the stack was taken over since the intent."""
        with self._sessions() as session:
            fence.check(session, self.held)

    def close(
        self,
        intent: Intent,
        ending: Ending,
        *,
        saves: Sequence[ResourceState] = (),
        removes: Sequence[ResourceState] = (),
        claims: Sequence[ResourceState] = (),
        message: str = "",
        testimony_of: str = "",
    ) -> None:
        """Writes what came of `intent`, with the state rows that follow from it. Raises StaleFence, Refused as `note`.

        `testimony_of` is the person on whose word it rests, "" where it is the cloud's.
        """
        target = next((one for one in saves if not one.pending_delete), intent.target)
        self._progress.reached(Step.CLOSING, intent.op, target.urn)
        with self._writing() as session:
            self._refuse_second_owner(session, claims)
            session.execute(
                _CLOSE,
                {
                    "intent": intent.id,
                    "outcome": ending,
                    "message": message,
                    "physical_id": target.id,
                    "closed_at": real_now(),
                },
            )
            self._write(session, saves, removes)
            audit.record(
                session,
                actor=testimony_of or ACTOR,
                action="resource.testified" if testimony_of else f"resource.{intent.op}",
                target=target.urn,
                details={
                    "stack": self.held.stack,
                    "execution": intent.execution_id,
                    "generation": intent.target.generation,
                    "id": target.id,
                    "outcome": ending,
                },
            )
        self._progress.reached(Step.CLOSED, intent.op, target.urn)

    def note(
        self,
        *,
        saves: Sequence[ResourceState] = (),
        removes: Sequence[ResourceState] = (),
        claims: Sequence[ResourceState] = (),
    ) -> None:
        """Writes state rows that no call stands behind: components, dependencies, what was seen.

        Raises Refused, and writes nothing, where another stack holds what one of `claims` is on the cloud.
        """
        with self._writing() as session:
            self._refuse_second_owner(session, claims)
            self._write(session, saves, removes)

    def lose(self, intent: Intent, conclusive_at: datetime) -> Intent:
        """Keeps from when on the call of `intent` is over, whatever it did; the first word counts."""
        if intent.conclusive_at is not None:
            return intent
        with self._writing() as session:
            session.execute(update(JournalRow).where(JournalRow.id == intent.id).values(conclusive_at=conclusive_at))
        return replace(intent, conclusive_at=conclusive_at)

    def open_intents(self) -> list[Intent]:
        """What was announced and not closed, oldest first."""
        with self._sessions() as session:
            return [self._from_row(row) for row in open_rows(session, self.held.stack_id)]

    def state(self) -> list[ResourceState]:
        """All state rows of the stack."""
        with self._sessions() as session:
            return storage.load_state(session, self.held.stack_id, self._vault)

    def refuse_held_elsewhere(self, holding: Holding, urn: str) -> None:
        """Raises Refused where another stack holds what `urn` is to take over."""
        with self._sessions() as session:
            storage.refuse_held_elsewhere(session, self.held.stack, {holding: urn})

    def _refuse_second_owner(self, session: Session, claims: Sequence[ResourceState]) -> None:
        storage.refuse_held_elsewhere(session, self.held.stack, {one.holding: one.urn for one in claims})

    def standing(self, resource: ResourceState, limit: int) -> Sequence[ResourceState]:
        """The newest of all stacks' resources of that type that are known to stand on that cloud."""
        known = select(ResourceRow).where(
            ResourceRow.type == resource.type,
            ResourceRow.cloud == resource.cloud,
            ResourceRow.physical_id != "",
            ~ResourceRow.missing,
            ~ResourceRow.external,
            ~ResourceRow.pending_delete,
        )
        with self._sessions() as session:
            rows = session.scalars(known.order_by(ResourceRow.id.desc()).limit(limit))
            return [storage.from_row(row, self._vault) for row in rows]

    def fresh_generations(self, urn: str, count: int) -> Iterable[int]:
        """`count` generations that nothing of this URN has or had; that of an open create is taken."""
        with self._sessions() as session:
            first = self._free_generation(session, urn)
        return range(first, first + count)

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with self._sessions.begin() as session:
            fence.hold(session, self.held)
            yield session

    def _write(self, session: Session, saves: Sequence[ResourceState], removes: Sequence[ResourceState]) -> None:
        storage.remove(session, self.held.stack_id, removes)
        storage.save(session, self.held.stack_id, saves, self._vault)

    def _free_generation(self, session: Session, urn: str) -> int:
        of_urn = {"of_stack": self.held.stack_id, "of_urn": urn}
        last = session.execute(_LAST, of_urn).one_or_none()
        in_state = session.scalar(_IN_STATE, of_urn)
        if last is None or last.generation <= (in_state or 0):
            return (in_state or 0) + 1
        unmade = last.op == Op.CREATE and last.outcome in {Ending.ABSENT, Ending.REJECTED}
        return int(last.generation) if unmade else int(last.generation) + 1

    def _insert(self, session: Session, execution_id: int, op: Op, target: ResourceState) -> Intent:
        row = session.execute(
            _INTEND,
            {
                "execution_id": execution_id,
                "stack_id": self.held.stack_id,
                "urn": target.urn,
                "generation": target.generation,
                "op": op,
                "type": target.type,
                "fence": self.held.fence,
                "identity": target.identity,
                "physical_id": target.id,
                "target": storage.to_document(target, self._vault),
                "outcome": "",
                "message": "",
                "intended_at": real_now(),
                "same_stack": self.held.stack_id,
                "same_urn": target.urn,
                "same_generation": target.generation,
                "same_op": op,
            },
        ).one()
        return Intent(id=row.id, execution_id=execution_id, op=op, attempt=row.attempt, target=target)

    def _from_row(self, row: JournalRow) -> Intent:
        return Intent(
            id=row.id,
            execution_id=row.execution_id,
            op=Op(row.op),
            attempt=row.attempt,
            target=storage.from_document(row.target, self._vault),
            conclusive_at=row.conclusive_at,
        )
