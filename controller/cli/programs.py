"""`yunguan program`: any Pulumi program in Python on the embedded engine, on a stack that belongs to no case."""

from __future__ import annotations

import dataclasses
import getpass
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli import refreshing
from controller.cli.arguments import pairs, workplace
from controller.cli.output import Format, Output, print_document, print_text, say, stderr, stdout
from controller.cli.progress import Lines
from controller.cli.refreshing import Gone, Refresh
from controller.cli.signals import stoppable
from controller.domain.errors import Failed, Refused, WrongUse
from controller.engine.applying.outcome import OnFailure, Outcome
from controller.engine.plan import Plan, Purpose
from controller.engine.planning.differences import outputs_between, shown
from controller.engine.planning.render import DONE, summary, to_json, to_text
from controller.engine.planning.targets import Targets
from controller.engine.program.passphrase import VARIABLE
from controller.engine.program.project import Given, Project, load
from controller.engine.program.source import ProgramSource
from controller.engine.properties import PropertyMap
from controller.engine.stack_names import program_stack
from controller.providers.dynamic.host import DynamicHost
from controller.reconcile.programs import ProgramStack, cloud_of
from controller.reconcile.pulumi_cli import PulumiCli
from controller.store.engine import ExecutionState
from controller.workplace import Workplace

app = typer.Typer(no_args_is_help=True, help="Programs: any Pulumi project in Python, by whoever runs it")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of Pulumi.yaml")]
Stack = Annotated[str, typer.Option("--stack", help="The stack's name, as in Pulumi.NAME.yaml", show_default=False)]
Config = Annotated[list[str] | None, typer.Option("--config", help="KEY=VALUE; may be repeated")]
Secret = Annotated[
    list[str] | None,
    typer.Option("--secret", help="KEY=VARIABLE: the secret stands in that variable of the environment"),
]
Cloud = Annotated[str, typer.Option("--cloud", help="Name in clouds.yaml; the setting openstack:cloud otherwise")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking")]
Runner = Annotated[
    str, typer.Option("--as", help="Account that acts; the system's user otherwise", envvar="YUNGUAN_USER")
]
OnError = Annotated[
    bool, typer.Option("--continue-on-error", help="What does not need what failed goes on; else nothing new is begun")
]
Target = Annotated[list[str] | None, typer.Option("--target", help="URN, or wildcard: only these; may be repeated")]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="URN, or wildcard: not these; may be repeated")]
Replace = Annotated[
    list[str] | None,
    typer.Option("--replace", help="URN, or wildcard: replaced though nothing differs; may be repeated"),
]
Dependents = Annotated[
    bool, typer.Option("--target-dependents", help="What needs a targeted or excluded resource shares its lot")
]
RunProgram = Annotated[bool, typer.Option("--run-program", help="Run the program, too, for its hooks around deletions")]


class Executor(StrEnum):
    """Who carries a program out."""

    EMBEDDED = "embedded"
    PULUMI = "pulumi"


By = Annotated[Executor, typer.Option("--executor", help="The embedded engine, or Pulumi's own command line")]
GiveUp = Annotated[
    list[str] | None,
    typer.Option("--give-up", help="URN of a resource whose data goes with a change; URN@ID of one left over"),
]


@app.command()
def preview(
    folder: Folder,
    stack: Stack,
    config: Config = None,
    secret: Secret = None,
    cloud: Cloud = "",
    refresh: Refresh = False,
    target: Target = None,
    target_dependents: Dependents = False,
    exclude: Exclude = None,
    replace: Replace = None,
    executor: By = Executor.EMBEDDED,
    output: Output = Format.TABLE,
) -> None:
    """What `up` would do. Nothing is changed, here or in the cloud."""
    targets = _targets(target, exclude, replace, target_dependents)
    if executor is Executor.PULUMI:
        _refuse_for_pulumi({"--config": config, "--secret": secret}, output)
        PulumiCli(folder, stack, cloud, _print_line, targets).preview(refresh=refresh)
        return
    project = load(folder, stack, _given(config, secret))
    with _opened(project, stack, cloud or project.cloud, lambda: project.config) as (place, program):
        seen = program.look() if refresh else ()
        foretold = program.plan(Purpose.APPLY, targets, seen)
        plan, before = foretold.plan, program.outputs()
        digest = _digest(place, plan)
    if output is not Format.TABLE:
        print_document(to_json(plan, digest) | refreshing.facts(seen), output)
        return
    refreshing.tell(seen)
    _show(plan, digest)
    _print_outputs(before, foretold.outputs)


@app.command()
def up(
    folder: Folder,
    stack: Stack,
    config: Config = None,
    secret: Secret = None,
    cloud: Cloud = "",
    yes: Yes = False,
    user: Runner = "",
    give_up: GiveUp = None,
    continue_on_error: OnError = False,
    refresh: Refresh = False,
    gone: Gone = False,
    target: Target = None,
    target_dependents: Dependents = False,
    exclude: Exclude = None,
    replace: Replace = None,
    executor: By = Executor.EMBEDDED,
    output: Output = Format.TABLE,
) -> None:
    """Makes the stack what the program says: shows the plan, asks, and carries it out."""
    _refuse_unasked(yes)
    refreshing.refuse_alone(refresh, gone)
    targets, on_failure = _targets(target, exclude, replace, target_dependents), _on_failure(continue_on_error)
    if executor is Executor.PULUMI:
        _refuse_for_pulumi({"--config": config, "--secret": secret, "--give-up": give_up, "--gone": _if(gone)}, output)
        pulumi = PulumiCli(folder, stack, cloud, _print_line, targets, on_failure)
        if not yes:
            pulumi.preview(refresh=refresh)
            _confirm()
        pulumi.up(refresh=refresh)
        return
    project = load(folder, stack, _given(config, secret))
    with _opened(project, stack, cloud or project.cloud, lambda: project.config) as (place, program), program.alone():
        with stoppable(place.means.stopping):
            program.resume(Purpose.APPLY)
        seen = refreshing.refreshed(program, place.reconciler.limits, gone) if refresh else ()
        plan = program.plan(Purpose.APPLY, targets).plan
        digest = _digest(place, plan)
        _ask(plan, digest, yes, output)
        begun, before = time.monotonic(), program.outputs()
        with stoppable(place.means.stopping):
            outcome = program.carry_out(
                plan, by=user or getpass.getuser(), gives_up=give_up or (), on_failure=on_failure
            )
        _refuse_failed(program, outcome)
        facts, after = to_json(plan, digest) | refreshing.facts(seen) | _facts(program), program.outputs()
    if output is not Format.TABLE:
        print_document(facts, output)
        return
    _print_outputs(before, after)
    _print_done(plan, begun)


@app.command()
def destroy(
    folder: Folder,
    stack: Stack,
    config: Config = None,
    secret: Secret = None,
    cloud: Cloud = "",
    yes: Yes = False,
    user: Runner = "",
    continue_on_error: OnError = False,
    refresh: Refresh = False,
    gone: Gone = False,
    target: Target = None,
    target_dependents: Dependents = False,
    exclude: Exclude = None,
    run_program: RunProgram = False,
    executor: By = Executor.EMBEDDED,
    output: Output = Format.TABLE,
) -> None:
    """Removes all that the stack has, data included.

    Without --run-program the program is not run: --config is for dynamic providers.
    """
    _refuse_unasked(yes)
    refreshing.refuse_alone(refresh, gone)
    targets, on_failure = _targets(target, exclude, None, target_dependents), _on_failure(continue_on_error)
    if executor is Executor.PULUMI:
        _refuse_for_pulumi(
            {"--config": config, "--secret": secret, "--run-program": _if(run_program), "--gone": _if(gone)}, output
        )
        pulumi = PulumiCli(folder, stack, cloud, _print_line, targets, on_failure)
        if not yes:
            pulumi.preview_destroy(refresh=refresh)
            _confirm()
        pulumi.destroy(refresh=refresh)
        return
    if run_program:
        project = load(folder, stack, _given(config, secret))
    else:
        project = Project(ProgramSource.at(folder), pairs(config or [], "--config"))
    told = partial(_told, folder, stack, config, secret)
    with _opened(project, stack, cloud or project.cloud, told) as (place, opened), opened.alone():
        program = dataclasses.replace(opened, destroys_with_program=run_program)
        with stoppable(place.means.stopping):
            program.resume(Purpose.DESTROY)
        seen = refreshing.refreshed(program, place.reconciler.limits, gone) if refresh else ()
        plan = program.plan(Purpose.DESTROY, targets).plan
        digest = _digest(place, plan)
        _ask(plan, digest, yes, output)
        begun = time.monotonic()
        with stoppable(place.means.stopping):
            outcome = program.carry_out(plan, by=user or getpass.getuser(), on_failure=on_failure)
        _refuse_failed(program, outcome)
    if output is not Format.TABLE:
        print_document(to_json(plan, digest) | refreshing.facts(seen), output)
        return
    _print_done(plan, begun)


@app.command()
def resolve(
    folder: Folder,
    stack: Stack,
    urn: Annotated[str, typer.Option("--urn", help="The resource whose create got no reply", show_default=False)],
    made: Annotated[str, typer.Option("--made", help="The id of what it made, as you found it")] = "",
    not_made: Annotated[bool, typer.Option("--not-made", help="You looked, and it made nothing")] = False,
    config: Config = None,
    secret: Secret = None,
    user: Runner = "",
) -> None:
    """Says what came of a create that nobody can be asked about: one of a dynamic provider whose reply was lost."""
    if bool(made) is not_made:
        raise WrongUse("say what you found: --made ID, or --not-made")
    project = Project(ProgramSource.at(folder), pairs(config or [], "--config"))
    told = partial(_told, folder, stack, config, secret)
    with _opened(project, stack, "", told) as (_, program), program.alone():
        program.testify(urn, id=made, by=user or getpass.getuser())
    say(f"{urn}: {f'it is {made}' if made else 'it was not made'}; run up or destroy again")


@contextmanager
def _opened(
    project: Project, stack: str, cloud: str, told: Callable[[], PropertyMap]
) -> Iterator[tuple[Workplace, ProgramStack]]:
    """The workplace and the program's stack; `told` is the configuration that dynamic providers are given."""
    with workplace() as place, DynamicHost(project.source, told, _tell) as host:
        name = program_stack(project.source.project, stack)
        means = dataclasses.replace(place.means, provider=place.provider.hosting(host), progress=Lines(_tell))
        program = ProgramStack(means, project, name, cloud_of(means, name, asked=cloud), _tell)
        place.provider.cloud(program.cloud)  # one that is not known is refused before the program runs
        yield place, program


def _targets(
    only: list[str] | None, excluded: list[str] | None, anew: list[str] | None, with_dependents: bool
) -> Targets:
    return Targets(tuple(only or ()), tuple(excluded or ()), tuple(anew or ()), with_dependents)


def _told(folder: Path, stack: str, config: list[str] | None, secret: list[str] | None) -> PropertyMap:
    """The configuration of a stack whose program is not run."""
    return load(folder, stack, _given(config, secret)).config


def _refuse_for_pulumi(given: Mapping[str, list[str] | None], output: Format) -> None:
    """Raises WrongUse for what Pulumi's command line keeps in files of its own, or does not know."""
    named = [option for option, values in given.items() if values]
    if output is not Format.TABLE:
        named.append("-o")
    if named:
        raise WrongUse(
            f"{named[0]} is for the embedded engine",
            where="--executor pulumi",
            remedy="set configuration by pulumi config set; Pulumi knows no decisions about data, and prints text",
        )


def _if(given: bool) -> list[str] | None:
    return ["yes"] if given else None


def _on_failure(continue_on_error: bool) -> OnFailure:
    return OnFailure.CONTINUE if continue_on_error else OnFailure.STOP


def _given(config: list[str] | None, secret: list[str] | None) -> Given:
    """The configuration of the command line; secrets come through the environment, which other users cannot see."""
    secrets = {}
    for key, variable in pairs(secret or [], "--secret").items():
        if variable not in os.environ:
            raise WrongUse(f"--secret {key}={variable}: the environment has no {variable}")
        secrets[key] = os.environ[variable]
    return Given(pairs(config or [], "--config"), secrets, os.environ.get(VARIABLE))


def _digest(place: Workplace, plan: Plan) -> str:
    return plan.digest(place.means.vault.hmac_key)


def _show(plan: Plan, digest: str) -> None:
    print_text(f"{to_text(plan, stdout.width)}\n\ndigest {digest}")


def _print_outputs(before: PropertyMap, after: PropertyMap) -> None:
    if lines := outputs_between(before, after):
        print_text("\n".join(["", "Outputs:", *lines]))


def _print_done(plan: Plan, begun: float) -> None:
    print_text(f"\n{summary(plan, DONE)}\n\nDuration: {time.monotonic() - begun:.0f} s")


def _refuse_unasked(yes: bool) -> None:
    if not yes and not sys.stdin.isatty():
        raise WrongUse("nobody can be asked: this is no terminal", remedy="look at the preview, then add --yes")


def _ask(plan: Plan, digest: str, yes: bool, output: Format) -> None:
    """Shows the plan and asks for a yes to it, unless that is given or there is nothing to do."""
    if output is Format.TABLE:
        _show(plan, digest)
    if yes or plan.is_empty:
        return
    if output is not Format.TABLE:
        _tell(to_text(plan, stderr.width))
    _confirm()


def _confirm() -> None:
    if not typer.confirm("Do this?", err=True):
        raise Refused("not done: the plan was not approved")


def _refuse_failed(program: ProgramStack, outcome: Outcome) -> None:
    """Raises Failed with every failure where the run did not succeed; says what is left for a decision."""
    if outcome.state is not ExecutionState.SUCCEEDED:
        failures = "\n".join(f"{urn} {message}".strip() for urn, message in sorted(outcome.failures.items()))
        raise Failed(failures, where=program.name, remedy="mend that, and run it again: it goes on from there")
    for name in outcome.undecided:
        say(f"left over, because it bears data: {name} (--give-up {name} removes it)")


def _facts(program: ProgramStack) -> dict[str, Any]:
    return {
        "outputs": shown(program.outputs()),
        "resources": [
            {
                "urn": one.urn,
                "type": one.type,
                "id": one.id,
                "parent": one.parent,
                "dependencies": list(one.dependencies),
            }
            for one in program.states()
            if not one.pending_delete
        ],
    }


def _print_line(line: str) -> None:
    print_text(line.rstrip("\n"))


def _tell(line: str) -> None:
    stderr.print(line, markup=False, highlight=False, soft_wrap=True)
