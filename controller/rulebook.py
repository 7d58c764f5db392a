"""The registry of rules as people read it: the catalogue's rows, and for each the tests that show it holding or broken.

A test names its rule by `pytest.mark.rule("LZ-21-4")`, and `pytest.mark.breaks` where it shows the rule broken and
caught. The marks are read from the source, on a function, a class, or a module's `pytestmark`. For `yunguan rules`.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from controller import catalogue
from controller.catalogue import Rule

TESTS = Path(__file__).resolve().parent.parent / "tests"


@dataclass(frozen=True)
class Proof:
    """The tests of one rule, as `tests/casework/test_trial.py::test_it`."""

    hold: list[str] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)


def proofs(tests: Path = TESTS) -> dict[str, Proof]:
    """Rule id → its tests, in the order of the files."""
    found: dict[str, Proof] = defaultdict(Proof)
    for path in sorted(tests.rglob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"), str(path))
        outer = [mark for node in module.body for mark in _pytestmark(node)]
        for name, marks in _tests(module, outer):
            broken = any(_named(mark, "breaks") for mark in marks)
            for rule in (id for mark in marks if _named(mark, "rule") for id in _arguments(mark)):
                listed = found[rule].breaks if broken else found[rule].hold
                listed.append(f"{path.relative_to(tests.parent)}::{name}")
    return dict(found)


def rules_json(city: str | None = None, tests: Path = TESTS) -> list[dict[str, object]]:
    """The document of `yunguan rules -o json`: every rule, of one city or all."""
    proven = proofs(tests)
    return [
        {
            "id": rule.id,
            "city": rule.city,
            "article": rule.article,
            "how": list(rule.how),
            "topic": rule.topic,
            "exception": rule.exception,
            "rule": rule.rule,
            "kept_by": rule.kept_by,
            "tests_hold": proven.get(rule.id, Proof()).hold,
            "tests_break": proven.get(rule.id, Proof()).breaks,
        }
        for rule in rules_of(city)
    ]


def rules_of(city: str | None = None) -> tuple[Rule, ...]:
    """The rows of one city, or all of them."""
    return tuple(rule for rule in catalogue.rules() if city in (None, rule.city))


def _tests(scope: ast.Module | ast.ClassDef, outer: list[ast.expr]) -> Iterator[tuple[str, list[ast.expr]]]:
    for node in scope.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node.name, [*outer, *node.decorator_list]
        elif isinstance(node, ast.ClassDef):
            inner = [*outer, *node.decorator_list, *(mark for one in node.body for mark in _pytestmark(one))]
            yield from ((f"{node.name}::{name}", marks) for name, marks in _tests(node, inner))


def _pytestmark(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign) and any(
        isinstance(one, ast.Name) and one.id == "pytestmark" for one in node.targets
    ):
        return list(node.value.elts) if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    return []


def _named(mark: ast.expr, name: str) -> bool:
    function = mark.func if isinstance(mark, ast.Call) else mark
    return (
        isinstance(function, ast.Attribute)
        and function.attr == name
        and ast.unparse(function).startswith("pytest.mark")
    )


def _arguments(mark: ast.expr) -> Iterator[str]:
    for argument in mark.args if isinstance(mark, ast.Call) else ():
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value
