"""Runs a case: each version is planned, approved and applied by workers that may be stopped; then all must come right.

In the end nothing goes wrong any more: who was frozen comes back, what is underway arrives, scans and applies follow
each other until there is nothing to do. Then state, cloud and program are the same, and nothing of ours is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select, update

from controller.clock import real_now
from controller.domain.errors import Refused
from controller.engine.applying import approval
from controller.engine.applying.approval import Person, StandingRule
from controller.engine.applying.decisions import name_of_leftover
from controller.engine.applying.execute import execute
from controller.engine.applying.fence import StaleFence
from controller.engine.applying.means import Means
from controller.engine.applying.outcome import OnFailure, Outcome
from controller.engine.applying.recover import Recovery, recover
from controller.engine.lookup import Lookup
from controller.engine.plan import Op, Plan, Purpose
from controller.engine.planning.planner import needs_decision
from controller.engine.planning.preview import make_plan
from controller.engine.registration import Registered, Registrar
from controller.reconcile.drift import follow_up
from controller.reconcile.guard import Allowance, Limits
from controller.reconcile.scan import ScanResult, scan
from controller.reconcile.verdict import Finding, Verdict
from controller.store.database import Sessions
from controller.store.engine import ExecutionState, ResourceRow, StackRow, Wanted
from controller.store.reconcile import IncidentRow
from controller.store.vault import Vault
from tests.engine.scene import approved
from tests.faults.search.case import ByHand, Case, CaseProgram, Stop, Version
from tests.faults.search.cloud import REQUEST_TIMEOUT, SETTLE, SLOWEST, Cloud, Fault
from tests.faults.search.kinds import ModelProvider
from tests.faults.search.oracle import Oracle, Violation
from tests.faults.search.schedule import EPOCH, Schedule, TurnTaking, VirtualClock, Worker
from tests.faults.search.schema import SCHEMAS

TAKE_OVERS = 40
ROUNDS = 12
BELIEVING = Limits(one_pass=Allowance(99, 1.0), cloud_day=Allowance(99, 1.0), day=99, repairs=99, gone=1.0)
"""No guard stands in the way of a search: what scans say is missing is taken for it."""


def run_case(case: Case, sessions: Sessions, vault: Vault) -> list[str]:
    """What happened, in order.

    Raises Violation (or Stuck) where the engine breaks a promise, with the end of that history as a note.
    """
    run = Run(case, sessions, vault)
    try:
        run.whole()
    except AssertionError as error:
        error.add_note("\n".join(run.oracle.history[-60:]))
        raise
    else:
        return run.oracle.history
    finally:
        run.schedule.close()


def broken_by(case: Case, sessions: Sessions, vault: Vault) -> AssertionError | None:
    """What goes wrong when the case is run."""
    try:
        run_case(case, sessions, vault)
    except AssertionError as error:
        return error
    return None


@dataclass
class Run:
    """One case being run, on a stack and a cloud of its own.

    `disturbed`: something happened that only a scan finds. `succeeded`: the last execution did.
    """

    case: Case
    sessions: Sessions
    vault: Vault
    strangers: set[str] = field(default_factory=set)
    disturbed: bool = False
    succeeded: bool = False
    _stops: list[Stop] = field(default_factory=list)
    _turn0: int = 0
    _fence: int = 0
    _thaws: dict[Worker, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.sessions.begin() as session:
            row = StackRow(name="", cloud="", spec_digest="s1", spec_commit="c1", changed_at=real_now())
            session.add(row)
            session.flush()
            self.stack_id = row.id
            self.name, self.cloud_name = f"case/unit/{row.id}.gov", f"cloud{row.id}"
            row.name, row.cloud = self.name, self.cloud_name
        self.schedule = Schedule(self.case.schedule, on_turn=self._on_turn, on_begun=self._on_begun)
        self.oracle = Oracle(self.sessions, self.vault, self.schedule, self.stack_id)
        self.cloud = Cloud(self.cloud_name, self.schedule, self.oracle.witness)
        self.provider = ModelProvider(self.cloud)
        self.means = Means(
            self.sessions,
            self.vault,
            self.provider,
            request_timeout=REQUEST_TIMEOUT,
            patience=5.0,
            retry_seconds=10.0,
            progress=self.oracle,
            clock=VirtualClock(self.schedule),
            threads=TurnTaking(self.schedule),
        )

    def whole(self) -> None:
        """All versions, then the end."""
        last = self.case.versions[0]
        for version in self.case.versions:
            self._version(version, last)
            last = version
        self._come_to_rest(Version(last.wants, destroys=last.destroys))

    def _version(self, version: Version, last: Version) -> None:
        """`last` is the one before: what a repair goes back to."""
        self._stops, self._turn0 = sorted(version.stops, key=lambda one: one.turn), self.schedule.turns
        self.cloud.faults = {self.cloud.calls + number: fault for number, fault in version.faults.items()}
        self.disturbed |= not {Fault.LATE, Fault.TWICE}.isdisjoint(version.faults.values())
        for hand in version.by_hand:
            self._by_hand(hand)
        if version.scans:
            self._scan()
        self._recover()
        if version.repairs:
            self._repair(last)
            self._recover()
        self._apply(version)
        self.oracle.check_rows()

    def _apply(self, version: Version) -> None:
        """Plans, approves and executes as far as it goes; a plan that may not be made or started is left alone."""
        try:
            plan = self._plan(version, Purpose.DESTROY if version.destroys else Purpose.APPLY)
            self._execute(plan, self._approve(plan, keeps_data=version.keeps_data), version)
        except Refused as error:
            self.oracle.tell(error)

    def _repair(self, version: Version) -> None:
        """Back to what was approved, under a rule."""
        try:
            plan = self._plan(version, Purpose.REPAIR)
            self._execute(plan, self._record_approval(plan, StandingRule("GY-22a"), ()), version)
        except Refused as error:
            self.oracle.tell(error)

    def _execute(self, plan: Plan, approval_id: int, version: Version) -> None:
        execution_id = approval.start(self.sessions, approval_id, self.vault)
        self.oracle.plans[execution_id] = plan
        self.oracle.tell(
            [f"{one.op} {one.urn.rpartition('::')[2]}" for one in plan.operations if one.op is not Op.SAME]
        )
        before = {one.id for one in self.oracle.states() if one.retain_on_delete}
        self._carry_out(execution_id, version)
        after = {one.id for one in self.oracle.states()}
        self.oracle.retained |= {id for id in before - after if id in self.cloud.things}

    def _plan(self, version: Version, purpose: Purpose) -> Plan:
        with self.sessions.begin() as session:
            row = session.get_one(StackRow, self.stack_id)
            row.wanted = Wanted.ABSENT if version.destroys else Wanted.PRESENT
        return make_plan(
            stack=self.name,
            purpose=purpose,
            states=self.oracle.states(),
            provider=self.provider,
            spec_digest="s1",
            program_version="p1",
            program=None if purpose is Purpose.DESTROY else CaseProgram(version.wants),
            lookup=Lookup(self.provider, self.cloud_name),
        )

    def _approve(self, plan: Plan, *, keeps_data: bool) -> int:
        """A person's yes, who gives up all data that goes with the plan, or none. Raises Refused."""
        losing = {
            (one.urn, one.generation)
            for one in plan.operations
            if needs_decision(one.op, data_bearing=one.data_bearing)
        }
        states = [one.renamed(plan.moves) for one in self.oracle.states()]
        going = [one for one in states if (one.urn, one.generation) in losing]
        names = {name_of_leftover(one.urn, one.id) if one.pending_delete else one.urn for one in going}
        approval_id = self._record_approval(plan, Person("wang"), () if keeps_data else names)
        if not keeps_data or plan.purpose is Purpose.DESTROY:
            self.oracle.given_up |= {one.id for one in going}
        return approval_id

    def _record_approval(self, plan: Plan, by: Person | StandingRule, gives_up: Collection[str]) -> int:
        with self.sessions.begin() as session:
            return approved(session, self.stack_id, plan, self.vault, by=by, gives_up=gives_up)

    def _carry_out(self, execution_id: int, version: Version) -> None:
        """One worker after the other takes the execution up, until it has ended."""
        destroys = self.oracle.plans[execution_id].purpose is Purpose.DESTROY
        program = None if destroys else CaseProgram(version.wants, self._side_by_side)
        on_failure = OnFailure.CONTINUE if version.goes_on else OnFailure.STOP
        for _ in range(TAKE_OVERS):
            try:
                outcome = self._work(lambda means: execute(means, execution_id, program, on_failure))
                self.oracle.tell(outcome)
                self.succeeded = outcome is not None and outcome.state is ExecutionState.SUCCEEDED
            except (StaleFence, Refused) as error:
                self.oracle.tell(error)
                outcome = None  # somebody who was frozen has come back and taken over, or has ended it
                self.schedule.run(self._nobody_works)
            if outcome is not None and outcome.look_again_at is not None:
                self._wait_until(outcome)
            with self.sessions() as session:
                if approval.running(session, self.stack_id) != execution_id:
                    return
            self.schedule.sleep(self.schedule.random.uniform(0, 3))
        raise Violation(f"execution {execution_id} has no end")

    def _wait_until(self, later: Outcome | Recovery) -> None:
        if later.look_again_at is not None:
            self.schedule.sleep(max((later.look_again_at - EPOCH).total_seconds() - self.schedule.seconds, 0))

    def _recover(self) -> None:
        """Resolves what an ended execution left open."""
        for _ in range(TAKE_OVERS):
            recovery = self._work(lambda means: recover(means, self.stack_id))
            if recovery is not None and recovery.look_again_at is None:
                return
            if recovery is not None:
                self._wait_until(recovery)
        raise Violation("lost calls are never resolved")

    def _scan(self) -> ScanResult | None:
        """A scan and what follows from it."""

        def work(means: Means) -> ScanResult:
            result = scan(self.sessions, self.provider, self.vault, self.cloud_name, threads=means.threads)
            self.oracle.tell([(str(one.verdict), one.id) for one in result.findings])
            follow_up(self.sessions, self.provider, self.vault, result, BELIEVING)
            return result

        return self._work(work)

    def _work(self, work: Callable[[Means], Any]) -> Any:
        """Has a new worker do it; its result, None where the worker was stopped. Raises what it raised."""
        worker, result = Worker(f"worker {self.schedule.turns}"), Future[Any]()
        means = replace(self.means, stopping=worker.told)

        def run() -> None:
            try:
                result.set_result(work(means))
            except Exception as error:
                result.set_exception(error)

        self.schedule.begin(worker, run)
        self.schedule.run(lambda: not worker.goes_on)
        if self.oracle.violations:
            raise Violation(self.oracle.violations[0])
        return result.result(0) if result.done() else None

    def _on_turn(self, worker: Worker) -> None:
        """The next stop is the worker's whose turn it is."""
        for frozen, until in list(self._thaws.items()):
            if self.schedule.turns >= until:
                frozen.frozen = False
                del self._thaws[frozen]
        if self._stops and self.schedule.turns - self._turn0 >= self._stops[0].turn:
            self._stop(worker, self._stops.pop(0))

    def _on_begun(self, worker: Worker) -> None:
        """Who claims does so in its first turn."""
        with self.sessions() as session:
            fence = session.get_one(StackRow, self.stack_id).fence
        if fence != self._fence:
            self._fence, self.oracle.holder = fence, worker

    def _stop(self, worker: Worker, stop: Stop) -> None:
        if stop.told:
            worker.told.set()
        elif stop.frozen_for:
            worker.frozen = self.disturbed = True
            self._thaws[worker] = self.schedule.turns + stop.frozen_for
        else:
            self.schedule.kill(worker)
        self.oracle.tell(f"{worker.name}: {stop}")

    def _nobody_works(self) -> bool:
        return not any(worker.goes_on for worker in self.schedule.workers)

    def _by_hand(self, hand: ByHand) -> None:
        things = list(self.cloud.things.values())
        if not things:
            return
        self.disturbed = True
        thing = things[hand.thing % len(things)]
        if hand.deletes and len(things) > 2 and not self.cloud.is_used(thing.id):
            del self.cloud.things[thing.id]
        else:
            values = {
                key: 7 for key, one in SCHEMAS[thing.type].properties.items() if not (one.replaces or one.write_only)
            }
            thing.values |= values

    def _come_to_rest(self, last: Version) -> None:
        self._stops, self.cloud.faults = [], {}
        for frozen in self._thaws:
            frozen.frozen = False
        self._thaws.clear()
        self.schedule.run(lambda: self._nobody_works() and not self.cloud.underway)
        self.schedule.sleep(SETTLE)
        self._recover()
        undisturbed = self.succeeded and not self.disturbed
        if undisturbed:
            self.oracle.check_whole(self.cloud, strangers=())
        if (undisturbed and self._plan_in_the_end(last).is_empty) or self._is_put_right(last):
            self._check(last)

    def _is_put_right(self, last: Version) -> bool:
        """Scans and applies until nothing is left to do. False where a scan is not believed: a person must look."""
        for _ in range(ROUNDS):
            self._recover()
            result = self._scan()
            assert result is not None
            if not result.complete:
                return False
            findings = [one for one in result.findings if not self._is_reported(one)]
            plan = self._plan_in_the_end(last)
            if plan.is_empty and not findings:
                return True
            self.schedule.sleep(SLOWEST)
            self._apply(last)
            self.oracle.check_rows()
        raise Violation(f"no end: {[(one.op, one.urn) for one in plan.operations if one.op != 'same']} {findings}")

    def _is_reported(self, finding: Finding) -> bool:
        """Whether it is left to a person: an orphan with data, without identity or stack, or that was retained."""
        schema = SCHEMAS[finding.type]
        has_ended = self.case.versions[-1].destroys
        left = schema.data_bearing or schema.key or has_ended or finding.id in self.oracle.retained
        if finding.verdict is not Verdict.ORPHAN or not left:
            return False
        self.strangers.add(finding.id)
        with self.sessions() as session:
            return (
                session.scalar(select(IncidentRow.id).where(IncidentRow.details["id"].astext == finding.id)) is not None
            )

    def _plan_in_the_end(self, last: Version) -> Plan:
        """The plan; a person takes the protection off where it forbids one."""
        try:
            return self._plan(last, Purpose.DESTROY if last.destroys else Purpose.APPLY)
        except Refused:
            with self.sessions.begin() as session:
                session.execute(update(ResourceRow).where(ResourceRow.stack_id == self.stack_id).values(protect=False))
            return self._plan(last, Purpose.DESTROY if last.destroys else Purpose.APPLY)

    def _check(self, last: Version) -> None:
        """All is as the program says; the same program again does nothing."""
        self.oracle.check_whole(self.cloud, strangers=self.strangers)
        self.oracle.check_wants(self.cloud, () if last.destroys else last.wants)
        self.oracle.check_secrets()
        changes = self.cloud.changes
        self._apply(last)
        if self.cloud.changes != changes:
            raise Violation("the same program again changes something")

    def _side_by_side(self, program: CaseProgram, registrar: Registrar) -> None:
        """Each resource in a thread of its own; after a failure nothing more is registered, as the SDK does it."""
        answers: dict[str, Registered] = {}
        running: dict[str, Future[Registered]] = {}
        waiting = {want.name: want for want in program.wants}
        with self.means.threads.pool(len(waiting) or 1) as pool:
            while waiting or running:
                for want in [one for one in waiting.values() if one.needs <= answers.keys()]:
                    del waiting[want.name]
                    running[want.name] = pool.submit(registrar.register, program.registration(want, answers))
                self.schedule.wait_for(lambda: any(one.done() for one in running.values()))
                for name in [name for name, one in running.items() if one.done()]:
                    answers[name] = running.pop(name).result()
