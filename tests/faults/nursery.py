"""A warmed process that holds no connection: it forks a worker for each line it is told, and answers how that ended.

Started by `workers.py` as `python -m tests.faults.nursery`. A line is a `Job` as JSON; the answer is one line, the
worker's exit code (negative: the signal that ended it). What the worker came to stands in the job's report.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import openstack
import pulumi_openstack  # noqa: F401  imported here so that no fork pays for it
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from controller.clock import real_now
from controller.domain.spec import SystemSpec
from controller.engine import provider, storage
from controller.engine.applying import approval, fence
from controller.engine.applying.approval import Person
from controller.engine.applying.execute import execute
from controller.engine.applying.fence import StaleFence
from controller.engine.applying.means import Means
from controller.engine.applying.progress import Progress, Silent, Step
from controller.engine.lookup import Lookup
from controller.engine.plan import Op, Purpose
from controller.engine.planning.planner import needs_decision
from controller.engine.planning.preview import make_plan
from controller.engine.program import run as program
from controller.providers.openstack import connection
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry
from controller.reconcile.planning import SystemProgram
from controller.store.database import Sessions, connect
from controller.store.engine import ExecutionRow, ExecutionState, PlanRow, StackRow
from controller.store.vault import Vault
from tests.faults.job import Job

REQUEST_TIMEOUT, SETTLE, IDLE = 0.5, 0.2, 1.0


@dataclass
class Points:
    """Every point of an execution at which a kill makes a difference, named by operation, resource and phase.

    Between two points that follow each other nothing is written anywhere: right after the intent's commit is right
    before the first request, and right after a request is right before the next one or, for the last one, before the
    result's commit.
    """

    job: Job
    reached_points: list[str] = field(default_factory=list)
    _current: threading.local = field(default_factory=threading.local)
    _death: threading.Lock = field(default_factory=threading.Lock)

    def reached(self, step: Step, op: Op, urn: str) -> None:
        self._current.op, self._current.urn = op, urn
        if step is Step.CALLING:
            self._current.requests = 0
        elif step is not Step.CALLED:
            self._at(_PHASES[step])

    def before_request(self) -> None:
        """Called for each mutating request before it is sent."""
        if self._current.requests:
            self._at(f"after request {self._current.requests}")
        self._current.requests += 1
        self._may_stop(f"sending request {self._current.requests}")

    def _may_stop(self, phase: str) -> None:
        if self.job.stop == f"{self._current.op} {self._current.urn.split('::')[-1]}: {phase}":
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # this very thread goes no step further

    def _at(self, phase: str) -> None:
        self._may_stop(phase)
        op, type_, name = (
            self._current.op,
            self._current.urn.split("::")[-2].split("$")[-1],
            self._current.urn.split("::")[-1],
        )
        point, sort = f"{op} {name}: {phase}", f"{op} {type_}: {phase}"
        self.reached_points.append(point)
        if point == self.job.kill or (self.job.tried is not None and sort not in self.job.tried):
            with self._death:
                Path(self.job.report).write_text(json.dumps({"killed_at": sort}))
                os.kill(os.getpid(), signal.SIGKILL)


_PHASES = {
    Step.INTENDING: "before intent",
    Step.INTENDED: "after intent",
    Step.CLOSING: "before result",
    Step.CLOSED: "after result",
}


def main() -> None:
    """Warms up, then forks a worker a line until its input ends."""
    program.warm_up()
    openstack.connect(cloud="sandbox")
    fence.IDLE_SECONDS = IDLE
    stopped = 0
    for line in sys.stdin:
        job = Job(**json.loads(line))
        if job.task == "wake":
            pid = stopped
            os.kill(pid, signal.SIGCONT)
        else:
            pid = os.fork()
        if pid == 0:
            _work(job)
        _, status = os.waitpid(pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            stopped = pid
            print(-os.WSTOPSIG(status), flush=True)
        else:
            print(os.waitstatus_to_exitcode(status), flush=True)


def _work(job: Job) -> None:
    """The forked worker, to its end."""
    os.setsid()
    try:
        report = _TASKS[job.task](job)
        Path(job.report).write_text(json.dumps(report))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _means(job: Job, points: Progress) -> Means:
    _, sessions = connect(job.database_url, pool_size=40, idle_seconds=IDLE)
    settings = ProviderSettings(
        request_timeout=REQUEST_TIMEOUT, settle_seconds=SETTLE, patience=job.patience, retry_seconds=0.05
    )
    return Means(
        sessions=sessions,
        vault=Vault(job.vault_key.encode()),
        provider=Registry(settings),
        request_timeout=REQUEST_TIMEOUT,
        patience=job.patience,
        retry_seconds=0.1,
        progress=points,
    )


def _prepare(job: Job) -> dict[str, Any]:
    """The stack's row (made where it is not there), a plan with its approval, and a started execution."""
    means = _means(job, Silent())
    spec = SystemSpec.model_validate(job.spec) if job.spec else None
    stack = _stack(means.sessions, spec)
    runs = SystemProgram.installed()
    with means.sessions() as session:
        states = storage.load_state(session, stack.id, means.vault)
    plan = make_plan(
        stack=stack.name,
        purpose=Purpose.APPLY if spec else Purpose.DESTROY,
        lookup=Lookup(means.provider, stack.cloud),
        states=states,
        provider=means.provider,
        spec_digest=stack.spec_digest,
        program_version=runs.version,
        program=runs.preview(stack) if spec else None,
    )
    with means.sessions.begin() as session:
        approval_id = approval.approve(
            session,
            approval.store(session, stack.id, plan, means.vault, spec_commit=stack.spec_commit),
            by=Person("wang"),
            ground="case 1",
            valid_for=timedelta(hours=1),
            vault=means.vault,
            gives_up=[one.urn for one in plan.operations if needs_decision(one.op, data_bearing=one.data_bearing)],
        )
    approval.start(means.sessions, approval_id, means.vault)
    return {"operations": [f"{one.op} {one.urn.rsplit('::', 1)[-1]}" for one in plan.operations]}


def _stack(sessions: Sessions, spec: SystemSpec | None) -> StackRow:
    with sessions.begin() as session:
        stack = session.scalar(select(StackRow))
        if stack is None and spec is not None:
            stack = StackRow(name=spec.stack_name, cloud="sandbox", changed_at=real_now())
            session.add(stack)
        assert stack is not None
        if spec is not None:
            stack.spec, stack.spec_digest = spec.model_dump(mode="json", by_alias=True), spec.digest
            stack.spec_commit = spec.digest[:12]
        session.flush()
        return stack


def _go_on(job: Job) -> dict[str, Any]:
    """Executes what is running, as the worker does, and again while it only had to wait."""
    points = Points(job)
    means = _means(job, points)
    _interpose(points)
    runs = SystemProgram.installed()
    with means.sessions() as session:
        stack = session.scalars(select(StackRow)).one()
        row = session.scalars(select(ExecutionRow).where(ExecutionRow.state == ExecutionState.RUNNING)).one()
        purpose = session.get_one(PlanRow, row.plan_id).purpose
    runnable = None if purpose == Purpose.DESTROY else runs.apply(stack, means.stopping)
    try:
        outcome = execute(means, row.id, runnable)
    except (StaleFence, DBAPIError):  # or the server ended the transaction that it was stopped in
        return {"state": "taken over"}
    return {
        "state": outcome.state,
        "failures": dict(outcome.failures),
        "look_again_at": outcome.look_again_at.isoformat() if outcome.look_again_at else None,
        "points": points.reached_points,
        "calls": means.provider.calls_made("sandbox"),
    }


def _interpose(points: Points) -> None:
    """The points around each mutating request of this process are right behind the fence's last check."""
    check = provider.about_to_send

    def watched() -> None:
        check()
        points.before_request()

    vars(connection)["about_to_send"] = watched


_TASKS = {"prepare": _prepare, "go_on": _go_on}


if __name__ == "__main__":
    main()
