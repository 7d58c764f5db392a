"""Programs drawn from a seed: one, and what somebody made of it afterwards.

Two options are not drawn. Where the other is deleted first, Pulumi obeys `deletedWith` or not according to why that
goes; and it takes no heed of `replaceOnChanges` where a provider does not tell what differs (dynamic ones).
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from tests.programs.pulumi.shapes import Shape

INPUTS = ("value", "fixed", "first")


def drawn(seed: int) -> list[list[Shape]]:
    """Three programs, each a change of the one before."""
    draw = Random(seed)  # noqa: S311 - it only has to be the same again
    programs: list[list[Shape]] = [[]]
    for number in range(draw.randint(3, 6)):
        programs[0].append(_thing(draw, f"t{number}", programs[0]))
    for _ in range(2):
        programs.append(_changed(draw, programs[-1], len(programs)))
    return programs


def _thing(draw: Random, name: str, before: list[Shape]) -> Shape:
    names = [one.name for one in before]
    options: dict[str, Any] = {}
    if names and draw.random() < 0.25:
        options["parent"] = draw.choice(names)
    if names and draw.random() < 0.25:
        options["depends_on"] = [draw.choice(names)]
    if names and draw.random() < 0.1:
        options["replace_with"] = [draw.choice(names)]
    for option, value in (
        ("retain_on_delete", True),
        ("ignore_changes", ["value"]),
        ("delete_before_replace", draw.random() < 0.8),
    ):
        if draw.random() < 0.12:
            options[option] = value
    uses = tuple(sorted(draw.sample(names, min(len(names), draw.choice((0, 0, 1, 1, 2))))))
    return Shape(name, {key: "1" for key in INPUTS if draw.random() < 0.6}, uses, options)


def _changed(draw: Random, program: list[Shape], nth: int) -> list[Shape]:
    shapes = list(program)
    for index, shape in enumerate(shapes):
        if draw.random() < 0.4 and shape.inputs:
            key = draw.choice(list(shape.inputs))
            shapes[index] = replace(shape, inputs={**shape.inputs, key: str(nth + 1)})
    wanted = {name for shape in shapes for name in _named(shape)}
    unneeded = [shape for shape in shapes if shape.name not in wanted]
    if unneeded and draw.random() < 0.5:
        shapes.remove(draw.choice(unneeded))
    if draw.random() < 0.4:
        shapes.append(_thing(draw, f"n{nth}", shapes))
    return shapes


def _named(shape: Shape) -> list[str]:
    """Whom it refers to."""
    one = [shape.options["parent"]] if "parent" in shape.options else []
    many = [name for key in ("depends_on", "replace_with") for name in shape.options.get(key, [])]
    return [*shape.uses, *one, *many]
