"""Plan → what people and scripts read: the tree that Pulumi users know, and the JSON of `stack plan -o json`.

Called by the command line and the pages. Secrets are shown as `[secret]` and unknowns by what they wait for; text from
programs is shown without control characters.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from controller.engine.plan import Op, Operation, Plan
from controller.engine.properties import UNKNOWN, PropertyValue, Secret, transform
from controller.engine.provider import Change

SECRET: Final = "[secret]"  # noqa: S105 - what is shown in a secret's place

_SYMBOL: Final[Mapping[Op, str]] = {
    Op.CREATE: "+",
    Op.UPDATE: "~",
    Op.REPLACE: "+-",
    Op.DELETE: "-",
    Op.SAME: "",
    Op.ADOPT: "=",
    Op.REFRESH: "?",
    Op.READ: ">",
}
_TO_COME: Final[Mapping[Op, str]] = {
    Op.CREATE: "to create",
    Op.ADOPT: "to adopt",
    Op.UPDATE: "to update",
    Op.REPLACE: "to replace",
    Op.DELETE: "to delete",
    Op.REFRESH: "to look at again",
    Op.READ: "to read",
    Op.SAME: "unchanged",
}
_HEADINGS: Final = ("", "Type", "Name", "Plan", "Info")


def to_json(plan: Plan, digest: str) -> dict[str, Any]:
    """What scripts rely on (cli.md): `digest` and `operations`, each with its `diff` as {path: {"from", "to"}}."""
    return {
        "digest": digest,
        "stack": plan.stack,
        "purpose": plan.purpose.value,
        "operations": [_operation_json(operation) for operation in plan.operations],
        "counts": {op.value: count for op, count in _counts(plan)},
    }


def to_text(plan: Plan) -> str:
    """The tree of what is touched, then each difference by property, then how many of what."""
    sections = [_tree(plan), *(_details(one) for one in plan.operations if not one.changes_nothing), _summary(plan)]
    return "\n\n".join(section for section in sections if section)


def shown(value: PropertyValue, waits_for: Sequence[str] = ()) -> PropertyValue:
    """`value` as it may be shown: JSON, with secrets hidden and an unknown as `output<…>` of what it waits for."""

    def leaf(item: PropertyValue) -> PropertyValue:
        if isinstance(item, Secret):
            return SECRET
        if item is UNKNOWN:
            return f"output<{', '.join(_name(urn) for urn in waits_for)}>"
        return item

    return transform(value, leaf)


def _operation_json(operation: Operation) -> dict[str, Any]:
    document: dict[str, Any] = {
        "urn": operation.urn,
        "type": operation.type,
        "op": operation.op.value,
        "parent": operation.parent,
        "cloud": operation.cloud,
        "renamed_from": operation.renamed_from,
        "diff": {
            path: {"from": shown(change.old), "to": shown(change.new, _origins(operation, path))}
            for path, change in sorted(operation.diff.items())
        },
        "replaces": sorted(path for path, change in operation.diff.items() if change.replaces),
        "data_bearing": operation.data_bearing,
    }
    if operation.op in {Op.CREATE, Op.ADOPT}:
        document["inputs"] = {
            key: shown(value, operation.waits_for.get(key, ())) for key, value in sorted(operation.inputs.items())
        }
    return document


def _tree(plan: Plan) -> str:
    if plan.is_empty:
        return ""
    rows = [_HEADINGS, *(_cells(operation, branch) for operation, branch in _branches(plan))]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        " " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _cells(operation: Operation, branch: str) -> tuple[str, ...]:
    what = "" if operation.op is Op.SAME else operation.op.value
    kind = branch + _printable(operation.type)
    return _SYMBOL[operation.op], kind, _name(operation.urn), what, _info(operation)


def _info(operation: Operation) -> str:
    notes = []
    if operation.diff:
        notes.append(f"[diff: {','.join(_sign(change) + path for path, change in sorted(operation.diff.items()))}]")
    if operation.renamed_from:
        notes.append(f"was {_printable(operation.renamed_from.split('::', 2)[-1])}")
    if operation.data_bearing and operation.op in {Op.REPLACE, Op.DELETE}:
        notes.append("bears data: needs a decision of its own")
    if operation.delete_before_replace:
        notes.append("the old one goes first")
    if operation.retain:
        notes.append("stays in the cloud")
    return "; ".join(notes)


def _branches(plan: Plan) -> Iterator[tuple[Operation, str]]:
    """Every operation that does something, and what stands above it, with the lines that lead there."""
    now = plan.by_urn
    children: dict[str, list[Operation]] = {}
    for operation in _worth_showing(plan, now):
        children.setdefault(operation.parent if operation.parent in now else "", []).append(operation)

    def below(parent: str, indent: str) -> Iterator[tuple[Operation, str]]:
        siblings = children.get(parent, [])
        for number, operation in enumerate(siblings, start=1):
            last = number == len(siblings)
            yield operation, f"{indent}{'└─ ' if last else '├─ '}" if parent else ""
            if now[operation.urn] is operation:
                yield from below(operation.urn, f"{indent}{'   ' if last else '│  '}" if parent else "")

    return below("", "")


def _worth_showing(plan: Plan, now: Mapping[str, Operation]) -> Sequence[Operation]:
    above: set[str] = set()
    for operation in plan.operations:
        urn = "" if operation.changes_nothing else operation.parent
        while urn in now and urn not in above:
            above.add(urn)
            urn = now[urn].parent
    return [operation for operation in plan.operations if not operation.changes_nothing or operation.urn in above]


def _details(operation: Operation) -> str:
    lines = [f"{_SYMBOL[operation.op]:<2} {_printable(operation.type)}: ({operation.op})"]
    lines.append(f"     [urn={_printable(operation.urn)}]")
    if operation.op in {Op.CREATE, Op.ADOPT}:
        lines += [
            f"     {_printable(key)}: {_value(value, operation.waits_for.get(key, ()))}"
            for key, value in sorted(operation.inputs.items())
        ]
    for path, change in sorted(operation.diff.items()):
        old, new = _value(change.old), _value(change.new, _origins(operation, path))
        replaces = "  [replaces]" if change.replaces else ""
        lines.append(f"   {_sign(change)} {_printable(path)}: {old} => {new}{replaces}")
    return "\n".join(lines)


def _summary(plan: Plan) -> str:
    counts = [(op, count) for op, count in _counts(plan) if count]
    lines = [f"    {_SYMBOL[op]:<2} {count} {_TO_COME[op]}" for op, count in counts]
    return "\n".join(["Resources:", *lines]) if lines else "Resources: none"


def _counts(plan: Plan) -> Sequence[tuple[Op, int]]:
    counted = Counter(operation.op for operation in plan.operations)
    return [(op, counted[op]) for op in _TO_COME]


def _sign(change: Change) -> str:
    return "+" if change.old is None else "-" if change.new is None else "~"


def _origins(operation: Operation, path: str) -> Sequence[str]:
    name = next((name for name in operation.waits_for if path == name or path.startswith((f"{name}.", f"{name}["))), "")
    return operation.waits_for.get(name, ())


def _value(value: PropertyValue, waits_for: Sequence[str] = ()) -> str:
    if isinstance(value, Secret) or value is UNKNOWN:
        return str(shown(value, waits_for))
    return json.dumps(shown(value, waits_for), ensure_ascii=False)


def _name(urn: str) -> str:
    return _printable(urn.split("::", 3)[-1])


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(character for character in text if character.isprintable())
