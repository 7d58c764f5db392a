"""One stack on the double's cloud, with what is needed to plan, approve and execute: for tests of the applying side."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller import audit
from controller.clock import real_now
from controller.engine import storage
from controller.engine.applying import approval
from controller.engine.applying.approval import Person, StandingRule
from controller.engine.applying.execute import execute
from controller.engine.applying.journal import Ending
from controller.engine.applying.means import Means
from controller.engine.applying.outcome import Outcome
from controller.engine.applying.progress import Progress, Step
from controller.engine.integrity import verify_integrity
from controller.engine.lookup import Lookup
from controller.engine.plan import Op, Plan, Purpose
from controller.engine.planning.preview import make_plan
from controller.engine.planning.targets import ALL, Targets
from controller.engine.references import StoredStacks
from controller.engine.registration import Program
from controller.engine.sealing import sealed
from controller.engine.state import ResourceState
from controller.store.database import Sessions
from controller.store.engine import JournalRow, StackRow, Wanted
from controller.store.vault import Vault
from tests.engine.double import SETTLE, Call, Cloud, DoubleProvider

PERSON = Person("wang")


class Killed(BaseException):
    """The worker is dead from here on."""


@dataclass
class KillAt:
    """Kills at the n-th time that a step is reached, and then at every step, as a dead worker takes none."""

    step: Step
    countdown: int = 1
    op: Op | None = None
    dead: bool = False

    def reached(self, step: Step, op: Op, urn: str) -> None:
        if not self.dead and step is self.step and self.op in {None, op}:
            self.countdown -= 1
            self.dead = self.countdown <= 0
        if self.dead:
            raise Killed


def approved(
    session: Session, stack_id: int, plan: Plan, vault: Vault, *, by: Person | StandingRule, gives_up: Collection[str]
) -> int:
    """Keeps `plan` and says yes to it; the approval's id."""
    plan_id = approval.store(session, stack_id, plan, vault, spec_commit="c1")
    return approval.approve(
        session, plan_id, by=by, ground="case 1", valid_for=timedelta(hours=72), vault=vault, gives_up=gives_up
    )


def other_stack(session: Session, vault: Vault, name: str, outputs: Mapping[str, Any], **columns: Any) -> None:
    """A stack that programs may refer to."""
    row = StackRow(name=name, cloud="double", outputs=sealed(outputs, vault), changed_at=real_now(), **columns)
    session.add(row)


@dataclass
class Scene:
    """A stack, its cloud, and the worker's means."""

    sessions: Sessions
    vault: Vault
    provider: DoubleProvider = field(default_factory=DoubleProvider)
    name: str = "test/unit/system.gov"
    patience: float = 2.0

    def __post_init__(self) -> None:
        with self.sessions.begin() as session:
            stack = StackRow(name=self.name, cloud="double", spec_digest="s1", spec_commit="c1", changed_at=real_now())
            session.add(stack)
            session.flush()
            self.stack_id = stack.id
        self.cloud.witness = self._witness

    @property
    def cloud(self) -> Cloud:
        return self.provider.the_cloud

    def other_cloud(self) -> Cloud:
        """A second cloud, called "other"; its ids are not those of the first."""
        self.provider.others["other"] = Cloud(witness=self._witness, _numbers=itertools.count(1000))
        return self.provider.others["other"]

    def means(self, progress: Progress | None = None) -> Means:
        means = Means(
            self.sessions,
            self.vault,
            self.provider,
            request_timeout=SETTLE,
            patience=self.patience,
            deletes_at_once=4,
        )
        return replace(means, progress=progress) if progress else means

    def state(self) -> list[ResourceState]:
        with self.sessions() as session:
            return storage.load_state(session, self.stack_id, self.vault)

    def note(self, state: ResourceState) -> None:
        """Writes a row as a scan's verdict or a hand does it."""
        with self.sessions.begin() as session:
            storage.save(session, self.stack_id, [state], self.vault)

    def row(self, urn: str) -> ResourceState:
        return next(one for one in self.state() if one.urn == urn and not one.pending_delete)

    def stack(self) -> StackRow:
        with self.sessions() as session:
            return session.get_one(StackRow, self.stack_id)

    def journal(self) -> list[JournalRow]:
        with self.sessions() as session:
            rows = select(JournalRow).where(JournalRow.stack_id == self.stack_id).order_by(JournalRow.id)
            return list(session.scalars(rows))

    def _may_be_gone(self) -> set[str]:
        return {one.physical_id for one in self.journal() if (one.op, one.outcome) == (Op.DELETE, Ending.SUPERSEDED)}

    def plan(self, program: Program | None, purpose: Purpose = Purpose.APPLY, targets: Targets = ALL) -> Plan:
        return make_plan(
            stack=self.name,
            purpose=purpose,
            states=self.state(),
            provider=self.provider,
            spec_digest="s1",
            program_version="p1",
            program=program,
            lookup=Lookup(self.provider, "double", StoredStacks(self.sessions, self.vault, self.name)),
            targets=targets,
        )

    def approve(self, plan: Plan, *, by: Person | StandingRule = PERSON, gives_up: Collection[str] = ()) -> int:
        with self.sessions.begin() as session:
            return approved(session, self.stack_id, plan, self.vault, by=by, gives_up=gives_up)

    def start(self, program: Program | None, purpose: Purpose = Purpose.APPLY, **approving: Any) -> int:
        plan = self.plan(program, purpose)
        return approval.start(self.sessions, self.approve(plan, **approving), self.vault)

    def apply(
        self,
        program: Program | None,
        purpose: Purpose = Purpose.APPLY,
        *,
        progress: Progress | None = None,
        **approving: Any,
    ) -> Outcome:
        """Plans, approves, starts and executes."""
        if purpose is Purpose.DESTROY:
            with self.sessions.begin() as session:
                session.get_one(StackRow, self.stack_id).wanted = Wanted.ABSENT
        return execute(self.means(progress), self.start(program, purpose, **approving), program)

    def resume(self, program: Program | None) -> Outcome:
        """A new worker goes on with the running execution."""
        with self.sessions() as session:
            execution_id = approval.running(session, self.stack_id)
        assert execution_id is not None
        return execute(self.means(), execution_id, program)

    def assert_whole(self) -> None:
        """State is sound, and state and cloud hold the same; nothing is doubled; the audit chain holds.

        What was still there after a delete whose reply was lost may have gone since, where it was not deleted anew.
        """
        self.cloud.settle(after=SETTLE)
        states = self.state()
        assert verify_integrity(states) == []
        held = {one.id: one for one in states if one.cloud == "double" and not one.missing}
        assert held.keys() - self._may_be_gone() <= self.cloud.things.keys() <= held.keys()
        assert self.cloud.duplicates() == []
        for id, thing in self.cloud.things.items():
            assert held[id].pending_delete or thing.identity == held[id].identity
        with self.sessions() as session:
            assert audit.verify(session).broken_at is None

    def _witness(self, call: Call) -> None:
        """Invariant 2: at the moment of the call its intent is there for all to see."""
        what = JournalRow.identity == call.identity if call.identity else JournalRow.physical_id == call.id
        with self.sessions() as session:
            announced = session.scalar(
                select(func.count()).where(
                    JournalRow.stack_id == self.stack_id, JournalRow.op == call.op, JournalRow.outcome == "", what
                )
            )
        assert announced == 1, f"{call} was not announced"
