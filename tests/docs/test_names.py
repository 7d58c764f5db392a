"""What documentation names is there: modules and tests. A page that outlived a move fails here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
MODULES = {
    f"/{path.relative_to(ROOT).as_posix()}"
    for folder in ("controller", "stacks", "sandbox", "tests")
    for path in (ROOT / folder).rglob("*.py")
}
OF_PULUMI = {"__main__.py"}
"""Files of a project that a page describes."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"(?<![\w/.-])((?:[\w-]+/)*\w+\.py)\b", page.read_text(encoding="utf-8"))) - OF_PULUMI
    assert [name for name in sorted(named) if not any(module.endswith(f"/{name}") for module in MODULES)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(
        r"(tests/[\w/]+\.py)(?:::(\w+))?|(?<![\w/])(test_\w+\.py)::(\w+)", page.read_text(encoding="utf-8")
    )
    for whole, test, short, name in named:
        found = [module for module in MODULES if module.endswith(f"/{whole or short}")]
        assert found, f"{page.name} names {whole or short}"
        if test or name:
            assert f"def {test or name}(" in "".join((ROOT / module[1:]).read_text() for module in found)
