"""The same programs on both engines: the provider of their resources is asked for the same, and the outputs are equal.

Calls are compared in their order where each needs the one before; elsewhere this engine makes several at once.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.programs.desk import Desk
from tests.programs.pulumi.cli import Pulumi
from tests.programs.pulumi.drawing import drawn
from tests.programs.pulumi.shapes import PROJECT, Ours, Shape, Theirs

A, B, C = Shape("a", {"value": "1"}), Shape("b", {"value": "1"}, uses=("a",)), Shape("c", {"value": "1"}, uses=("b",))
CHAIN = (A, B, C)


def with_input(shape: Shape, **inputs: str) -> Shape:
    return replace(shape, inputs={**shape.inputs, **inputs})


def with_options(shape: Shape, **options: object) -> Shape:
    return replace(shape, options={**shape.options, **options})


CHANGES: dict[str, list[tuple[Shape, ...]]] = {
    "an update": [CHAIN, (with_input(A, value="2"), B, C)],
    "a replace, which updates what uses it": [(with_input(A, fixed="1"), B, C), (with_input(A, fixed="2"), B, C)],
    "a delete before a replace": [(with_input(A, first="1"), B, C), (with_input(A, first="2"), B, C)],
    "that by an option": [
        (with_options(with_input(A, fixed="1"), delete_before_replace=True), B, C),
        (with_options(with_input(A, fixed="2"), delete_before_replace=True), B, C),
    ],
    "it is registered no longer": [CHAIN, (A, B), (A,), ()],
    "what is retained": [(A, with_options(B, retain_on_delete=True)), (A,)],
    "what is ignored": [
        (with_options(A, ignore_changes=["value"]),),
        (with_options(with_input(A, value="2"), ignore_changes=["value"]),),
    ],
    "a rename": [CHAIN, (replace(A, name="z", options={"aliases": [{"name": "a"}]}), replace(B, uses=("z",)), C)],
    "a component above it from now on": [
        (A,),
        (Shape("g", group=True), with_options(A, parent="g", aliases=[{"parent": None}])),
    ],
    "replaced with another": [
        (with_input(A, fixed="1"), Shape("w", uses=("a",), options={"replace_with": ["a"]})),
        (with_input(A, fixed="2"), Shape("w", uses=("a",), options={"replace_with": ["a"]})),
    ],
    "deleted with another": [(A, with_options(B, deleted_with="a")), ()],
    "replaced, since it is deleted with another": [
        (with_input(A, first="1"), with_options(B, deleted_with="a")),
        (with_input(A, first="2"), with_options(B, deleted_with="a")),
    ],
}


@dataclass(frozen=True)
class Both:
    """The two engines, each with a cloud of its own."""

    ours: Ours
    theirs: Theirs


@pytest.fixture
def both(desk: Desk, pulumi: Pulumi, tmp_path: Path) -> Both:
    folder = Path(shutil.copytree(PROJECT, tmp_path / "shapes"))
    return Both(Ours(desk, tmp_path / "ours"), Theirs(pulumi, folder, tmp_path / "theirs"))


@pytest.mark.parametrize("programs", CHANGES.values(), ids=CHANGES)
def test_a_change_makes_the_same_calls_in_the_same_order(both: Both, programs: list[tuple[Shape, ...]]) -> None:
    for program in programs:
        assert both.ours.up(program) == both.theirs.up(program)
    assert both.ours.destroy() == both.theirs.destroy()


@pytest.mark.parametrize("seed", range(6))
def test_programs_that_are_drawn_make_the_same_calls(both: Both, seed: int) -> None:
    for program in drawn(seed):
        ours, theirs = both.ours.up(program), both.theirs.up(program)
        assert sorted(ours.calls) == sorted(theirs.calls), program
        assert ours.outputs == theirs.outputs, program
    assert sorted(both.ours.destroy()) == sorted(both.theirs.destroy())
