"""What must never happen, watched at every call and every commit; and what must hold when all is quiet.

The numbers are those of the invariants of the architecture: 1 approved plans only, 2 intents before calls and nothing
unknown left behind, 3 an incomplete answer is no absence, 4 data goes by decision, 7 who was taken over writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Text, cast, select

from controller.engine import storage
from controller.engine.applying.progress import Step
from controller.engine.integrity import verify_integrity
from controller.engine.plan import Op, Plan
from controller.engine.planning.planner import MAY_BECOME
from controller.engine.state import ResourceState
from controller.store.database import Sessions
from controller.store.engine import JournalRow, PlanRow, ResourceRow
from controller.store.vault import Vault
from tests.faults.search.case import Want
from tests.faults.search.cloud import Call, Cloud
from tests.faults.search.kinds import KINDS
from tests.faults.search.schedule import Schedule, Worker
from tests.faults.search.schema import SCHEMAS


class Violation(AssertionError):
    """An invariant does not hold."""


@dataclass
class Oracle:
    """Watches one stack. `holder` is the worker that claimed it last; `plans` are the approved ones, by execution.

    `given_up` are ids of things with data that the person gave up, `retained` those that the program let go of in the
    cloud. `came_late`: identities that a worker which had been taken over still sent a create for.
    """

    sessions: Sessions
    vault: Vault
    schedule: Schedule
    stack_id: int
    holder: Worker | None = None
    plans: dict[int, Plan] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    retained: set[str] = field(default_factory=set)
    came_late: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)

    def tell(self, what: object) -> None:
        """A line of the case's history, for whoever looks at a failure."""
        worker = self.schedule.worker()
        self.history.append(f"{self.schedule.seconds:7.1f} {worker.name if worker else '-':10} {what}")

    def states(self) -> list[ResourceState]:
        with self.sessions() as session:
            return storage.load_state(session, self.stack_id, self.vault)

    def reached(self, step: Step, op: Op, urn: str) -> None:
        """A listener's view of the engine: each committed step must be the holder's."""
        self.tell(f"{step} {op} {urn.rpartition('::')[2]}")
        if step in {Step.INTENDED, Step.CLOSED} and self.schedule.worker() is not self.holder:
            self._violated(f"7: a worker that was taken over wrote: {step} {op} {urn}")
        self.schedule.pause()

    def witness(self, cloud: Cloud, call: Call) -> None:
        """Right before a call is sent."""
        self.tell(call)
        late = self.schedule.worker() is not self.holder
        what = JournalRow.identity == call.identity if call.identity else JournalRow.physical_id == call.id
        with self.sessions() as session:
            intent = session.execute(
                select(JournalRow.urn, JournalRow.execution_id, JournalRow.outcome)
                .where(JournalRow.stack_id == self.stack_id, JournalRow.op == call.op, what)
                .order_by(JournalRow.id.desc())
                .limit(1)
            ).one_or_none()
        if intent is None or (intent.outcome and not late):
            self._violated(f"2: {call} without an open intent")
        elif not self._permits(self.plans[intent.execution_id], intent.urn, call, cloud):
            self._violated(f"1: the approved plan does not say {call} of {intent.urn}")
        if call.op == Op.CREATE:
            self._watch_create(cloud, call, late=late)
        if call.op == Op.DELETE:
            self._watch_delete(call)

    def _watch_create(self, cloud: Cloud, call: Call, *, late: bool) -> None:
        there = [one.id for one in cloud.things.values() if one.identity == call.identity]
        if late:
            self.came_late.add(call.identity)
        elif call.identity not in self.came_late and (there or call.identity in cloud.underway.values()):
            self._violated(f"3: {call} although one {'is there: ' + there[0] if there else 'is underway'}")

    def _watch_delete(self, call: Call) -> None:
        if SCHEMAS[call.type].data_bearing and call.id not in self.given_up:
            self._violated(f"4: {call} without a decision")
        if call.id in self.retained:
            self._violated(f"1: {call} although the program retains it")

    def _permits(self, plan: Plan, urn: str, call: Call, cloud: Cloud) -> bool:
        planned = [one.op for one in plan.operations if one.urn == urn]
        if call.op == Op.DELETE:
            thing = cloud.things.get(call.id)
            twins = [one for one in cloud.things.values() if thing and one.identity == thing.identity]
            return bool({Op.DELETE, Op.REPLACE} & set(planned)) or len(twins) > 1 or thing is None
        return any(Op(call.op) in MAY_BECOME[op] for op in planned)

    def check_rows(self) -> None:
        """After each execution: the state is sound, and all of its intents are closed in the order of their fences."""
        for sentence in verify_integrity(self.states()):
            self.tell(
                [(one.urn[-12:], one.generation, one.id, one.pending_delete, one.missing) for one in self.states()]
            )
            self._violated(f"state: {sentence}")
        with self.sessions() as session:
            fences = session.scalars(
                select(JournalRow.fence).where(JournalRow.stack_id == self.stack_id).order_by(JournalRow.id)
            ).all()
        if list(fences) != sorted(fences):
            self._violated("7: an intent was written under an old fence")

    def check_whole(self, cloud: Cloud, *, strangers: Collection[str]) -> None:
        """State and cloud hold the same, and nothing that is ours is there twice. `strangers` are known otherwise."""
        states = [one for one in self.states() if one.custom]
        held = {one.id for one in states if not one.missing}
        for id in sorted(held - cloud.things.keys()):
            self._violated(f"whole: {id} is in the state, but not there")
        for id in sorted(cloud.things.keys() - held - set(strangers) - self.retained):
            self._violated(f"2: nobody knows of {id} ({cloud.things[id].type})")
        for one in states:
            thing = cloud.things.get(one.id)
            if thing is None or one.pending_delete or one.missing:
                continue
            desired, fields = KINDS[one.type].desired(one.inputs), cloud.observe(thing).fields
            differing = {key for key in {**desired, **fields} if desired.get(key) != fields.get(key)}
            if differing:
                self._violated(f"whole: {one.urn} is {fields}, and shall be {desired}")

    def check_wants(self, cloud: Cloud, wants: Collection[Want]) -> None:
        """What the program says in so many words is what is there."""
        live = {one.urn: one for one in self.states() if not one.pending_delete and one.custom}
        if live.keys() != {want.urn for want in wants}:
            self._violated(f"wanted: {sorted(live.keys() ^ {want.urn for want in wants})}")
        for want in wants:
            thing = cloud.things.get(live[want.urn].id) if want.urn in live else None
            for key, value in want.inputs.items():
                write_only = SCHEMAS[want.type].properties[key].write_only
                if isinstance(value, str) or key in want.ignore or write_only:
                    continue
                if thing is None or thing.values.get(key) != value:
                    self._violated(f"wanted: {want.name}.{key} is not {value}")

    def check_secrets(self) -> None:
        """No secret stands anywhere in plain."""
        places = {
            "journal": select(JournalRow.id).where(
                JournalRow.stack_id == self.stack_id, cast(JournalRow.target, Text).contains("password-")
            ),
            "plan": select(PlanRow.id).where(
                PlanRow.stack_id == self.stack_id, cast(PlanRow.document, Text).contains("password-")
            ),
            "state": select(ResourceRow.id).where(
                ResourceRow.stack_id == self.stack_id,
                cast(ResourceRow.inputs, Text).contains("password-")
                | cast(ResourceRow.outputs, Text).contains("password-"),
            ),
        }
        with self.sessions() as session:
            for place, found in places.items():
                if session.scalar(found.limit(1)) is not None:
                    self._violated(f"a secret stands in plain in the {place}")

    def _violated(self, sentence: str) -> None:
        self.violations.append(sentence)
        raise Violation(sentence)
