"""A Pulumi program from anywhere, on a stack of its own that belongs to no case: previewed, applied, destroyed.

Called by `yunguan program`. The person who runs it approves its plan; the reconciler leaves such stacks alone. All
else is as with a system's stack: a plan with a digest, an approval, a journaled execution that is taken up after a
crash.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.domain.errors import Refused, Stopped, WrongUse
from controller.engine import storage
from controller.engine.applying import approval, journal, refresh
from controller.engine.applying.approval import Person
from controller.engine.applying.execute import execute
from controller.engine.applying.means import Means
from controller.engine.applying.outcome import OnFailure, Outcome
from controller.engine.applying.recover import recover, testify
from controller.engine.applying.refresh import Seen
from controller.engine.lookup import Lookup
from controller.engine.plan import Plan, Purpose
from controller.engine.planning.preview import make_plan
from controller.engine.planning.render import DONE
from controller.engine.planning.targets import ALL, Targets
from controller.engine.program.project import Project
from controller.engine.program.run import ProgramFailed, run_program
from controller.engine.program.source import program_version
from controller.engine.properties import PropertyMap, canonical
from controller.engine.references import StoredStacks
from controller.engine.registration import Registrar
from controller.engine.sealing import opened
from controller.engine.stack_names import pulumi_stack_name
from controller.engine.state import ResourceState
from controller.reconcile import desire, guard
from controller.reconcile.guard import Limits
from controller.store.engine import ExecutionState, Provisioning, StackRow, Wanted

VALID_FOR = timedelta(hours=1)
"""How long the yes of whoever runs a program holds: it is carried out at once."""

Tell = Callable[[str], None]


def cloud_of(means: Means, name: str, *, asked: str) -> str:
    """The cloud that the stack of that name shall stand on: what is asked for, or where it stands already, or the one
    that `OS_CLOUD` names, as for every client of OpenStack.

    Raises WrongUse where none is named, Refused where its resources stand on another.
    """
    with means.sessions() as session:
        row = _row(session, name)
        known = row.cloud if row is not None else ""
        stands = row is not None and bool(storage.load_state(session, row.id, means.vault))
    asked = asked or (os.environ.get("OS_CLOUD", "") if not known else "")
    if not asked and not known:
        raise WrongUse(
            "no cloud is named", where=name, remedy="give --cloud NAME, the setting openstack:cloud, or OS_CLOUD"
        )
    if stands and asked not in {"", known}:
        raise Refused(f"its resources stand on {known}", where=name, remedy=f"destroy it there, or name {known}")
    return asked or known


@dataclass(frozen=True)
class Foretold:
    """A plan, and the outputs that the program would export, as far as they are known."""

    plan: Plan
    outputs: PropertyMap


@dataclass(frozen=True)
class ProgramStack:
    """One stack of a project's program on one cloud. `tell` is told what the program logs and what is waited for.

    `destroys_with_program`: it is run to destroy, too, for its hooks around deletions.
    """

    means: Means
    project: Project
    name: str
    cloud: str
    tell: Tell = field(compare=False)
    destroys_with_program: bool = False

    def look(self) -> Sequence[Seen]:
        """What the cloud shows otherwise than the state has it. Changes nothing; raises Incomplete."""
        return refresh.look(self.means, self.states())

    def refuse_unlikely(self, changes: Sequence[Seen], limits: Limits) -> None:
        """Raises Refused where so much of what lies on a cloud is gone at once that something else is likelier."""
        gone = [one.now.urn for one in changes if one.now.missing and one.now.cloud]
        known = sum(refresh.stands(state) and state.cloud != "" for state in self.states())
        if guard.is_gone(len(gone), known, limits):
            raise Refused(
                f"{len(gone)} of {known} resources are gone at once: another project, or a right that was taken away, "
                "is likelier than that",
                where=self.name,
                remedy="look whether it is true; where it is, say so by --gone",
            )

    def keep(self, changes: Sequence[Seen]) -> None:
        """Writes what was seen into the state, so that a plan that is carried out rests on it."""
        with self.means.sessions() as session:
            row = _row(session, self.name)
        if row is not None:
            refresh.keep(self.means, row.id, changes)

    def plan(self, purpose: Purpose, targets: Targets = ALL, seen: Sequence[Seen] = ()) -> Foretold:
        """What would be done now, about `targets`, to the state with what was `seen` over it. Changes nothing.

        Raises ProgramFailed, Refused for what the engine refuses, WrongUse where there is nothing to destroy.
        """
        with self.means.sessions() as session:
            if purpose is Purpose.DESTROY:
                desire.stack(session, self.name)  # there must be one
        outputs: PropertyMap = {}

        def program(registrar: Registrar) -> None:
            nonlocal outputs
            outputs = self._run(registrar, preview=True)

        now = {(one.now.urn, one.now.generation): one.now for one in seen}
        plan = make_plan(
            stack=self.name,
            purpose=purpose,
            states=[now.get((state.urn, state.generation), state) for state in self.states()],
            targets=targets,
            provider=self.means.provider,
            lookup=Lookup(
                self.means.provider, self.cloud, StoredStacks(self.means.sessions, self.means.vault, self.name)
            ),
            spec_digest=self._digest,
            program_version=self._version,
            program=program if self._runs_program(purpose) else None,
        )
        return Foretold(plan, outputs)

    def resume(self, purpose: Purpose) -> None:
        """Carries on what was interrupted, so that nothing of it is unknown when a plan is made.

        An interrupted run for another purpose is given up where it stands. Raises Stopped where the process is told
        to end meanwhile.
        """
        with self.means.sessions() as session:
            row = _row(session, self.name)
            running = approval.running(session, row.id) if row is not None else None
        if row is None:
            return
        if running is not None:
            self.tell("an interrupted run is taken up first")
            outcome = self._carry_out(running, purpose, OnFailure.STOP)
            for urn, message in outcome.failures.items():
                self.tell(f"the interrupted run failed: {urn} {message}")
            self._tell_in_all(running)
        while (recovery := recover(self.means, row.id)).look_again_at is not None:
            self._wait(recovery.look_again_at, recovery.reason)

    def _tell_in_all(self, execution_id: int) -> None:
        """What came of a run that was taken up: the plan that is made next shows it as unchanged."""
        with self.means.sessions() as session:
            done = journal.brought_about(session, execution_id)
        counts = ", ".join(f"{count} {DONE[op]}" for op, count in done.items())
        self.tell(f"the interrupted run has ended; before and after the interruption: {counts or 'nothing done'}")

    def carry_out(
        self, plan: Plan, *, by: str, gives_up: Collection[str] = (), on_failure: OnFailure = OnFailure.STOP
    ) -> Outcome:
        """Approves the plan in the name of `by`, and does it. Raises Refused where it takes data not given up."""
        with self.means.sessions.begin() as session:
            row = self._desired(session, plan)
            plan_id = approval.store(session, row.id, plan, self.means.vault, spec_commit=row.spec_commit)
            approval_id = approval.approve(
                session,
                plan_id,
                by=Person(by),
                ground="a program run by hand",
                valid_for=VALID_FOR,
                vault=self.means.vault,
                gives_up=gives_up,
            )
        execution_id = approval.start(self.means.sessions, approval_id, self.means.vault, program_version=self._version)
        return self._carry_out(execution_id, plan.purpose, on_failure)

    def testify(self, urn: str, *, id: str, by: str) -> None:
        """What the person `by` found of a create whose reply was lost: the id of what it made, "" for nothing.

        Raises WrongUse where there is no such stack, Refused where no such word is needed.
        """
        with self.means.sessions() as session:
            row = desire.stack(session, self.name)
        testify(self.means, row.id, urn, id=id, by=by)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else resumes or carries out anything on the stack until the block's end.

        Raises Refused where somebody does. What a killed process held is free.
        """
        key = func.hashtextextended(self.name, 0)
        with self.means.sessions() as session:
            session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            if not session.scalar(select(func.pg_try_advisory_lock(key))):
                raise Refused("somebody is working on the stack", where=self.name, remedy="wait until that has ended")
            try:
                yield
            finally:
                session.scalar(select(func.pg_advisory_unlock(key)))

    def states(self) -> Sequence[ResourceState]:
        """The stack's resources as they are known."""
        with self.means.sessions() as session:
            row = _row(session, self.name)
            return storage.load_state(session, row.id, self.means.vault) if row is not None else ()

    def outputs(self) -> PropertyMap:
        """What the program exported when it was last applied, its secrets as such."""
        with self.means.sessions() as session:
            row = _row(session, self.name)
            found: PropertyMap = opened(row.outputs, self.means.vault) if row is not None else {}
            return found

    def _desired(self, session: Session, plan: Plan) -> StackRow:
        """The stack's row, locked, as the plan wants it."""
        row = session.scalar(select(StackRow).where(StackRow.name == self.name).with_for_update())
        if row is None:
            row = StackRow(name=self.name, changed_at=real_now())
            session.add(row)
        row.cloud, row.spec_digest, row.spec_commit = self.cloud, self._digest, self._version[:12]
        row.wanted = Wanted.ABSENT if plan.ends_the_stack else Wanted.PRESENT
        if row.provisioning == Provisioning.ENDED:
            row.provisioning = Provisioning.PENDING
        session.flush()
        return row

    def _carry_out(self, execution_id: int, purpose: Purpose, on_failure: OnFailure) -> Outcome:
        """Goes on until the execution ends. Raises Stopped where the process is told to end meanwhile."""
        with self.means.sessions() as session:
            planned = approval.plan_of(session, execution_id, self.means.vault).purpose
        program = partial(self._run, preview=False) if self._runs_program(purpose) else None
        while True:
            outcome = execute(self.means, execution_id, program if planned is purpose else _given_up, on_failure)
            if outcome.state is not ExecutionState.RUNNING:
                return outcome
            self._wait(outcome.look_again_at or real_now(), outcome.reason)

    def _runs_program(self, purpose: Purpose) -> bool:
        return purpose is not Purpose.DESTROY or self.destroys_with_program

    def _run(self, registrar: Registrar, *, preview: bool) -> PropertyMap:
        try:
            result = run_program(
                self.project.source,
                stack=self.name,
                config=self.project.plain_config,
                secret_config_keys=self.project.secret_keys,
                registrar=registrar,
                preview=preview,
                cancelled=self.means.stopping,
            )
        except ProgramFailed as error:
            for line in (*error.log, *error.traceback.splitlines()):
                self.tell(line)
            raise
        for line in result.log:
            self.tell(line)
        return result.outputs

    def _wait(self, until: datetime, reason: str) -> None:
        """Waits, for the `reason` that is told. Raises Stopped where the process is told to end meanwhile."""
        seconds = (until - real_now()).total_seconds()
        if seconds > 0:
            self.tell(f"a call's reply was lost: {reason}")
        if self.means.stopping.wait(max(0.0, seconds)):
            raise Stopped(
                "stopped: the calls that were in flight have ended, nothing else was begun",
                where=self.name,
                remedy="run it again: it goes on from there",
            )

    @cached_property
    def _version(self) -> str:
        return program_version(self.project.source)

    @cached_property
    def _digest(self) -> str:
        """Digest of what the program is told, secrets by their HMAC: what stands for a spec here."""
        told = {"config": dict(self.project.config), "cloud": self.cloud, "stack": pulumi_stack_name(self.name)}
        return hashlib.sha256(canonical(told, self.means.vault.hmac_key).encode()).hexdigest()


def _given_up(_: Registrar) -> None:
    raise Refused("given up: the stack is run for another purpose now")


def _row(session: Session, name: str) -> StackRow | None:
    return session.scalar(select(StackRow).where(StackRow.name == name))
