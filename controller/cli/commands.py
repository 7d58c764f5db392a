"""The commands, a file a noun, put together; `run` turns errors into messages and exit codes. For `controller.cli`."""

from __future__ import annotations

import sys

import typer
from sqlalchemy.exc import DBAPIError

from controller.cli import (
    audits,
    bills,
    certificates,
    clocks,
    failing,
    incidents,
    people,
    programs,
    requests,
    rules,
    stacks,
    systems,
)
from controller.cli.bench import bench
from controller.cli.deadline import deadline
from controller.cli.demo import demo
from controller.cli.drift import drift
from controller.cli.kinds import kinds
from controller.cli.serve import serve, worker
from controller.domain.errors import YunguanError

app = typer.Typer(
    name="yunguan",
    help="云管: an approved request becomes a running, metered, reclaimable system.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(demo)
app.command()(serve)
app.command()(worker)
app.add_typer(requests.app, name="request")
app.add_typer(stacks.app, name="stack")
app.add_typer(programs.app, name="program")
app.command()(kinds)
app.command()(drift)
app.command()(systems.confirm)
app.command()(systems.change)
app.command("exit")(systems.exit_)
app.add_typer(certificates.app, name="certificate")
app.add_typer(incidents.app, name="incident")
app.command()(deadline)
app.add_typer(clocks.app, name="clock")
app.add_typer(bills.app, name="bill")
app.add_typer(people.units, name="unit")
app.add_typer(people.users, name="user")
app.add_typer(audits.app, name="audit")
app.command()(rules.rules)
app.add_typer(bench, name="bench")


def run() -> None:
    """Runs the command that was typed; exits 0, 1 (refused or failed), 2 (wrong use), 3 (unknown) or 130 (stopped)."""
    try:
        app()
    except YunguanError as error:
        told = error
    except DBAPIError as error:
        told = failing.database(error)
    except Exception as error:
        told = failing.unexpected(error)
    else:
        return
    sys.stderr.write(f"yunguan: {told}\n")
    sys.exit(told.exit_code)
