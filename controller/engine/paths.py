"""Property paths as Pulumi writes them (`metadata.unit`, `networks[0].port`, `tags["a.b"]`, `*`), and what they cover.

`planner.py` obeys ignoreChanges and replaceOnChanges with them; kinds name what differs by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from controller.domain.errors import WrongUse
from controller.engine.properties import PropertyMap, PropertyValue

Path = tuple[str | int, ...]

ANY = "*"
_STEP = re.compile(r"""\.?([^.\[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[(\*)\]""")


def parse(text: str) -> Path:
    """The steps of a path: names, list indices, and `*` for any one step. Raises WrongUse for one that is malformed."""
    steps: list[str | int] = []
    position = 0
    while position < len(text) or not steps:
        match = _STEP.match(text, position)
        if match is None:
            raise WrongUse(f"{text!r} is not a property path", remedy='write it like metadata.unit or tags["a.b"][0]')
        name, index, quoted, star = match.groups()
        steps.append(name or star or (int(index) if index is not None else re.sub(r"\\(.)", r"\1", quoted)))
        position = match.end()
    return tuple(steps)


def covers(pattern: Path, path: Path) -> bool:
    """Whether `path` is what `pattern` names, or lies below it."""
    return len(pattern) <= len(path) and all(wanted in (ANY, step) for wanted, step in zip(pattern, path, strict=False))


def overlaps(pattern: Path, path: Path) -> bool:
    """Whether one of them covers the other: a change of a whole list is one of its items, too."""
    return covers(pattern, path) or (
        len(path) < len(pattern) and all(wanted in (ANY, step) for wanted, step in zip(pattern, path, strict=False))
    )


def restored(inputs: PropertyMap, prior: PropertyMap, patterns: Iterable[Path]) -> PropertyMap:
    """`inputs` with everything that `patterns` cover put back to what it was in `prior`; absent there, absent here."""
    result: PropertyValue = inputs
    for pattern in patterns:
        result = _put_back(result, prior, pattern)
    return dict(result)


_ABSENT = object()


def _put_back(value: PropertyValue, prior: PropertyValue, pattern: Path) -> PropertyValue:
    if not pattern:
        return prior
    step, rest = pattern[0], pattern[1:]
    if isinstance(value, Mapping) and isinstance(prior, Mapping):
        keys = {**value, **prior} if step == ANY else [step]
        merged = dict(value)
        for key in keys:
            kept = _put_back(value.get(key, _ABSENT), prior.get(key, _ABSENT), rest)
            if kept is _ABSENT:
                merged.pop(key, None)
            else:
                merged[key] = kept
        return merged
    if isinstance(value, list | tuple) and isinstance(prior, list | tuple):
        return [
            _put_back(item, prior[index], rest) if step in (ANY, index) and index < len(prior) else item
            for index, item in enumerate(value)
        ]
    return value
