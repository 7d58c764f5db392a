"""A Plan is a value: what would be done to one stack, in order, with a digest that an approval names.

`preview.py` makes it, people approve its digest, `execute.py` obeys it. It makes no call: it is handed what was observed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from controller.engine.properties import PropertyMap, canonical
from controller.engine.provider import Change


class Op(StrEnum):
    """What is done to a resource. The order of strength is in `planner.WEAKER`."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"
    ADOPT = "adopt"
    REFRESH = "refresh"


@dataclass(frozen=True)
class Operation:
    """One step on one resource.

    `observed_version` is the version of the resource that the step rests on ("" where there is none yet).
    `waits_for` names, by property path, the URNs whose outputs are still unknown.
    """

    urn: str
    type: str
    op: Op
    inputs: PropertyMap
    diff: Mapping[str, Change] = field(default_factory=dict)
    observed_version: str = ""
    delete_before_replace: bool = False
    waits_for: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Purpose(StrEnum):
    """Why the plan was made; each needs another kind of approval."""

    APPLY = "apply"
    REPAIR = "repair"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Plan:
    """All operations on one stack, with everything that they rest on."""

    stack: str
    purpose: Purpose
    spec_digest: str
    program_version: str
    operations: Sequence[Operation]
    autoname_seed: str
    invokes: Mapping[str, str] = field(default_factory=dict)

    def digest(self, hmac_key: bytes) -> str:
        """SHA-256 over spec, program, operations with inputs, seed, invoke results and observed versions; secrets enter as HMAC."""
        document = {
            "stack": self.stack,
            "purpose": self.purpose,
            "spec": self.spec_digest,
            "program": self.program_version,
            "seed": self.autoname_seed,
            "invokes": dict(self.invokes),
            "operations": [
                {
                    "urn": operation.urn,
                    "type": operation.type,
                    "op": operation.op,
                    "inputs": operation.inputs,
                    "replaces": sorted(path for path, change in operation.diff.items() if change.replaces),
                    "diff": {path: [change.old, change.new] for path, change in operation.diff.items()},
                    "observed": operation.observed_version,
                    "delete_before_replace": operation.delete_before_replace,
                    "waits_for": {path: sorted(urns) for path, urns in operation.waits_for.items()},
                }
                for operation in self.operations
            ],
        }
        return hashlib.sha256(canonical(document, hmac_key).encode()).hexdigest()

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be done."""
        return all(operation.op is Op.SAME for operation in self.operations)
