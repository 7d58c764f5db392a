"""What the command line says of a program: the options that its commands share → the values they stand for.

Called by `programs.py`; what is done with them stands in `program_run.py` and `program_pulumi.py`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.arguments import pairs
from controller.domain.errors import WrongUse
from controller.engine.applying.outcome import OnFailure
from controller.engine.planning.targets import Targets
from controller.engine.program.passphrase import VARIABLE
from controller.engine.program.project import Given, Project, load
from controller.engine.program.source import ProgramSource

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


@dataclass(frozen=True)
class Asked:
    """One stack of the project in `folder`, with the cloud and the configuration that the command line adds."""

    folder: Path
    stack: str
    cloud: str
    config: Sequence[str]
    secret: Sequence[str]

    @cached_property
    def project(self) -> Project:
        """With all of the stack's configuration. Raises WrongUse, Refused for what is off in it."""
        return load(self.folder, self.stack, Given(self._plain, self._secrets, os.environ.get(VARIABLE)))

    @property
    def unrun(self) -> Project:
        """Where the program is not run: the files that configure it need not be there."""
        return Project(ProgramSource.at(self.folder), self._plain)

    @property
    def _plain(self) -> dict[str, str]:
        return pairs(self.config, "--config")

    @property
    def _secrets(self) -> dict[str, str]:
        """Secrets come through the environment, which other users cannot see."""
        named = pairs(self.secret, "--secret")
        for key, variable in named.items():
            if variable not in os.environ:
                raise WrongUse(f"--secret {key}={variable}: the environment has no {variable}")
        return {key: os.environ[variable] for key, variable in named.items()}


def targets_of(
    only: list[str] | None, excluded: list[str] | None, anew: list[str] | None, with_dependents: bool
) -> Targets:
    """What the plan is about."""
    return Targets(tuple(only or ()), tuple(excluded or ()), tuple(anew or ()), with_dependents)


def on_failure_of(continue_on_error: bool) -> OnFailure:
    """What becomes of the rest where something fails."""
    return OnFailure.CONTINUE if continue_on_error else OnFailure.STOP
