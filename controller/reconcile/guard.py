"""Blast radius: a pure judgement of what may be done without a person (invariant 4, and the limits of the settings).

`standing.py` asks before a repair is started, `drift.py` before it believes that things are missing; what is refused
becomes an incident for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from controller.engine.plan import Op, Operation


@dataclass(frozen=True)
class Allowance:
    """How many deletes and replaces may be done, absolutely and as a share of the resources that they are among."""

    changes: int
    share: float


@dataclass(frozen=True)
class Limits:
    """What may be done without a person; days are those of the domain clock.

    `one_pass` bounds one repair of one stack, `cloud_day` all repairs on one cloud in a day, `day` the deletes and
    replaces on all clouds in a day, `repairs` how often one stack may be repaired in a day. Of the resources of a
    cloud, a greater share than `gone` is not believed to be missing all at once.
    """

    one_pass: Allowance
    cloud_day: Allowance
    day: int
    repairs: int
    gone: float


@dataclass(frozen=True)
class Today:
    """What was done today without a person: deletes and replaces on this cloud and on all, repairs of this stack.

    `resources` is how many resources stand on the cloud.
    """

    on_cloud: int = 0
    everywhere: int = 0
    repairs: int = 0
    resources: int = 0


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
    today: Today,
    limits: Limits,
) -> Judgement:
    """Whether a repair may run under the standing approval.

    `approved_urns` are those that the merged approval's plan names; `removable_urns` are things made by hand inside
    resources of ours; `data_bearing` are those that hold data; `lost` are the URNs that a complete scan found missing,
    `standing` those of the resources that are there.
    """
    reasons = []
    for operation in acting(operations):
        if operation.urn not in approved_urns and operation.urn not in removable_urns:
            reasons.append(f"{operation.urn} is not named by the approved plan")
        if operation.urn in data_bearing and operation.op in _DESTRUCTIVE:
            reasons.append(f"{operation.urn} bears data and would be {operation.op}d")
        if operation.urn in data_bearing and operation.urn in lost:
            reasons.append(f"{operation.urn} bore data and is gone: a new one would be empty")
    reasons += _beyond_one_pass(operations, limits.one_pass)
    reasons += _beyond_the_day(operations, today, limits)
    if len(lost) > 1 and not standing:
        reasons.append("everything of the stack is gone: wrong credentials or a lost project are likelier than that")
    return Judgement(reasons)


def acting(operations: Sequence[Operation]) -> Sequence[Operation]:
    """Those that do something."""
    return [operation for operation in operations if not operation.changes_nothing]


def destructive(operations: Sequence[Operation]) -> int:
    """How many of them delete or replace."""
    return sum(operation.op in _DESTRUCTIVE for operation in operations)


_DESTRUCTIVE = frozenset({Op.DELETE, Op.REPLACE})


def _beyond_one_pass(operations: Sequence[Operation], allowed: Allowance) -> Iterator[str]:
    count, size = destructive(operations), max(len(operations), 1)
    if count > allowed.changes:
        yield f"{count} deletes and replaces, {allowed.changes} are allowed in one pass"
    if count / size > allowed.share:
        yield f"{count} of {size} resources would be deleted or replaced ({allowed.share:.0%} allowed)"


def _beyond_the_day(operations: Sequence[Operation], today: Today, limits: Limits) -> Iterator[str]:
    if acting(operations) and today.repairs >= limits.repairs:
        yield f"it was repaired {today.repairs} times today: something undoes the repairs"
    count = destructive(operations)
    if not count:
        return
    on_cloud, size, allowed = today.on_cloud + count, max(today.resources, 1), limits.cloud_day
    if on_cloud > allowed.changes:
        yield f"{on_cloud} deletes and replaces on this cloud today, {allowed.changes} are allowed in a day"
    if on_cloud / size > allowed.share:
        yield (
            f"{on_cloud} of {size} resources on this cloud would be deleted or replaced today "
            f"({allowed.share:.0%} allowed)"
        )
    if today.everywhere + count > limits.day:
        yield f"{today.everywhere + count} deletes and replaces on all clouds today, {limits.day} are allowed in a day"


def is_gone(missing: int, known: int, limits: Limits) -> bool:
    """Whether so many of the `known` resources of a cloud went missing at once that a person must say it is true."""
    return missing > 1 and missing > limits.gone * known


POWER = "powerState"


def only_stops(operations: Sequence[Operation]) -> bool:
    """Whether all that would be done is to stop machines: what a rule may set off by itself when a trial has ended."""
    return all(one.op is Op.UPDATE and set(one.diff) <= {POWER} for one in acting(operations))
