"""Boundary: the estate on a real git repository in a temporary folder, read back with the real `git` where it matters.

No database, no cloud. Writers that race are processes of their own.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.domain.spec import Phase
from controller.estate.forge import Proposal
from controller.estate.forge.local import LocalForge
from controller.estate.repository import Estate
from tests.estate.specs import change, spec


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "estate.git"


@pytest.fixture
def estate(folder: Path) -> Estate:
    return Estate.open_or_create(folder)


@pytest.fixture
def forge(estate: Estate) -> LocalForge:
    return LocalForge(estate)


@pytest.fixture
def git(folder: Path) -> Callable[..., str]:
    """Runs the real git on the estate and returns what it prints."""

    def run(*arguments: str) -> str:
        command = ["git", f"--git-dir={folder}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run


@pytest.fixture
def opening() -> Proposal:
    """The first proposal of most tests: one stack, in trial."""
    return change(spec(phase=Phase.TRIAL))
