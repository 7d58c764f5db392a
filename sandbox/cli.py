"""`yunguan-sandbox`: worlds to run against, each brought up, taken down and asked after."""

import typer

from sandbox.cloud.cli import app as cloud

app = typer.Typer(no_args_is_help=True, help="Worlds to run Yunguan against.", pretty_exceptions_enable=False)
app.add_typer(cloud, name="cloud")


@app.callback()
def worlds() -> None:
    """Each world is a noun of its own, with `up`, `down` and `status`."""


def main() -> None:
    """Entry point of the command."""
    app()
