"""Programs on a virtualenv of their own, which their project names."""

from __future__ import annotations

import venv
from pathlib import Path

import pulumi
import pytest

from controller.domain.errors import WrongUse
from controller.engine.program.run import ProgramFailed
from tests.programs.desk import Desk


def test_a_program_runs_on_the_virtualenv_that_it_names(desk: Desk) -> None:
    project = desk.copy("elsewhere")
    with pytest.raises(WrongUse, match="no virtualenv"):
        desk.up(project)
    _virtualenv(project / "venv")
    made = desk.up(project)
    assert made["outputs"] == {
        "prefix": str(project / "venv"),
        "line": "a module beside it",
        "stack": "elsewhere/dev",
    }


def test_what_fails_in_a_virtualenv_beside_the_program_is_told_with_the_programs_own_line(desk: Desk) -> None:
    project = desk.copy("elsewhere")
    _virtualenv(project / "venv")
    description = project / "Pulumi.yaml"
    description.write_text(description.read_text().replace("main: source", "main: ."))
    (project / "__main__.py").write_text("import pulumi\n\npulumi.ResourceOptions.merge(3, 4)\n")
    with pytest.raises(ProgramFailed, match="TypeError") as failed:
        desk.up(project)
    assert failed.value.where == "__main__.py:3"


def _virtualenv(folder: Path) -> None:
    """One that finds the packages of this test's own interpreter."""
    packages = Path(pulumi.__file__).parents[1]
    venv.create(folder, symlinks=True)
    [own] = folder.glob("lib/python3*/site-packages")
    (own / "pulumi").symlink_to(packages / "pulumi")
    (own / "others.pth").write_text(f"{packages}\n")
