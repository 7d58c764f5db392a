"""`yunguan demo`: the main job from a workbook to a certificate, on a simulated cloud and a controller of its own.

Every command that is shown is really run; every claim is checked against the database and the cloud. The story stands
in `story.py`, the processes and the checks in `scene.py`, the workbook's content in `workbook.py`.
"""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from controller.cli.demo.scene import opened
from controller.cli.demo.story import tell


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave it being served until Ctrl-C")] = False,
) -> None:
    """The main job on the embedded default, narrated; exit code 0 only if every check held."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # either ends the demo and removes what it made
    with opened() as scene:
        tell(scene)
        scene.summarise()
        if keep:
            scene.keep()
    if not scene.all_held:
        raise typer.Exit(1)
