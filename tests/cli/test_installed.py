"""What is installed from a wheel has all that the product reads at run time, and needs no source tree beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from controller.engine.program.source import ProgramSource
from controller.reconcile.planning import SystemProgram

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("controller", "stacks", "sandbox", "catalog")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages into which the wheel alone was installed."""
    tree, wheels, target = (tmp_path_factory.mktemp(name) for name in ("tree", "wheels", "installed"))
    for name in SHIPPED:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tree / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps"]
    subprocess.run([*pip, "wheel", *offline, "--no-build-isolation", "-w", wheels, tree], check=True)
    subprocess.run([*pip, "install", *offline, "--target", target, *wheels.glob("*.whl")], check=True)
    return target


def run(installed: Path, *command: str) -> str:
    """What a Python prints that has the installed packages before all others."""
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=installed,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_rules_come_from_the_catalogue_that_is_installed_along(installed: Path) -> None:
    assert "LZ-21-4" in run(installed, "bin/yunguan", "rules")


def test_the_systems_program_is_installed_along(installed: Path) -> None:
    asked = (
        "from controller.reconcile.planning import SystemProgram as P; p = P.installed(); print(p.source, p.version)"
    )
    said = run(installed, "-c", asked)
    assert str(installed) in said
    assert (installed / "stacks" / "__main__.py").exists()


def test_it_is_the_pulumi_project_of_the_source_tree() -> None:
    assert SystemProgram.installed() == SystemProgram(ProgramSource.at(ROOT))
