"""Pulumi's own command line, where it can be had (`make pulumi` builds it with Go); elsewhere its tests are skipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.programs.pulumi.cli import Pulumi


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    if shutil.which("pulumi") is None:
        pytest.skip("Pulumi's command line cannot be had everywhere (make pulumi)")
    return Pulumi(tmp_path / "pulumi")
