"""Program or deletion → Plan: what would be done to a stack, from what is known of it. Changes nothing.

No resource of the stack is asked for; the cloud is called only for what the program looks up, reads and imports.

`make_plan` is called by whoever needs a plan (the reconciler, the command line). It runs the program against a
`Preview`, which answers each registration with what can be foretold; what cannot is unknown.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from controller.engine import hooks, order, paths
from controller.engine.departing import Departing
from controller.engine.lookup import Answers, Lookup, Notebook
from controller.engine.plan import Op, Operation, Plan, Purpose
from controller.engine.planning import imports, planner, reading
from controller.engine.planning.dependents import carried_along
from controller.engine.planning.imports import Import
from controller.engine.planning.renames import Renames
from controller.engine.planning.targets import ALL, Targeting, Targets, made_anew, makes_calls, refuse_orphans
from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue, holds_unknown
from controller.engine.provider import Kind, Observation, Provider
from controller.engine.registration import Answer, ErrorHook, Invocation, NamedHook, Program, Registered, Registration
from controller.engine.state import ResourceState


def make_plan(
    *,
    stack: str,
    purpose: Purpose,
    states: Iterable[ResourceState],
    provider: Provider,
    spec_digest: str,
    program_version: str,
    program: Program | None,
    lookup: Lookup,
    targets: Targets = ALL,
) -> Plan:
    """What would bring the stack from `states` to what `program` registers, or remove it where the purpose is DESTROY.

    For DESTROY `program` is run for its hooks alone, and may be None where no row names one; `lookup` names the cloud
    of what has no provider of its own.
    Raises Refused for inputs that a kind refuses and for what protection or the purpose forbids, ProgramFailed where
    the program is at fault.
    """
    seed = hashlib.sha256(stack.encode()).hexdigest()[:16]
    preview = Preview(states, provider, purpose, lookup, seed, targets=targets)
    if program is not None:
        program(preview.departing() if purpose is Purpose.DESTROY else preview)
    elif purpose is not Purpose.DESTROY:
        raise ValueError("a plan to apply or repair needs the program")
    return Plan(
        stack=stack,
        purpose=purpose,
        spec_digest=spec_digest,
        program_version=program_version,
        operations=preview.operations(),
        autoname_seed=seed,
        invokes=preview.answers,
        left_out=preview.left_out,
    )


class Preview:
    """A registrar that decides what would be done and foretells what the program would be told."""

    def __init__(
        self,
        states: Iterable[ResourceState],
        provider: Provider,
        purpose: Purpose,
        lookup: Lookup,
        seed: str,
        *,
        targets: Targets = ALL,
    ) -> None:
        self._states = list(states)
        self._live = {state.urn: state for state in self._states if not state.pending_delete}
        self._renames = Renames(self._states)
        self._provider = provider
        self._purpose = purpose
        self._lookup = lookup
        self._seed = seed
        self._notebook = Notebook()
        self._targets = targets
        self._targeting = Targeting(targets)
        self._lock = threading.Lock()
        self._held = {state.holding: state.urn for state in self._states if state.managed and not state.missing}
        self._registrations: dict[str, Registration] = {}
        self._planned: dict[str, Operation] = {}
        self._first: set[str] = set()
        self._named = hooks.Named()

    def departing(self) -> Departing:
        """The registrar of a program whose stack goes."""
        return Departing(self._live.get, self._lookup, self._named, self.finish)

    def register(self, registration: Registration) -> Registered:
        """Decides about one resource. Raises Refused where it may not be so, WrongUse for a type that is not known."""
        with self._lock:
            prior = self._renames.prior_of(registration)
            self._registrations[registration.urn] = registration
            if not self._targeting.includes(registration):
                return self._pass_over(registration, prior)
            self._targeting.refuse_without(registration)
        kind = self._provider.kind(registration.type, prior) if registration.custom else None
        cloud = planner.cloud_of(registration, kind, self._inputs_of, self._lookup.cloud)
        with self._lock:
            along = planner.taken_along(registration, self._planned)
        assessment = planner.assess(registration, prior, kind, cloud=cloud, seed=self._seed, taken_along=along)
        anew = self._targets.replaces(registration.urn)
        if kind is not None and anew:
            assessment = made_anew(registration, prior, kind, assessment)
        if kind is not None:
            assessment = carried_along(registration, prior, kind, assessment, self._going_first())
        data_bearing = kind is not None and kind.data_bearing
        planner.refuse_in_repair(
            self._purpose,
            assessment.decision.op,
            registration.urn,
            data_bearing=data_bearing,
            lost=prior is not None and prior.missing,
        )
        imported = self._look_at_import(registration, kind, assessment)
        operation = Operation(
            urn=registration.urn,
            type=registration.type,
            op=assessment.decision.op,
            inputs=assessment.inputs,
            parent=registration.parent,
            cloud=cloud,
            id=prior.id if prior else "",
            import_id=assessment.import_id if imported else "",
            renamed_from=self._renames.old_of(registration.urn),
            generation=prior.generation if prior else 0,
            diff=assessment.decision.diff,
            observed_version=imported.version if imported else prior.version if prior else "",
            delete_before_replace=assessment.decision.delete_before_replace,
            data_bearing=data_bearing,
            anew=anew and assessment.decision.op is Op.REPLACE,
            hide_diffs=list(registration.options.hide_diffs),
            waits_for=self._waits_for(registration, assessment.inputs),
        )
        with self._lock:
            self._planned[registration.urn] = operation
            if operation.delete_before_replace:
                self._first.add(registration.urn)
        around = hooks.Around(registration)
        around.before(operation.op, prior, operation.inputs)
        foretold = _foretold(registration, operation, prior, assessment.decision, imported)
        around.after(operation.inputs, foretold)
        return foretold

    def _look_at_import(
        self, registration: Registration, kind: Kind | None, assessment: planner.Assessment
    ) -> Observation | None:
        """What is to be imported, None for all other decisions. Raises Refused where it may not be."""
        if kind is None or assessment.decision.op is not Op.IMPORT:
            return None
        wanted = Import(registration.urn, registration.type, assessment.import_id, assessment.cloud, assessment.inputs)
        with self._lock:
            imports.refuse_held_here(wanted, self._held)
            self._held[wanted.holding] = registration.urn
        self._lookup.stacks.refuse_held(wanted.holding, registration.urn)
        return imports.look(wanted, kind, self._provider.cloud(wanted.cloud) if kind.service else None)

    def register_outputs(self, urn: str, outputs: PropertyMap) -> None:
        """Outputs do nothing, so they are no part of a plan."""

    def read(self, registration: Registration, id: PropertyValue) -> Registered:
        """What exists under `id`; unknown where that is. Raises Refused where nothing does."""
        prior = self._live.get(registration.urn)
        reading.refuse_managed(registration.urn, prior)
        cloud = reading.cloud_of(registration, self._provider, self._inputs_of, self._lookup.cloud)
        known = not holds_unknown(reading.inputs_of(registration, id))
        seen = self._lookup.read(registration, id, cloud) if known else None
        with self._lock:
            self._registrations[registration.urn] = registration
            self._planned[registration.urn] = reading.operation_of(registration, id, seen, prior, cloud)
        if seen is None:
            return Registered(UNKNOWN, registration.inputs)
        return Registered(seen.id, registration.with_secrets(seen.outputs))

    def invoke(self, invocation: Invocation) -> Answer:
        """The function's answer, kept for the plan; unknown where an argument is."""
        if holds_unknown(invocation.args):
            return Answer(UNKNOWN)
        cloud = reading.cloud_of_call(invocation, self._inputs_of, self._lookup.cloud)
        answer = self._lookup.invoke(invocation, cloud)
        with self._lock:
            self._notebook.note(invocation, cloud, answer)
        return answer

    def add_hook(self, name: str, hook: NamedHook) -> None:
        """A hook that rows name for their deletion."""
        self._named.add(name, hook)

    def add_error_hook(self, name: str, hook: ErrorHook) -> None:
        """None is asked while nothing is done."""

    def finish(self) -> None:
        """Foretells the deletions to the hooks around them, which may want to see previews."""
        if self._named:
            for row in self._leaving(self.operations()):
                self._named.before_delete(row)
                self._named.after_delete(row)

    @property
    def answers(self) -> Answers:
        """What functions answered; call it when the program has ended."""
        return self._notebook.answers

    def operations(self) -> Sequence[Operation]:
        """All steps, in the plan's order; call it when the program has ended.

        A repair leaves alone what a replace left over and what bears data: that waits for a person. Raises Refused
        where a hook around a deletion is missing.
        """
        self._renames.check(self._registrations.keys())
        states = [state.renamed(self._renames.moves) for state in self._states]
        self._targets.refuse_unknown([*self._registrations, *(state.urn for state in states)])
        registered = [one for one in order.creation_order(self._registrations.values()) if one.urn in self._planned]
        staying = self._staying(states)
        doomed = order.deletions([one for one in states if one not in staying], self._registrations.keys())
        if self._purpose is Purpose.REPAIR:
            doomed = [state for state in doomed if not (state.pending_delete and self._bears_data(state))]
        with_what = order.going_along(doomed)
        deletions = [self._deletion(state, with_what) for state in doomed]
        coming = self._with_the_way_cleared({one.urn: one for one in deletions} | self._planned, states)
        steps = [*(coming[one.urn] for one in registered), *deletions, *(_passed_over(state) for state in staying)]
        for row in self._leaving(steps):
            self._named.refuse_missing(row)
        return steps

    def _leaving(self, steps: Sequence[Operation]) -> Sequence[ResourceState]:
        """The rows with hooks around their deletion that `steps` delete, replaced ones among them."""
        hooked = (state.renamed(self._renames.moves) for state in self._states if state.delete_hooks)
        rows = {(one.urn, one.generation): one for one in hooked}
        going = ((one.urn, one.generation) for one in steps if one.op in {Op.DELETE, Op.REPLACE})
        return [rows[key] for key in going if key in rows]

    @property
    def left_out(self) -> Sequence[str]:
        """What is registered, not there yet, and not targeted; call it when the program has ended."""
        return sorted(self._registrations.keys() - self._planned.keys())

    def _pass_over(self, registration: Registration, prior: ResourceState | None) -> Registered:
        """As the state has it; what is not there yet is unknown."""
        if prior is None:
            self._targeting.leave_out(registration.urn)
            return Registered(UNKNOWN, registration.inputs)
        renamed_from = self._renames.old_of(registration.urn)
        self._planned[registration.urn] = replace(_passed_over(prior), renamed_from=renamed_from)
        return Registered(prior.id, registration.with_secrets({**prior.inputs, **prior.outputs}))

    def _staying(self, states: Sequence[ResourceState]) -> Sequence[ResourceState]:
        """What would go if it were targeted. Raises Refused where something untargeted needs what is and goes."""
        if self._targets.is_all:
            return ()
        going = [one for one in states if one.pending_delete or one.urn not in self._registrations]
        chosen = [one for one in going if makes_calls(one) and self._targeting.includes(one)]
        untargeted = [one for one in states if makes_calls(one) and one not in chosen and self._is_passed_over(one)]
        leaving = [one for one in chosen if not one.pending_delete]
        refuse_orphans([*leaving, *(one for one in states if self._is_replaced(one))], untargeted)
        needed = order.foundations(states, [one.urn for one in untargeted])
        return [one for one in going if one in untargeted or (not makes_calls(one) and one.urn in needed)]

    def _is_replaced(self, state: ResourceState) -> bool:
        planned = self._planned.get(state.urn)
        return planned is not None and planned.op is Op.REPLACE and not state.pending_delete

    def _is_passed_over(self, state: ResourceState) -> bool:
        planned = self._planned.get(state.urn)
        return state.pending_delete or planned is None or planned.passed_over

    def _with_the_way_cleared(
        self, planned: Mapping[str, Operation], states: Sequence[ResourceState]
    ) -> Mapping[str, Operation]:
        """`planned`, in which all that stands in the way of something that goes first goes first, too."""
        cleared, live = dict(planned), {state.urn: state for state in states if not state.pending_delete}
        for urn in self._going_first():
            for one in order.in_the_way(live[urn], states, planned):
                if planned[one.urn].op is Op.REPLACE and not one.pending_delete:
                    cleared[one.urn] = replace(planned[one.urn], delete_before_replace=True)
        return cleared

    def _going_first(self) -> Collection[str]:
        """URNs whose old resource goes before the new one comes, as far as they are registered."""
        with self._lock:
            return frozenset(self._first)

    def _inputs_of(self, urn: str) -> PropertyMap:
        with self._lock:
            return self._planned[urn].inputs

    def _bears_data(self, state: ResourceState) -> bool:
        return state.managed and self._provider.kind(state.type).data_bearing

    def _deletion(self, state: ResourceState, with_what: Mapping[order.Key, order.Key]) -> Operation:
        data_bearing = self._bears_data(state)
        planner.refuse_in_repair(self._purpose, Op.DELETE, state.urn, data_bearing=data_bearing)
        return replace(
            _on(state, Op.DELETE),
            data_bearing=data_bearing,
            retain=state.retain_on_delete or state.external,
            deleted_with=with_what.get((state.urn, state.generation), ("", 0))[0],
        )

    def _waits_for(self, registration: Registration, inputs: PropertyMap) -> Mapping[str, Sequence[str]]:
        """For each input that is unknown: the resources, among those it comes from, that are still to be made."""
        waiting = {}
        for name, value in inputs.items():
            if holds_unknown(value):
                origins = registration.property_dependencies.get(name, ())
                unsettled = [urn for urn in origins if self._is_unsettled(urn)]
                waiting[name] = sorted(unsettled or origins)
        return waiting

    def _is_unsettled(self, urn: str) -> bool:
        with self._lock:
            operation = self._planned.get(urn)
        return operation is not None and operation.op in {Op.CREATE, Op.REPLACE}


def _passed_over(state: ResourceState) -> Operation:
    return replace(_on(state, Op.SAME), passed_over=True)


def _on(state: ResourceState, op: Op) -> Operation:
    """An operation on what is there, whatever the program says of it."""
    return Operation(
        urn=state.urn,
        type=state.type,
        op=op,
        inputs=state.inputs,
        parent=state.parent,
        cloud=state.cloud,
        id=state.id,
        generation=state.generation,
        observed_version=state.version,
    )


def _foretold(
    registration: Registration,
    operation: Operation,
    prior: ResourceState | None,
    decision: planner.Decision,
    imported: Observation | None,
) -> Registered:
    """What is known before it is done: a new resource by its inputs alone, what exists by its outputs, too."""
    if not registration.custom:
        return Registered("", operation.inputs)
    if imported is not None:
        return Registered(imported.id, registration.with_secrets({**operation.inputs, **imported.outputs}))
    if prior is None or operation.op in {Op.CREATE, Op.REPLACE}:
        return Registered(UNKNOWN, operation.inputs)
    if decision.recomputes:
        return Registered(prior.id, operation.inputs)
    changed = {paths.parse(path)[0] for path in operation.diff}
    if operation.op is Op.REFRESH:  # what was changed by hand and is let be
        changed = {key for key, value in operation.inputs.items() if value != prior.inputs.get(key)}
    new = {key: value for key, value in operation.inputs.items() if key in changed}
    return Registered(prior.id, {**operation.inputs, **prior.outputs, **new})
