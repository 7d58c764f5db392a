"""`yunguan-sandbox cloud up|down|status`: the simulated OpenStack API."""

from pathlib import Path
from typing import Annotated

import typer

from sandbox.cloud import process

app = typer.Typer(no_args_is_help=True, help="The simulated OpenStack API.")

Home = Annotated[Path, typer.Option("--home", help="Folder of its clouds.yaml, record and log.")]
DEFAULT_HOME = Path(".yunguan/sandbox")


@app.command()
def up(
    home: Home = DEFAULT_HOME,
    latency: Annotated[str, typer.Option(help="zero or realistic")] = "realistic",
    port: Annotated[int, typer.Option(help="Port of the services; 0: any free one.")] = 0,
) -> None:
    """Start it unless it runs, and say what to set. Safe to repeat."""
    if latency not in {"zero", "realistic"}:
        raise typer.BadParameter("latency is zero or realistic")
    cloud = process.find(home)
    if cloud is None:
        try:
            cloud = process.start(home, latency=latency, port=port, detached=True)
        except process.CloudError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
    _tell(cloud)


@app.command()
def down(home: Home = DEFAULT_HOME) -> None:
    """End it; only the process that `up` started, known by its number and its start time."""
    cloud = process.find(home)
    if cloud is None:
        typer.echo("The simulated cloud is not running.")
        return
    cloud.stop()
    typer.echo("The simulated cloud is down.")


@app.command()
def status(home: Home = DEFAULT_HOME) -> None:
    """Say whether it runs and what to set; exit code 1 where it does not."""
    cloud = process.find(home)
    if cloud is None:
        typer.echo("The simulated cloud is not running.")
        raise typer.Exit(1)
    _tell(cloud)


def _tell(cloud: process.RunningCloud) -> None:
    typer.echo(f"export OS_CLIENT_CONFIG_FILE={cloud.clouds_yaml}")
    typer.echo("export OS_CLOUD=sandbox")
    typer.echo(f"# services {cloud.url}  admin port {cloud.admin_url}  pid {cloud.pid}")
