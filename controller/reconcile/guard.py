"""Blast radius: a pure judgement of what a pass without a person may do (invariant 4, and the limits of the settings).

`apply.py` asks before it starts a repair; what is refused becomes an incident for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from controller.engine.plan import Op, Operation


@dataclass(frozen=True)
class Limits:
    """How many deletes and replaces one pass may do, absolutely and as a share of the stack's resources."""

    changes: int
    share: float


@dataclass(frozen=True)
class Judgement:
    """Empty `reasons` means go on; otherwise each says, for a person, why a person must decide."""

    reasons: Sequence[str]

    @property
    def allowed(self) -> bool:
        return not self.reasons


def judge(
    operations: Sequence[Operation],
    *,
    approved_urns: Collection[str],
    removable_urns: Collection[str],
    data_bearing: Collection[str],
    lost: Collection[str],
    standing: Collection[str],
    limits: Limits,
) -> Judgement:
    """Whether a repair may run under the standing approval.

    `approved_urns` are those that the merged approval's plan names; `removable_urns` are things made by hand inside
    resources of ours; `data_bearing` are those that hold data; `lost` are the URNs that a complete scan found missing,
    `standing` those of the resources that are there.
    """
    reasons = []
    acting = [operation for operation in operations if operation.op is not Op.SAME]
    size = max(len(operations), 1)
    for operation in acting:
        if operation.urn not in approved_urns and operation.urn not in removable_urns:
            reasons.append(f"{operation.urn} is not named by the approved plan")
        destroys = operation.op in {Op.DELETE, Op.REPLACE}
        if destroys and operation.urn in data_bearing:
            reasons.append(f"{operation.urn} bears data and would be {operation.op}d")
        if operation.urn in lost and operation.urn in data_bearing:
            reasons.append(f"{operation.urn} bore data and is gone: a new one would be empty")
    destructive = [operation for operation in acting if operation.op in {Op.DELETE, Op.REPLACE}]
    if len(destructive) > limits.changes:
        reasons.append(f"{len(destructive)} deletes and replaces, {limits.changes} are allowed in one pass")
    if len(destructive) / size > limits.share:
        reasons.append(
            f"{len(destructive)} of {size} resources would be deleted or replaced ({limits.share:.0%} allowed)"
        )
    if len(lost) > 1 and not standing:
        reasons.append("everything of the stack is gone: wrong credentials or a lost project are likelier than that")
    return Judgement(reasons)


POWER = "powerState"


def only_stops(operations: Sequence[Operation]) -> bool:
    """Whether all that would be done is to stop machines: what a rule may set off by itself when a trial has ended."""
    acting = [operation for operation in operations if operation.op is not Op.SAME]
    return all(operation.op is Op.UPDATE and set(operation.diff) <= {POWER} for operation in acting)
