"""The command line. A file a noun; this one puts them together and turns errors into messages and exit codes (docs/cli.md)."""

from __future__ import annotations

import sys

import typer

from controller.domain.errors import YunguanError

app = typer.Typer(
    name="yunguan",
    help="云管: an approved request becomes a running, metered, reclaimable system.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def main() -> None:
    """Runs the command line; exits 0, 1 (refused or failed), 2 (wrong use) or 3 (unknown)."""
    try:
        app()
    except YunguanError as error:
        sys.stderr.write(f"yunguan: {error}\n")
        sys.exit(error.exit_code)
