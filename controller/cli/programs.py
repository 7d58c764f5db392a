"""`yunguan program`: any Pulumi program in Python on the embedded engine, on a stack that belongs to no case."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from controller.cli import program_pulumi, refreshing
from controller.cli.output import Format, Output, print_document, print_text, say
from controller.cli.program_options import (
    Asked,
    By,
    Cloud,
    Config,
    Dependents,
    Exclude,
    Executor,
    Folder,
    GiveUp,
    OnError,
    Replace,
    Runner,
    RunProgram,
    Secret,
    Stack,
    Target,
    Yes,
    on_failure_of,
    targets_of,
)
from controller.cli.program_run import Done, Order, carry_out, digest_of, opened, refuse_unasked, show
from controller.cli.refreshing import Gone, Refresh
from controller.domain.errors import WrongUse
from controller.engine.plan import Purpose
from controller.engine.planning.differences import outputs_between, shown
from controller.engine.planning.render import DONE, summary, to_json
from controller.engine.properties import PropertyMap
from controller.reconcile.programs import ProgramStack

app = typer.Typer(no_args_is_help=True, help="Programs: any Pulumi project in Python, by whoever runs it")


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
    targets = targets_of(target, exclude, replace, target_dependents)
    asked = Asked(folder, stack, cloud, config or (), secret or ())
    if executor is Executor.PULUMI:
        program_pulumi.preview(asked, targets, output, refresh=refresh)
        return
    with opened(asked, asked.project) as (place, program):
        seen = program.look() if refresh else ()
        foretold = program.plan(Purpose.APPLY, targets, seen)
        plan, before = foretold.plan, program.outputs()
        digest = digest_of(place, plan)
    if output is not Format.TABLE:
        print_document(to_json(plan, digest) | refreshing.facts(seen), output)
        return
    refreshing.tell(seen)
    show(plan, digest)
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
    refuse_unasked(yes)
    refreshing.refuse_alone(refresh, gone)
    targets, on_failure = targets_of(target, exclude, replace, target_dependents), on_failure_of(continue_on_error)
    asked, by = Asked(folder, stack, cloud, config or (), secret or ()), user or getpass.getuser()
    order = Order(Purpose.APPLY, by, yes, refresh, gone, targets, on_failure, output, gives_up=give_up or ())
    if executor is Executor.PULUMI:
        program_pulumi.carry_out(asked, order)
        return
    with opened(asked, asked.project) as (place, program), program.alone():
        done = carry_out(place, program, order)
        facts, after = _facts(program), program.outputs()
    if output is not Format.TABLE:
        print_document(_document(done) | facts, output)
        return
    _print_outputs(done.before, after)
    _print_done(done)


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
    refuse_unasked(yes)
    refreshing.refuse_alone(refresh, gone)
    targets, on_failure = targets_of(target, exclude, None, target_dependents), on_failure_of(continue_on_error)
    asked, by = Asked(folder, stack, cloud, config or (), secret or ()), user or getpass.getuser()
    order = Order(Purpose.DESTROY, by, yes, refresh, gone, targets, on_failure, output, run_program=run_program)
    if executor is Executor.PULUMI:
        program_pulumi.carry_out(asked, order)
        return
    with opened(asked, asked.project if run_program else asked.unrun) as (place, program), program.alone():
        done = carry_out(place, program, order)
    if output is not Format.TABLE:
        print_document(_document(done), output)
        return
    _print_done(done)


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
    asked = Asked(folder, stack, "", config or (), secret or ())
    with opened(asked, asked.unrun) as (_, program), program.alone():
        program.testify(urn, id=made, by=user or getpass.getuser())
    say(f"{urn}: {f'it is {made}' if made else 'it was not made'}; run up or destroy again")


def _document(done: Done) -> dict[str, Any]:
    return to_json(done.plan, done.digest) | refreshing.facts(done.seen)


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


def _print_outputs(before: PropertyMap, after: PropertyMap) -> None:
    if lines := outputs_between(before, after):
        print_text("\n".join(["", "Outputs:", *lines]))


def _print_done(done: Done) -> None:
    print_text(f"\n{summary(done.plan, DONE)}\n\nDuration: {done.seconds:.0f} s")
