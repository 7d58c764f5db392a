"""`--executor pulumi`: what a command asks for, done by Pulumi's own command line, which shows and keeps all of it.

Called by `programs.py` instead of `program_run.py`. What the embedded engine alone knows is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.cli.output import Format, print_text
from controller.cli.program_options import Asked
from controller.cli.program_run import Order, confirm
from controller.domain.errors import WrongUse
from controller.engine.plan import Purpose
from controller.engine.planning.targets import Targets
from controller.reconcile.pulumi_cli import PulumiCli


def preview(asked: Asked, targets: Targets, output: Format, *, refresh: bool) -> None:
    """What `up` would do. Raises WrongUse for options that are the embedded engine's."""
    _refuse({"--config": asked.config, "--secret": asked.secret}, output)
    PulumiCli(asked.folder, asked.stack, asked.cloud, _print_line, targets).preview(refresh=refresh)


def carry_out(asked: Asked, order: Order) -> None:
    """Shows what the order comes to and asks, unless the yes is given, and does it. Raises WrongUse as `preview`."""
    of_the_engine = {
        "--config": asked.config,
        "--secret": asked.secret,
        "--give-up": order.gives_up,
        "--run-program": order.run_program,
        "--gone": order.gone,
    }
    _refuse(of_the_engine, order.output)
    pulumi = PulumiCli(asked.folder, asked.stack, asked.cloud, _print_line, order.targets, order.on_failure)
    if order.purpose is Purpose.DESTROY:
        show, do = pulumi.preview_destroy, pulumi.destroy
    else:
        show, do = pulumi.preview, pulumi.up
    if not order.yes:
        show(refresh=order.refresh)
        confirm()
    do(refresh=order.refresh)


def _refuse(given: Mapping[str, object], output: Format) -> None:
    named = [option for option, value in given.items() if value]
    if output is not Format.TABLE:
        named.append("-o")
    if named:
        raise WrongUse(
            f"{named[0]} is for the embedded engine",
            where="--executor pulumi",
            remedy="set configuration by pulumi config set; Pulumi knows no decisions about data, and prints text",
        )


def _print_line(line: str) -> None:
    print_text(line.rstrip("\n"))
