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
    text = page.read_text(encoding="utf-8")
    placed = re.findall(r"(?<![\w/])((?:\w+/)*test_\w+)\.py::(\w+)", text)
    unplaced = [("", name) for name in re.findall(r"`(test_\w+)`", text)]
    missing = [f"{file} {name}" for file, name in placed + unplaced if not _is_test(file, name)]
    assert missing == []


def test_the_tour_of_the_engine_passes_by_every_module() -> None:
    page = (ROOT / "docs/engine.md").read_text(encoding="utf-8")
    tour = set(re.findall(r"\b\w+\.py\b", page.partition("\n## ")[0]))
    modules = {path.name for path in (ROOT / "controller/engine").rglob("*.py")} - {"__init__.py"}
    assert tour == modules


def _is_test(file: str, name: str) -> bool:
    """Whether there is a test function of that name, in the module whose path ends so ("" for any)."""
    modules = [module for module in MODULES if "/test_" in module and module.endswith(f"/{file}.py" if file else ".py")]
    return any(f"def {name}(" in (ROOT / module[1:]).read_text(encoding="utf-8") for module in modules)


def test_the_page_of_the_engine_lays_out_all_its_modules() -> None:
    layout = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8").partition("\n## ")[0]
    engine = ROOT / "controller" / "engine"
    modules = [path.relative_to(engine) for path in engine.rglob("*.py") if path.name != "__init__.py"]
    laid_out = {"checkpoint"}  # on a page of its own
    missing = [str(path) for path in modules if path.parts[0] not in laid_out and path.name not in layout]
    assert missing == []
