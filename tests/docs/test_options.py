"""The table of options in docs/engine.md: one row for each that the SDK has, each with a test (see `test_names.py`)."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pulumi

ROOT = Path(__file__).parent.parent.parent
SECTION = (ROOT / "docs/engine.md").read_text().partition("## Options of resources")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| (`[^|]+`) \| ([^|]+) \| ([^|]+) \|$", SECTION, re.MULTILINE)


def test_every_option_of_the_sdk_has_one_row() -> None:
    named = [name for options, _, _ in ROWS for name in re.findall(r"`(\w+)`", options)]
    assert sorted(named) == sorted(inspect.signature(pulumi.ResourceOptions).parameters)


def test_every_row_names_a_test() -> None:
    assert [options for options, _, shown_by in ROWS if not re.search(r"`test_\w+`", shown_by)] == []
