"""Plan → what people and scripts read: the tree that Pulumi users know, and the JSON of `stack plan -o json`.

Called by the command line. The properties are told by `differences.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.cells import cell_len, set_cell_size

from controller.engine.plan import Op, Operation, Plan, Purpose
from controller.engine.planning.differences import (
    HIDDEN,
    changes_of,
    id_in_line,
    inputs_of,
    is_hidden,
    name_of,
    origins,
    printable,
    shown,
    sign_of,
)
from controller.engine.urn import Urn

SYMBOL: Final[Mapping[Op, str]] = {
    Op.CREATE: "+",
    Op.UPDATE: "~",
    Op.REPLACE: "+-",
    Op.DELETE: "-",
    Op.SAME: "",
    Op.IMPORT: "=",
    Op.REFRESH: "?",
    Op.READ: ">",
}
TO_COME: Final[Mapping[Op, str]] = {
    Op.CREATE: "to create",
    Op.IMPORT: "to import",
    Op.UPDATE: "to update",
    Op.REPLACE: "to replace",
    Op.DELETE: "to delete",
    Op.REFRESH: "to look at again",
    Op.READ: "to read",
    Op.SAME: "unchanged",
}
DONE: Final[Mapping[Op, str]] = {
    Op.CREATE: "created",
    Op.IMPORT: "imported",
    Op.UPDATE: "updated",
    Op.REPLACE: "replaced",
    Op.DELETE: "deleted",
    Op.REFRESH: "looked at again",
    Op.READ: "read",
    Op.SAME: "unchanged",
}
LOSS: Final[Mapping[Purpose, str]] = {
    Purpose.APPLY: "needs a decision of its own",
    Purpose.REPAIR: "needs a decision of its own",
    Purpose.DESTROY: "approving gives it up",
}
"""What it takes to lose the data of a resource, by what the plan is for."""
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


def to_text(plan: Plan, width: int) -> str:
    """The tree of what is touched, then each difference by property, then how many of what; `width` is in columns."""
    sections = [
        tree(plan, width),
        *(_details(one) for one in plan.operations if not one.changes_nothing),
        summary(plan, TO_COME),
    ]
    return "\n\n".join(section for section in sections if section)


def overview(plan: Plan, width: int) -> str:
    """The tree and the counts alone."""
    return "\n\n".join(section for section in (tree(plan, width), summary(plan, TO_COME)) if section)


def _operation_json(operation: Operation) -> dict[str, Any]:
    document: dict[str, Any] = {
        "urn": operation.urn,
        "type": operation.type,
        "op": operation.op.value,
        "parent": operation.parent,
        "cloud": operation.cloud,
        "renamed_from": operation.renamed_from,
        "diff": {
            path: {"from": HIDDEN, "to": HIDDEN}
            if is_hidden(operation, path)
            else {"from": shown(change.old), "to": shown(change.new, origins(operation, path))}
            for path, change in sorted(operation.diff.items())
        },
        "steps": list(steps_of(operation)),
        "replaces": sorted(path for path, change in operation.diff.items() if change.replaces),
        "data_bearing": operation.data_bearing,
        "targeted": not operation.passed_over,
    }
    if operation.op is Op.IMPORT:
        document["import_id"] = shown(operation.import_id)
    if operation.op in {Op.CREATE, Op.IMPORT}:
        document["inputs"] = {
            key: shown(value, operation.waits_for.get(key, ())) for key, value in sorted(operation.inputs.items())
        }
    return document


def tree(plan: Plan, width: int) -> str:
    """What is touched, under what stands above it, at most `width` columns wide; "" where nothing is."""
    if plan.is_empty:
        return ""
    usual, loss = _usual_cloud(plan), LOSS[plan.purpose]
    rows = [_HEADINGS, *(_cells(operation, branch, usual, loss) for operation, branch in _branches(plan))]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (" " + "  ".join(map(set_cell_size, row, widths)).rstrip() for row in rows)
    return "\n".join(
        line if cell_len(line) <= width else set_cell_size(line, width - 1).rstrip() + "…" for line in lines
    )


def _usual_cloud(plan: Plan) -> str:
    """The cloud of most operations; those on another one say so."""
    clouds = Counter(one.cloud for one in plan.operations if one.cloud)
    return max(clouds, key=lambda cloud: (clouds[cloud], cloud), default="")


def _cells(operation: Operation, branch: str, usual_cloud: str, loss: str) -> tuple[str, ...]:
    what = "" if operation.op is Op.SAME else operation.op.value
    kind = branch + printable(short_type(operation.type))
    return SYMBOL[operation.op], kind, name_of(operation.urn), what, _info(operation, usual_cloud, loss)


def _info(operation: Operation, usual_cloud: str, loss: str) -> str:
    """What is to be known of it, the weightiest first: the line may be cut. `loss` is what giving up data takes."""
    differs = ",".join(sign_of(change) + printable(path) for path, change in sorted(operation.diff.items()))
    going = operation.op in {Op.REPLACE, Op.DELETE}
    notes = (
        operation.cloud not in {"", usual_cloud} and f"on {printable(operation.cloud)}",
        operation.data_bearing and going and f"bears data: {loss}",
        operation.delete_before_replace and "the old one goes first",
        operation.retain and "stays in the cloud",
        operation.deleted_with and f"goes with {name_of(operation.deleted_with)}",
        operation.anew and "replaced because that is asked for",
        operation.renamed_from and f"was {_place_of(operation.renamed_from)}",
        differs and f"[diff: {differs}]",
    )
    return "; ".join(note for note in notes if note)


def _place_of(urn: str) -> str:
    """Type and name, which is what tells it from the new one."""
    parts = Urn.parse(urn)
    return printable(f"{parts.qualified_type}::{parts.name}")


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
    lines = [f"{SYMBOL[operation.op]:<2} {printable(operation.type)}: ({operation.op})"]
    lines.append(f"     [urn={printable(operation.urn)}]")
    if operation.op is Op.IMPORT:
        lines.append(f"     [id={id_in_line(operation.import_id)}]")
    if operation.op is Op.REPLACE:
        lines.append(f"     [steps={', '.join(steps_of(operation))}]")
    if operation.op in {Op.CREATE, Op.IMPORT}:
        lines += inputs_of(operation)
    return "\n".join([*lines, *changes_of(operation)])


def steps_of(operation: Operation) -> Sequence[str]:
    """The operation as Pulumi's engine calls its steps, in the order in which they are done."""
    if operation.op is Op.REPLACE and operation.delete_before_replace:
        return "delete-replaced", "replace", "create-replacement"
    if operation.op is Op.REPLACE:
        return "create-replacement", "replace", "delete-replaced"
    return (operation.op.value,)


def short_type(token: str) -> str:
    """A type without the module's path, which repeats its name: `openstack:networking:Network`."""
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    return ":".join(part for part in (package, module.partition("/")[0], name) if part)


def summary(plan: Plan, words: Mapping[Op, str]) -> str:
    """How many of what, in `words` (`TO_COME` or `DONE`)."""
    counts = [(op, count) for op, count in _counts(plan) if count]
    lines = [f"    {SYMBOL[op]:<2} {count} {words[op]}" for op, count in counts]
    return "\n".join(["Resources:", *lines]) if lines else "Resources: none"


def _counts(plan: Plan) -> Sequence[tuple[Op, int]]:
    counted = Counter(operation.op for operation in plan.operations)
    return [(op, counted[op]) for op in TO_COME]
