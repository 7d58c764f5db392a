"""Property values and their differences → lines as Pulumi users know them. Called by `render.py` and the command line.

Secrets are shown as `[secret]`, unknowns by what they wait for; text from programs without control characters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

from controller.engine import paths
from controller.engine.plan import Operation
from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue, Secret, transform
from controller.engine.provider import Change
from controller.engine.urn import Urn

SECRET: Final = "[secret]"  # noqa: S105 - what is shown in a secret's place

HIDDEN: Final = "[hidden]"

_LONGEST: Final = 60
"""Characters of a list or mapping that stands in one line."""
_INDENT: Final = "    "
_NOTHING: Final = object()


def shown(value: PropertyValue, waits_for: Sequence[str] = ()) -> PropertyValue:
    """`value` as it may be shown: JSON, with secrets hidden and an unknown as `output<…>` of what it waits for."""

    def leaf(item: PropertyValue) -> PropertyValue:
        if isinstance(item, Secret):
            return SECRET
        if item is UNKNOWN:
            return f"output<{', '.join(name_of(urn) for urn in waits_for) or 'string'}>"
        return item

    return transform(value, leaf)


def inputs_of(operation: Operation) -> Iterator[str]:
    """The inputs of what is to be made, their names side by side."""
    width = max((len(printable(key)) for key in operation.inputs), default=0)
    for key, value in sorted(operation.inputs.items()):
        yield from _value(f"{printable(key):<{width}}", value, "", _INDENT, operation.waits_for.get(key, ()))


def changes_of(operation: Operation) -> Iterator[str]:
    """What differs, property by property; a property that cannot be changed in place is marked."""
    for path, change in sorted(operation.diff.items()):
        sign = "+-" if change.replaces else _sign(change.old, change.new)
        if is_hidden(operation, path):
            yield f"{_INDENT}{sign:>2} {printable(path)}: {HIDDEN}"
            continue
        first, *rest = _difference(
            printable(path), change.old, change.new, sign, _INDENT, waits_for=origins(operation, path)
        )
        yield first + ("  [forces replacement]" if change.replaces else "")
        yield from rest


def outputs_between(before: PropertyMap, after: PropertyMap) -> Sequence[str]:
    """A stack's outputs as they were and as they are, those that stay equal without a sign."""
    lines: list[str] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, _NOTHING), after.get(name, _NOTHING)
        if new is _NOTHING:
            lines += _value(printable(name), old, "-", _INDENT, ())
        elif old is _NOTHING or old == new:
            lines += _value(printable(name), new, "+" if old is _NOTHING else "", _INDENT, ())
        else:
            lines += _difference(printable(name), old, new, "~", _INDENT)
    return lines


def is_hidden(operation: Operation, path: str) -> bool:
    """Whether the program asked for this difference not to be shown."""
    return any(paths.overlaps(paths.parse(pattern), paths.parse(path)) for pattern in operation.hide_diffs)


def origins(operation: Operation, path: str) -> Sequence[str]:
    """The URNs that the property waits for."""
    name = next((name for name in operation.waits_for if path == name or path.startswith((f"{name}.", f"{name}["))), "")
    return operation.waits_for.get(name, ())


def in_line(value: PropertyValue) -> str:
    """A value as it stands in a sentence."""
    return _inline(value, ())


def id_in_line(id: PropertyValue) -> str:
    """An id as it stands in a sentence."""
    return printable(str(shown(id)))


def fields_between(differing: Mapping[str, tuple[PropertyValue, PropertyValue]]) -> Sequence[str]:
    """What differs in what was seen of a resource, field by field: as it was and as it is."""
    return [
        line
        for name, (old, new) in differing.items()
        for line in _difference(printable(name), old, new, _sign(old, new), _INDENT)
    ]


def sign_of(change: Change) -> str:
    """`+`, `-` or `~`."""
    return _sign(change.old, change.new)


def name_of(urn: str) -> str:
    """The resource's name."""
    return printable(Urn.parse(urn).name)


def printable(text: str) -> str:
    """`text` without what a terminal would obey."""
    return text if text.isprintable() else "".join(character for character in text if character.isprintable())


def _sign(old: PropertyValue, new: PropertyValue) -> str:
    return "+" if old is None else "-" if new is None else "~"


def _difference(
    label: str, old: PropertyValue, new: PropertyValue, sign: str, indent: str, *, waits_for: Sequence[str] = ()
) -> list[str]:
    """Mappings and lists are compared item by item."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        items: Sequence[tuple[str, Any, Any]] = [
            (printable(key), old.get(key), new.get(key)) for key in sorted({*old, *new})
        ]
        brackets = "{}"
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        items = [(f"[{index}]", before, after) for index, (before, after) in enumerate(zip_longest(old, new))]
        brackets = "[]"
    elif old is None or new is None:
        return _value(label, new if old is None else old, sign, indent, waits_for)
    else:
        return [f"{indent}{sign:>2} {label}: {_inline(old, ())} => {_inline(new, waits_for)}"]
    inner = [
        line
        for name, before, after in items
        if before != after or before is UNKNOWN
        for line in _difference(name, before, after, _sign(before, after), indent + _INDENT, waits_for=waits_for)
    ]
    return [f"{indent}{sign:>2} {label}: {brackets[0]}", *inner, f"{indent}   {brackets[1]}"]


def _value(label: str, value: PropertyValue, sign: str, indent: str, waits_for: Sequence[str]) -> list[str]:
    """One line, or one an item where that would be long."""
    inline = _inline(value, waits_for)
    if len(inline) <= _LONGEST or not isinstance(value, Mapping | list | tuple):
        return [f"{indent}{sign:>2} {label}: {inline}"]
    if isinstance(value, Mapping):
        items, brackets = [(printable(key), item) for key, item in sorted(value.items())], "{}"
    else:
        items, brackets = [(f"[{index}]", item) for index, item in enumerate(value)], "[]"
    inner = [line for name, item in items for line in _value(name, item, sign, indent + _INDENT, waits_for)]
    return [f"{indent}{sign:>2} {label}: {brackets[0]}", *inner, f"{indent}   {brackets[1]}"]


def _inline(value: PropertyValue, waits_for: Sequence[str]) -> str:
    if isinstance(value, Secret) or value is UNKNOWN:
        return str(shown(value, waits_for))
    return json.dumps(shown(value, waits_for), ensure_ascii=False)
