"""One operation on one resource: intent, call, result. Each step here changes the cloud and the state together.

Called by `execute.py` and `removing.py` once planner and permits have said yes. A call that came back without an answer
leaves as `Lost`, its intent open; every other ending closes the intent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from controller.domain.errors import Failed, Refused, Stopped, YunguanError
from controller.engine.applying.fence import StaleFence
from controller.engine.applying.journal import Ending, Intent, Journal
from controller.engine.applying.means import Means
from controller.engine.applying.progress import Step
from controller.engine.applying.recover import Resolver
from controller.engine.applying.rows import Rows, gone, not_ready, really_there, seen, taking_over
from controller.engine.plan import Op, Operation
from controller.engine.planning import imports
from controller.engine.planning.imports import Import
from controller.engine.provider import Carrier, Change, Kind, Observation, Rejected, Unsettled, sending_only_if, within
from controller.engine.state import ResourceState

ATTEMPTS = 5
"""How often a call whose reply was lost is made anew within one run."""

_CHECK_HOLDS = timedelta(seconds=1)

_Answer = TypeVar("_Answer")


class Lost(Exception):
    """The call of `intent` came back without an answer. `execute.py` always catches it."""

    def __init__(self, intent: Intent, error: YunguanError) -> None:
        super().__init__(error.message)
        self.intent = intent


class Steps:
    """The operations of one execution. Shared by its threads."""

    def __init__(self, means: Means, journal: Journal, rows: Rows, resolver: Resolver, execution_id: int) -> None:
        self._means = means
        self._journal = journal
        self._rows = rows
        self._resolver = resolver
        self._execution_id = execution_id

    def create(self, target: ResourceState, kind: Kind) -> ResourceState:
        """Makes `target`; a row that stands before it waits for its removal from then on.

        Raises Refused where what answers to its natural key belongs to another stack.
        """
        cloud = self._means.connection(target, kind)
        self.refuse_when_stopping(target)
        intent = self._journal.intend_create(self._execution_id, target)
        named = intent.target
        state = self._send(intent, lambda: kind.create(cloud, named.inputs, named.identity))
        saves, removes = taking_over(state, self._rows.live(state.urn))
        return self._settle(intent, state, saves, removes, claims=[state] if kind.carrier is Carrier.NATURAL else ())

    def update(self, target: ResourceState, changes: Mapping[str, Change], kind: Kind) -> ResourceState:
        """Changes what is there to `target`, in place. Not seen to its end, it leaves a row of what is really there."""
        cloud = self._means.connection(target, kind)
        self.refuse_when_stopping(target)
        intent = self._journal.intend(self._execution_id, Op.UPDATE, target)
        state = self._send(intent, lambda: kind.update(cloud, target.id, target.inputs, changes))
        if state.unsettled:
            before = self._rows.by_urn[target.urn].inputs
            state = replace(state, inputs=really_there(kind, before, target.inputs, state.observed))
        return self._settle(intent, state, [state], [])

    def look_ahead(self, operation: Operation) -> None:
        """Before anything is done: whether what the plan imports may still be. Raises as `look_at`."""
        prior = self._rows.before(operation.urn)
        if prior is None or prior.missing:  # else it was imported before a crash
            kind = self._means.provider.kind(operation.type)
            self.look_at(Import.planned(operation), kind, operation.observed_version)

    def look_at(self, wanted: Import, kind: Kind, version: str) -> Observation:
        """What is to be imported. Raises Refused where it may not be, or is not of the `version` that was approved."""
        self._journal.refuse_held_elsewhere(wanted.holding, wanted.urn)
        found = imports.look(wanted, kind, self._means.provider.cloud(wanted.cloud) if kind.service else None)
        imports.refuse_moved(wanted, found, version)
        return found

    def take_over(self, target: ResourceState, kind: Kind, version: str) -> ResourceState:
        """Imports what is there under the target's id; nothing is sent that changes it. Raises as `look_at`."""
        observation = self.look_at(Import.of(target), kind, version)
        state = seen(replace(target, generation=self.fresh_generation(target.urn)), observation)
        self._write(*taking_over(state, self._rows.live(state.urn)), claims=[state])
        return state

    def refresh(self, target: ResourceState, kind: Kind) -> ResourceState:
        """Waits for the promised state of what is there; an update without a change sends nothing that changes."""
        try:
            state = seen(target, kind.update(self._means.connection(target, kind), target.id, target.inputs, {}))
        except Unsettled as error:
            state = not_ready(target, error)
        return self._promised(self.note(state))

    def refuse_when_stopping(self, resource: ResourceState) -> None:
        """Raises Stopped where the process was told to end: nothing is begun then."""
        if self._means.stopping.is_set():
            raise Stopped("not begun, because the process was told to end", where=resource.urn)

    def fresh_generation(self, urn: str) -> int:
        """A generation that nothing of `urn` has or had."""
        [generation] = self._journal.fresh_generations(urn, 1)
        return generation

    def note(self, state: ResourceState) -> ResourceState:
        """Writes a row that no call stands behind, where it says something new."""
        if state != self._rows.live(state.urn):
            self._write([state], [])
        return state

    def rename(self, moves: Mapping[str, str]) -> None:
        """Moves rows to new URNs, and all that refers to them, at once; what has moved already stays."""
        renamed = [(one, one.renamed(moves)) for one in self._rows.all()]
        changed = [(old, new) for old, new in renamed if old != new]
        if changed:
            self._write([new for _, new in changed], [old for old, _ in changed])

    def forget(self, resource: ResourceState) -> None:
        """Removes the row of what is gone, or shall stay in the cloud, without a call."""
        self._write(*gone(resource))

    def delete(self, resource: ResourceState) -> None:
        """Deletes it; one that is not pending stands on as missing, to be made anew."""
        if not resource.managed or resource.retain_on_delete:
            self.forget(resource)
            return
        kind = within(self._means.provider.kind(resource.type, resource), resource.timeouts)
        cloud = self._means.connection(resource, kind)
        for _ in range(ATTEMPTS):
            self.refuse_when_stopping(resource)
            intent = self._journal.intend(self._execution_id, Op.DELETE, resource)
            try:
                self._call(intent, lambda: kind.delete(cloud, resource.id, resource.inputs))
            except Lost as lost:
                self._resolver.resolve_lost(lost.intent)
                if self._rows.standing(resource) is None:
                    return
            except Unsettled as error:
                self._journal.close(intent, Ending.SUPERSEDED, message=error.message)
                self._leave_when_stopping(resource, error.message)
                raise
            else:
                saves, removes = gone(resource)
                self._journal.close(intent, Ending.DONE, saves=saves, removes=removes)
                self._rows.apply(saves, removes)
                return
        raise reply_lost(resource.urn)

    def _send(self, intent: Intent, call: Callable[[], Observation]) -> ResourceState:
        """The row after the call, unsettled where the cloud did not bring it that far."""
        try:
            return seen(intent.target, self._call(intent, call))
        except Unsettled as error:
            return not_ready(intent.target, error)

    def _call(self, intent: Intent, call: Callable[[], _Answer]) -> _Answer:
        """The answer. Raises Rejected with the intent closed; Unsettled, Lost and StaleFence with the intent open."""
        self._journal.check()
        self._means.progress.reached(Step.CALLING, intent.op, intent.target.urn)
        try:
            with sending_only_if(self._rechecked(), until=self._means.stopping):
                return call()
        except (StaleFence, Unsettled):
            raise
        except Rejected as error:
            self._journal.close(intent, Ending.REJECTED, message=error.message)
            self._leave_when_stopping(intent.target, error.message)
            raise
        except YunguanError as error:
            raise Lost(intent, error) from error
        finally:
            self._means.progress.reached(Step.CALLED, intent.op, intent.target.urn)

    def _rechecked(self) -> Callable[[], None]:
        """The fence's check for requests that a call sends later than right after its own; raises StaleFence."""
        checked = self._means.clock.now()

        def check() -> None:
            if self._means.clock.now() - checked > _CHECK_HOLDS:
                self._journal.check()

        return check

    def _settle(
        self,
        intent: Intent,
        state: ResourceState,
        saves: Sequence[ResourceState],
        removes: Sequence[ResourceState],
        claims: Sequence[ResourceState] = (),
    ) -> ResourceState:
        """Raises Refused, the intent closed, where another stack holds what the call found instead of making it."""
        try:
            self._journal.close(
                intent, Ending.DONE, saves=saves, removes=removes, claims=claims, message=state.unsettled
            )
        except Refused as error:
            self._journal.close(intent, Ending.REJECTED, message=error.message)
            raise
        self._rows.apply(saves, removes)
        return self._promised(state)

    def _promised(self, state: ResourceState) -> ResourceState:
        """`state` where it is settled. Raises Failed where the cloud did not bring it that far, Stopped as below."""
        if not state.unsettled:
            return state
        self._leave_when_stopping(state, state.unsettled)
        raise Failed(
            f"it exists, but is not ready: {state.unsettled}",
            where=state.urn,
            remedy="the next plan replaces it" if state.broken else "the next run waits for it again",
        )

    def _leave_when_stopping(self, resource: ResourceState, problem: str) -> None:
        """Raises Stopped where the process was told to end: then a `problem` that may pass was not waited out."""
        if self._means.stopping.is_set():
            message = f"left to the next run, because the process was told to end: {problem}"
            raise Stopped(message, where=resource.urn)

    def _write(
        self,
        saves: Sequence[ResourceState],
        removes: Sequence[ResourceState],
        claims: Sequence[ResourceState] = (),
    ) -> None:
        self._journal.note(saves=saves, removes=removes, claims=claims)
        self._rows.apply(saves, removes)


def reply_lost(urn: str) -> Failed:
    """What is raised when a call's reply was lost each time it was made."""
    return Failed(f"the reply was lost {ATTEMPTS} times", where=urn, remedy="look at the cloud's API, then apply again")
