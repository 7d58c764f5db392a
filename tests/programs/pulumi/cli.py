"""Pulumi's own command line with a home and a backend of its own in a folder; nothing of it leaves this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLUGINS = {
    "pulumi-language-python": "tests.programs.pulumi.language_host",
    "pulumi-resource-pulumi-python": "pulumi.dynamic",
}
"""What the command line starts → the module that it is here. The second is the SDK's, as in Pulumi's releases."""

PHRASE = "a long one"
_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Pulumi:
    """`folder` holds its home, its states and the commands that start its plugins."""

    folder: Path

    def __post_init__(self) -> None:
        for name, module in PLUGINS.items():
            command = self.folder / "bin" / name
            command.parent.mkdir(parents=True, exist_ok=True)
            command.write_text(f'#!/bin/sh\nPYTHONPATH="{_ROOT}" exec "{sys.executable}" -u -m {module} "$@"\n')
            command.chmod(0o755)

    def environment(self) -> dict[str, str]:
        """What the command line needs of the environment, beside the caller's."""
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": self.folder.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def run(self, project: Path, *words: str | Path) -> str:
        """A command that goes well, in the project's folder: what it printed."""
        ended = subprocess.run(
            ["pulumi", *map(str, words), "--non-interactive"],
            cwd=project,
            env={**os.environ, **self.environment()},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def document(self, project: Path, *words: str | Path) -> Any:
        """The same where it prints JSON."""
        return json.loads(self.run(project, *words))
