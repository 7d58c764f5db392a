"""The same program on both engines: the provider of its resources is asked for the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.programs.desk import Desk
from tests.programs.pulumi.cli import Pulumi
from tests.programs.pulumi.shapes import PROJECT, Ours, Shape, Theirs

A, B, C = "a", "b", "c"
CHAIN = [Shape(A, {"value": "1"}), Shape(B, {"value": "1"}, uses=(A,)), Shape(C, {"value": "1"}, uses=(B,))]

CHANGES: dict[str, list[list[Shape]]] = {
    "an update": [CHAIN, [Shape(A, {"value": "2"}), *CHAIN[1:]]],
    "a replace that what uses it follows": [
        [Shape(A, {"fixed": "1"}), *CHAIN[1:]],
        [Shape(A, {"fixed": "2"}), *CHAIN[1:]],
    ],
}


@pytest.mark.parametrize("programs", CHANGES.values(), ids=CHANGES)
def test_the_same_calls_are_made(desk: Desk, pulumi: Pulumi, tmp_path: Path, programs: list[list[Shape]]) -> None:
    ours = Ours(desk, tmp_path / "ours")
    theirs = Theirs(pulumi, Path(shutil.copytree(PROJECT, tmp_path / "shapes")), tmp_path / "theirs")
    for program in programs:
        assert ours.up(program) == theirs.up(program)
    assert ours.destroy() == theirs.destroy()
