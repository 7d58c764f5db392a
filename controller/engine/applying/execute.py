"""Executes an approved plan: registrations of the program, run again with real values, become journaled calls.

Called by the reconciler's apply job. `execute` claims the stack, resolves what a crash left open, runs the program
against an `Execution`, removes what the plan says must go while the program still runs, whose hooks are called around
that, and ends the execution, or leaves it running and says when to look again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from controller.domain.errors import Failed, Stopped, YunguanError
from controller.engine import hooks
from controller.engine.applying import approval, fence, taking_up
from controller.engine.applying.journal import Journal
from controller.engine.applying.means import Means
from controller.engine.applying.outcome import Failures, OnFailure, Outcome
from controller.engine.applying.permits import Permits
from controller.engine.applying.recover import Resolver
from controller.engine.applying.removing import Removals
from controller.engine.applying.rows import Rows
from controller.engine.applying.steps import ATTEMPTS, Lost, Steps, reply_lost
from controller.engine.departing import Departing
from controller.engine.lookup import Lookup
from controller.engine.order import needs
from controller.engine.plan import Op, Purpose
from controller.engine.planning import reading
from controller.engine.planning.planner import Assessment, assess, cloud_of
from controller.engine.planning.targets import made_anew
from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue, holds_unknown
from controller.engine.provider import Kind, within
from controller.engine.references import StoredStacks
from controller.engine.registration import (
    Answer,
    ErrorHook,
    Invocation,
    NamedHook,
    Program,
    Registered,
    Registrar,
    Registration,
    Result,
)
from controller.engine.state import ResourceState
from controller.engine.urn import STACK_TYPE
from controller.store.engine import ExecutionState

_ANEW = frozenset({Op.CREATE, Op.REPLACE, Op.IMPORT})


def execute(
    means: Means, execution_id: int, program: Program | None, on_failure: OnFailure = OnFailure.STOP
) -> Outcome:
    """Takes up an execution, new or left by a crash, and carries it as far as it goes.

    `program` is None to destroy, or what has the hooks around deletions: it is run for them alone then.

    Raises Refused where it is not to be taken up, StaleFence where another worker claims the stack meanwhile; that one
    then goes on.
    """
    started = taking_up.take_up(means.sessions, execution_id, means.vault)
    held = started.held
    journal = Journal(means.sessions, means.vault, held, means.progress)
    rows = Rows(journal.state())
    resolver = Resolver(means, journal, rows)
    recovery = resolver.resolve_open()
    if recovery.look_again_at is not None:
        return Outcome(ExecutionState.RUNNING, look_again_at=recovery.look_again_at, reason=recovery.reason)
    steps = Steps(means, journal, rows, resolver, execution_id)
    steps.rename(started.plan.moves)
    permits = Permits(started.plan, started.given_up, means.provider)
    stacks = StoredStacks(means.sessions, means.vault, held.stack)
    lookup = Lookup(means.provider, held.cloud, stacks, planned=started.plan.invokes)
    failures = Failures(on_failure)
    execution = Execution(means, rows, resolver, steps, permits, lookup=lookup, failures=failures)
    outcome = execution.destroy(program) if started.plan.purpose is Purpose.DESTROY else execution.run(program)
    with means.sessions.begin() as session:
        fence.hold(session, held)
        approval.end(
            session,
            execution_id,
            started.plan,
            outcome.state,
            failures=outcome.failures,
            outputs=execution.stack_outputs,
            vault=means.vault,
        )
    return outcome


class Execution:
    """One run under an approved plan. Answers registrations from several threads."""

    def __init__(
        self,
        means: Means,
        rows: Rows,
        resolver: Resolver,
        steps: Steps,
        permits: Permits,
        *,
        lookup: Lookup,
        failures: Failures,
    ) -> None:
        self.stack_outputs: PropertyMap | None = None
        self._means = means
        self._rows = rows
        self._resolver = resolver
        self._steps = steps
        self._permits = permits
        self._lookup = lookup
        self._failures = failures
        self._lock = threading.Lock()
        self._done: set[str] = set()
        self._named = hooks.Named()
        self._removals = Removals(means, rows, steps, permits, failures=failures, named=self._named)
        self._undecided: Sequence[str] | None = None

    def run(self, program: Program | None) -> Outcome:
        """Runs the program and removes what must go. Raises StaleFence, and whatever is a defect."""
        for operation in self._permits.imports:
            try:
                self._steps.look_ahead(operation)
            except YunguanError as error:
                self._failures.record(operation.urn, error)
        return self._run(program, self)

    def destroy(self, program: Program | None) -> Outcome:
        """Removes all; where there is a program, it is run for its hooks. Raises as `run`."""
        return self._run(program, Departing(self._rows.live, self._lookup, self._named, self.finish))

    def _run(self, program: Program | None, registrar: Registrar) -> Outcome:
        if program is not None and self._failures.allow_more:
            self._run_program(program, registrar)
        if self._undecided is None:
            self.finish()
        return self._failures.outcome(self._undecided or ())

    def finish(self) -> None:
        """Removes what must go. Called while the program still runs, and after one that did not get so far."""
        self._undecided = self._removals.remove_all_but(self._done) if self._failures.allow_more else ()

    def add_hook(self, name: str, hook: NamedHook) -> None:
        """A hook that rows name for their deletion."""
        self._named.add(name, hook)

    def add_error_hook(self, name: str, hook: ErrorHook) -> None:
        """A hook that is asked about what the cloud refuses."""
        self._named.add_error_hook(name, hook)

    def _run_program(self, program: Program, registrar: Registrar) -> None:
        try:
            program(registrar)
        except YunguanError as error:
            if self._means.stopping.is_set():
                self._failures.record("", Stopped("the program was ended, because the process was told to end"))
            elif self._failures.allow_more:
                self._failures.record("", error)

    def register(self, registration: Registration) -> Registered:
        """Makes the resource what the registration wants, as far as the plan allows.

        Raises YunguanError where it cannot and nothing else is to be begun.
        """

        def bring_about() -> Registered:
            with self._removals.alone_with(self._rows.live(registration.urn)):
                state = self._bring_about(registration)
            return Registered(id=state.id, outputs=registration.with_secrets({**state.inputs, **state.outputs}))

        return self._attempt(registration, bring_about)

    def read(self, registration: Registration, id: PropertyValue) -> Registered:
        """What exists under `id`, which is unknown where it comes from what failed.

        Raises YunguanError where nothing exists, or not what the plan rests on, and nothing else is to be begun.
        """
        if id is UNKNOWN:
            return Registered(UNKNOWN, {}, Result.SKIPPED)
        return self._attempt(registration, lambda: self._read(registration, str(id)))

    def _attempt(self, registration: Registration, act: Callable[[], Registered]) -> Registered:
        self._failures.refuse_more(registration.urn)
        if self._failures.skips(registration) or self._permits.leave_out(registration.urn):
            return Registered(UNKNOWN, {}, Result.SKIPPED)
        try:
            registered = act()
        except Exception as error:
            self._failures.record(registration.urn, error)
            if not self._failures.allow_more:
                raise
            return Registered(UNKNOWN, {}, Result.FAILED)
        with self._lock:
            self._done.add(registration.urn)
        return registered

    def _read(self, registration: Registration, id: str) -> Registered:
        prior = self._rows.live(registration.urn)
        reading.refuse_managed(registration.urn, prior)
        cloud = reading.cloud_of(registration, self._means.provider, self._inputs_of, self._lookup.cloud)
        seen = self._lookup.read(registration, id, cloud)
        operation = reading.operation_of(registration, id, seen, prior, cloud)
        self._permits.check_reading(operation)
        generation = prior.generation if prior is not None else self._steps.fresh_generation(registration.urn)
        position = self._position(registration)
        row = reading.row_of(registration, operation, seen, generation=generation, position=position)
        self._steps.note(row)
        return Registered(row.id, row.outputs)

    def register_outputs(self, urn: str, outputs: PropertyMap) -> None:
        """Keeps the outputs of a component; those of the stack itself are the stack's.

        One that comes from what failed is unknown, and left out.
        """
        if self._failures.holds_up(urn):
            return
        outputs = {name: value for name, value in outputs.items() if not holds_unknown(value)}
        row = self._rows.live(urn)
        if row is None:
            raise Failed("outputs of a resource that was not registered", where=urn)
        if row.type == STACK_TYPE:
            self.stack_outputs = outputs
        self._steps.note(replace(row, outputs=outputs))

    def invoke(self, invocation: Invocation) -> Answer:
        """The function's answer. Raises Refused where the plan rests on another."""
        try:
            cloud = reading.cloud_of_call(invocation, self._inputs_of, self._lookup.cloud)
            return self._lookup.invoke(invocation, cloud)
        except Exception as error:
            self._failures.record("", error)
            raise

    def _bring_about(self, registration: Registration) -> ResourceState:
        """Decides and acts; where a reply was lost, that is resolved, and what is there then is decided on anew."""
        around = hooks.Around(registration)
        for _ in range(ATTEMPTS):
            prior = self._rows.before(registration.urn)
            if prior is not None and self._permits.pass_over(prior):
                return prior
            kind = self._kind_of(registration, prior)
            cloud = cloud_of(registration, kind, self._inputs_of, self._lookup.cloud)
            along = self._permits.taken_along(registration.urn, prior)
            assessment = assess(
                registration, prior, kind, cloud=cloud, seed=self._permits.autoname_seed, taken_along=along
            )
            if kind is not None and prior is not None and self._permits.ask_anew(prior):
                assessment = made_anew(registration, prior, kind, assessment)
            self._permits.check(registration.urn, assessment, prior)
            around.before(assessment.decision.op, prior, assessment.inputs)
            if assessment.decision.delete_before_replace and prior is not None:
                self._removals.clear_the_way(prior)
            act = partial(self._carry_out, self._target(registration, assessment, prior), assessment, kind)
            try:
                state = self._named.persist(registration, assessment.decision.op, prior, assessment.inputs, act)
            except Lost as lost:
                self._resolver.resolve_lost(lost.intent)
            else:
                around.after(state.inputs, Registered(state.id, state.outputs))
                return state
        raise reply_lost(registration.urn)

    def _carry_out(self, target: ResourceState, assessment: Assessment, kind: Kind | None) -> ResourceState:
        decision = assessment.decision
        if kind is None or decision.op is Op.SAME:
            return self._steps.note(target)
        match decision.op:
            case Op.REFRESH:
                return self._steps.refresh(target, kind)
            case Op.IMPORT:
                return self._steps.take_over(target, kind, self._permits.version_of(target.urn))
            case Op.UPDATE:
                return self._steps.update(target, decision.diff, kind)
            case Op.CREATE | Op.REPLACE:
                return self._steps.create(target, kind)
            case _:
                raise Failed(f"{decision.op} of a resource cannot be executed", where=target.urn)

    def _kind_of(self, registration: Registration, prior: ResourceState | None) -> Kind | None:
        if not registration.custom:
            return None
        return within(self._means.provider.kind(registration.type, prior), registration.options.timeouts)

    def _inputs_of(self, urn: str) -> PropertyMap:
        return self._rows.by_urn[urn].inputs

    def _target(self, registration: Registration, assessment: Assessment, prior: ResourceState | None) -> ResourceState:
        """The row that is asked for; what only the cloud knows comes from the row before, where that stays."""
        asked = ResourceState(
            urn=registration.urn,
            generation=1,
            type=registration.type,
            custom=registration.custom,
            id="",
            parent=registration.parent,
            inputs=assessment.inputs,
            outputs={},
            observed={},
            dependencies=tuple(sorted(registration.dependencies)),
            property_dependencies={
                path: tuple(sorted(urns)) for path, urns in registration.property_dependencies.items()
            },
            provider=registration.provider,
            cloud=assessment.cloud,
            position=self._position(registration),
            protect=registration.options.protect,
            retain_on_delete=registration.options.retain_on_delete,
            secret_outputs=tuple(sorted(registration.options.additional_secret_outputs)),
            deleted_with=registration.options.deleted_with,
            replacement_trigger=registration.options.replacement_trigger,
            timeouts=registration.options.timeouts,
            delete_hooks=registration.delete_hooks,
            import_id=assessment.import_id,
        )
        if prior is None or (registration.custom and assessment.decision.op in _ANEW):
            return asked
        return replace(
            asked,
            generation=prior.generation,
            identity=prior.identity,
            id=prior.id,
            outputs=prior.outputs,
            observed=prior.observed,
        )

    def _position(self, registration: Registration) -> int:
        above = (self._rows.live(urn) for urn in needs(registration))
        return 1 + max((row.position for row in above if row is not None), default=0)
