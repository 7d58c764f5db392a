"""A project's program in the hands of Pulumi's own command line, through the SDK's Automation API.

Called by `yunguan program … --executor pulumi`, where `pulumi` is on PATH. State, configuration and plugins are then
Pulumi's; nothing of it is planned, approved or journaled here, and no stack of the controller's is touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi import automation
from pulumi.automation.errors import CommandError

from controller.domain.errors import Failed, WrongUse
from controller.engine.applying.outcome import OnFailure
from controller.engine.planning.targets import ALL, Targets

COMMAND = "pulumi"


@dataclass(frozen=True)
class PulumiCli:
    """One stack of the project in `folder`. `tell` is given what the command line prints, line by line.

    `cloud` is a name in clouds.yaml, "" for what the project's configuration says.
    """

    folder: Path
    stack: str
    cloud: str
    tell: Callable[[str], None]
    targets: Targets = ALL
    on_failure: OnFailure = OnFailure.STOP

    def preview(self, *, refresh: bool) -> None:
        """What `up` would do. Raises WrongUse where there is no `pulumi`, Failed where it fails; so do the others."""
        with self._opened() as stack:
            stack.preview(refresh=refresh, **self._about())

    def up(self, *, refresh: bool) -> None:
        """Makes the stack what the program says."""
        with self._opened() as stack:
            stack.up(refresh=refresh, continue_on_error=self.on_failure is OnFailure.CONTINUE, **self._about())

    def preview_destroy(self, *, refresh: bool) -> None:
        """What `destroy` would do."""
        self._destroy(refresh=refresh, preview_only=True)

    def destroy(self, *, refresh: bool) -> None:
        """Removes all that the stack has."""
        self._destroy(refresh=refresh, preview_only=False)

    def _destroy(self, *, refresh: bool, preview_only: bool) -> None:
        if self.targets.excluded:
            raise WrongUse("--exclude: Pulumi's Automation API cannot destroy with it", remedy="name --target instead")
        with self._opened() as stack:
            stack.destroy(
                on_output=self.tell,
                color="never",
                refresh=refresh,
                preview_only=preview_only,
                target=list(self.targets.only),
                target_dependents=self.targets.with_dependents,
                continue_on_error=self.on_failure is OnFailure.CONTINUE,
            )

    def _about(self) -> dict[str, Any]:
        """What is looked at and how it is told, in the words that `preview` and `up` of the Automation API share."""
        return {
            "on_output": self.tell,
            "color": "never",
            "target": list(self.targets.only),
            "target_dependents": self.targets.with_dependents and bool(self.targets.only),
            "exclude": list(self.targets.excluded),
            "exclude_dependents": self.targets.with_dependents and bool(self.targets.excluded),
            "replace": list(self.targets.anew),
        }

    @contextmanager
    def _opened(self) -> Iterator[automation.Stack]:
        if shutil.which(COMMAND) is None:
            raise WrongUse(
                "there is no pulumi on PATH",
                where="--executor pulumi",
                remedy="install Pulumi's command line, or leave the option out: the embedded engine needs none",
            )
        environment = {"OS_CLOUD": self.cloud} if self.cloud else {}
        try:
            yield automation.create_or_select_stack(
                self.stack,
                work_dir=str(self.folder),
                opts=automation.LocalWorkspaceOptions(env_vars=environment),
            )
        except CommandError as error:
            raise Failed(f"pulumi failed: {error}", where=str(self.folder), remedy="see what it printed") from None
