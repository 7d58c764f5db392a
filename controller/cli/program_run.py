"""One stack of a program, opened; its plan, shown, approved by the person at the terminal, and carried out.

Called by `programs.py`, whose commands say in `Order` what they want.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import typer

from controller.cli import refreshing
from controller.cli.arguments import workplace
from controller.cli.output import Format, print_text, say, stderr, stdout
from controller.cli.program_options import Asked
from controller.cli.progress import Lines
from controller.cli.signals import stoppable
from controller.domain.errors import Failed, Refused, WrongUse
from controller.engine.applying.outcome import OnFailure, Outcome
from controller.engine.applying.refresh import Seen
from controller.engine.plan import Plan, Purpose
from controller.engine.planning.render import to_text
from controller.engine.planning.targets import Targets
from controller.engine.program.project import Project
from controller.engine.properties import PropertyMap
from controller.engine.stack_names import program_stack
from controller.providers.dynamic.host import DynamicHost
from controller.reconcile.programs import ProgramStack, cloud_of
from controller.store.engine import ExecutionState
from controller.workplace import Workplace


@dataclasses.dataclass(frozen=True)
class Order:
    """What is to be done, by whom; `yes`: without asking. `gone`: what a refresh finds gone, however much, is.

    `run_program`: a program that is destroyed is run, too.
    """

    purpose: Purpose
    by: str
    yes: bool
    refresh: bool
    gone: bool
    targets: Targets
    on_failure: OnFailure
    output: Format
    gives_up: Collection[str] = ()
    run_program: bool = False


@dataclasses.dataclass(frozen=True)
class Done:
    """What was carried out in how many seconds, and the outputs that the stack had before it."""

    plan: Plan
    digest: str
    seen: Sequence[Seen]
    before: PropertyMap
    seconds: float


@contextmanager
def opened(asked: Asked, project: Project) -> Iterator[tuple[Workplace, ProgramStack]]:
    """The workplace and the program's stack. Dynamic providers are given all of its configuration, if they ask."""
    with workplace() as place, DynamicHost(project.source, lambda: asked.project.config, tell) as host:
        name = program_stack(project.source.project, asked.stack)
        means = dataclasses.replace(place.means, provider=place.provider.hosting(host), progress=Lines(tell))
        cloud = cloud_of(means, name, asked=asked.cloud or project.cloud)
        program = ProgramStack(means, project, name, cloud, tell)
        place.provider.cloud(program.cloud)  # one that is not known is refused before the program runs
        yield place, program


def carry_out(place: Workplace, program: ProgramStack, order: Order) -> Done:
    """Takes up what was interrupted, plans, asks, and does it.

    Raises Refused where the answer is no, Failed with every failure, Stopped where the process is told to end.
    """
    program = dataclasses.replace(program, destroys_with_program=order.run_program)
    with stoppable(place.means.stopping):
        program.resume(order.purpose)
    seen = refreshing.refreshed(program, place.reconciler.limits, order.gone) if order.refresh else ()
    plan = program.plan(order.purpose, order.targets).plan
    digest = digest_of(place, plan)
    _ask(plan, digest, order)
    begun, before = time.monotonic(), program.outputs()
    with stoppable(place.means.stopping):
        outcome = program.carry_out(plan, by=order.by, gives_up=order.gives_up, on_failure=order.on_failure)
    _refuse_failed(program, outcome)
    return Done(plan, digest, seen, before, time.monotonic() - begun)


def refuse_unasked(yes: bool) -> None:
    """Raises WrongUse where a yes is neither given nor can be asked for."""
    if not yes and not sys.stdin.isatty():
        raise WrongUse("nobody can be asked: this is no terminal", remedy="look at the preview, then add --yes")


def digest_of(place: Workplace, plan: Plan) -> str:
    """The plan's digest under this home's key."""
    return plan.digest(place.means.vault.hmac_key)


def show(plan: Plan, digest: str) -> None:
    """The plan as a person reads it."""
    print_text(f"{to_text(plan, stdout.width)}\n\ndigest {digest}")


def confirm() -> None:
    """Asks for a yes to what was shown. Raises Refused where it does not come."""
    if not typer.confirm("Do this?", err=True):
        raise Refused("not done: the plan was not approved")


def tell(line: str) -> None:
    """A line of what is going on, beside the command's own output."""
    stderr.print(line, markup=False, highlight=False, soft_wrap=True)


def _ask(plan: Plan, digest: str, order: Order) -> None:
    """Shows the plan and asks for a yes to it, unless that is given or there is nothing to do."""
    if order.output is Format.TABLE:
        show(plan, digest)
    if order.yes or plan.is_empty:
        return
    if order.output is not Format.TABLE:
        tell(to_text(plan, stderr.width))
    confirm()


def _refuse_failed(program: ProgramStack, outcome: Outcome) -> None:
    """Raises Failed with every failure where the run did not succeed; says what is left for a decision."""
    if outcome.state is not ExecutionState.SUCCEEDED:
        failures = "\n".join(f"{urn} {message}".strip() for urn, message in sorted(outcome.failures.items()))
        raise Failed(failures, where=program.name, remedy="mend that, and run it again: it goes on from there")
    for name in outcome.undecided:
        say(f"left over, because it bears data: {name} (--give-up {name} removes it)")
