"""A Plan is a value: what would be done to one stack, in order, with a digest that an approval names.

`preview.py` makes it, people approve its digest, `execute.py` obeys it, `PlanRow` keeps its document. It makes no call:
it is handed what was observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controller.domain.digests import keyed_digest
from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue, Secret, canonical, transform
from controller.engine.provider import Change
from controller.engine.sealing import opened, sealed
from controller.store.vault import Vault


class Op(StrEnum):
    """What is done to a resource. What each may become when it is done stands in `planner.MAY_BECOME`."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"
    IMPORT = "import"
    REFRESH = "refresh"
    READ = "read"


@dataclass(frozen=True)
class Operation:
    """One step on one resource.

    `id`, `generation` and `observed_version` are those of the state that the step rests on ("", 0 where none is yet).
    `import_id` is the id of what an import takes over, secret where that tells a secret; its `observed_version` is that
    of what was seen under it.
    `renamed_from` is the URN under which it stands in the state, where it has another one now. `cloud` is the one that
    its calls go to, "" for what is on none. `waits_for` names, by input, the URNs whose outputs are still unknown.
    `retain` deletes from the state alone, and so does `deleted_with`, once what that names is deleted. The differences
    in `hide_diffs` are not shown. `passed_over`: it is not among the targets and stays as it is. `anew`: it is replaced
    even if nothing differs.
    """

    urn: str
    type: str
    op: Op
    inputs: PropertyMap
    parent: str = ""
    cloud: str = ""
    id: str = ""
    import_id: PropertyValue = ""
    renamed_from: str = ""
    generation: int = 0
    diff: Mapping[str, Change] = field(default_factory=dict)
    observed_version: str = ""
    delete_before_replace: bool = False
    data_bearing: bool = False
    retain: bool = False
    passed_over: bool = False
    anew: bool = False
    deleted_with: str = ""
    hide_diffs: Sequence[str] = field(default_factory=list)
    waits_for: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def changes_nothing(self) -> bool:
        """Whether neither the resource nor its name changes."""
        return self.op is Op.SAME and not self.renamed_from


class Purpose(StrEnum):
    """Why the plan was made; each needs another kind of approval."""

    APPLY = "apply"
    REPAIR = "repair"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Plan:
    """All operations on one stack, with everything that they rest on.

    They stand in the order of what needs what, then by URN; what is deleted comes last, dependents first. The order
    does not depend on how the program's threads ran. `invokes` are the answers of functions (`lookup.Answers`).
    `left_out` are URNs that are registered, not there yet, and not among the targets.
    """

    stack: str
    purpose: Purpose
    spec_digest: str
    program_version: str
    operations: Sequence[Operation]
    autoname_seed: str
    invokes: Mapping[str, Secret] = field(default_factory=dict)
    left_out: Sequence[str] = field(default_factory=list)

    def digest(self, hmac_key: bytes) -> str:
        """HMAC-SHA256, hexadecimal, over everything in the plan; an unknown enters as a sentinel.

        Keyed, so that whoever can write to the database cannot make a plan that passes for one of ours.
        """
        return keyed_digest(canonical(_content(self), hmac_key), hmac_key)

    @property
    def ends_the_stack(self) -> bool:
        """Whether nothing of the stack is left when it is done: targets may leave something."""
        return self.purpose is Purpose.DESTROY and not any(one.passed_over for one in self.operations)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be done."""
        return all(operation.changes_nothing for operation in self.operations)

    @property
    def moves(self) -> Mapping[str, str]:
        """From the URN in the state to the new one, for each resource that has another one now."""
        return {operation.renamed_from: operation.urn for operation in self.operations if operation.renamed_from}

    @property
    def by_urn(self) -> Mapping[str, Operation]:
        """What is done to the resource that each URN now stands for; what a replace left over is not among it."""
        return {operation.urn: operation for operation in reversed(self.operations)}

    def to_document(self, vault: Vault) -> dict[str, Any]:
        """JSON to keep it by, its secrets sealed. Equal plans give documents that differ in the sealed parts alone."""
        document: dict[str, Any] = sealed(_without_unknowns(_content(self)), vault)
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any], vault: Vault) -> Plan:
        """The plan that `to_document` made it of. Raises Failed where the vault is not the one that sealed it."""
        content = _with_unknowns(opened(document, vault))
        operations = [
            Operation(
                **{
                    **one,
                    "op": Op(one["op"]),
                    "diff": {path: Change(**change) for path, change in one["diff"].items()},
                }
            )
            for one in content["operations"]
        ]
        return cls(**{**content, "purpose": Purpose(content["purpose"]), "operations": operations})


def _content(plan: Plan) -> dict[str, PropertyValue]:
    """All fields as property values: secrets and unknowns still as such."""
    return {
        "stack": plan.stack,
        "purpose": plan.purpose.value,
        "spec_digest": plan.spec_digest,
        "program_version": plan.program_version,
        "autoname_seed": plan.autoname_seed,
        "invokes": dict(plan.invokes),
        "left_out": list(plan.left_out),
        "operations": [_operation_content(operation) for operation in plan.operations],
    }


def _operation_content(operation: Operation) -> dict[str, PropertyValue]:
    return {
        "urn": operation.urn,
        "type": operation.type,
        "op": operation.op.value,
        "inputs": operation.inputs,
        "parent": operation.parent,
        "cloud": operation.cloud,
        "id": operation.id,
        "import_id": operation.import_id,
        "renamed_from": operation.renamed_from,
        "generation": operation.generation,
        "diff": {
            path: {"old": change.old, "new": change.new, "replaces": change.replaces}
            for path, change in operation.diff.items()
        },
        "observed_version": operation.observed_version,
        "delete_before_replace": operation.delete_before_replace,
        "data_bearing": operation.data_bearing,
        "retain": operation.retain,
        "passed_over": operation.passed_over,
        "anew": operation.anew,
        "deleted_with": operation.deleted_with,
        "hide_diffs": list(operation.hide_diffs),
        "waits_for": {path: sorted(urns) for path, urns in operation.waits_for.items()},
    }


_UNKNOWN_MARK = {"$unknown": True}


def _without_unknowns(value: PropertyValue) -> PropertyValue:
    def mark(leaf: PropertyValue) -> PropertyValue:
        if isinstance(leaf, Secret):
            return Secret(_without_unknowns(leaf.value))
        return dict(_UNKNOWN_MARK) if leaf is UNKNOWN else leaf

    return transform(value, mark)


def _with_unknowns(value: PropertyValue) -> PropertyValue:
    if isinstance(value, Secret):
        return Secret(_with_unknowns(value.value))
    if isinstance(value, Mapping):
        return UNKNOWN if value == _UNKNOWN_MARK else {key: _with_unknowns(item) for key, item in value.items()}
    return [_with_unknowns(item) for item in value] if isinstance(value, list) else value
