"""Decides, and only decides: registration + state + diff → what must be done. Makes no call; asks nobody.

`preview.py` decides with it what a plan will hold; `execute.py` decides again with real values and asks `objection`
whether the approved plan allows that. A kind's `check` and `diff` are pure, so `assess` may use them.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from controller.domain.errors import Refused
from controller.engine import paths
from controller.engine.plan import Op, Operation, Purpose
from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue, Secret, holds_unknown
from controller.engine.provider import Change, Diff, Kind
from controller.engine.registration import Options, Registration
from controller.engine.state import ResourceState

MAY_BECOME: Final[Mapping[Op, frozenset[Op]]] = {
    Op.CREATE: frozenset({Op.CREATE, Op.UPDATE, Op.REFRESH, Op.SAME}),
    Op.REPLACE: frozenset({Op.REPLACE, Op.CREATE, Op.UPDATE, Op.REFRESH, Op.SAME}),
    Op.UPDATE: frozenset({Op.UPDATE, Op.REFRESH, Op.SAME}),
    Op.ADOPT: frozenset({Op.ADOPT, Op.REFRESH, Op.SAME}),
    Op.REFRESH: frozenset({Op.REFRESH, Op.SAME}),
    Op.SAME: frozenset({Op.SAME}),
    Op.DELETE: frozenset({Op.DELETE}),
}
"""What an approved operation may turn out to be when it is done: weaker, never stronger.

A planned create may find its own resource, made before a crash; a planned replace may find the old one gone already."""


_GOING: Final = frozenset({Op.REPLACE, Op.DELETE})


@dataclass(frozen=True)
class Decision:
    """What must be done to one resource, and what differs."""

    op: Op
    diff: Mapping[str, Change] = field(default_factory=dict)
    delete_before_replace: bool = False


@dataclass(frozen=True)
class Assessment:
    """A decision together with the inputs it rests on: the kind's defaults filled in, ignored changes put back."""

    inputs: PropertyMap
    decision: Decision


def assess(registration: Registration, prior: ResourceState | None, kind: Kind | None) -> Assessment:
    """Checks the registered inputs, compares them with `prior` and decides. `kind` is None for a component.

    Raises Refused where the kind refuses an input (all of them are named) or where the resource is protected.
    """
    inputs = effective_inputs(registration, prior)
    if kind is None:
        return Assessment(inputs, decide(registration, prior, _component_diff(inputs, prior), replace_on=frozenset()))
    checked = kind.check(inputs)
    if checked.failures:
        raise Refused(
            "; ".join(f"{failure.path}: {failure.reason}" for failure in checked.failures),
            where=registration.urn,
            remedy="correct these inputs in the program or its specification",
        )
    compared = prior is not None and not prior.missing
    diff = kind.diff(prior.inputs, prior.observed, checked.inputs) if prior is not None and compared else None
    return Assessment(checked.inputs, decide(registration, prior, diff, replace_on=kind.replace_on))


def prior_of(registration: Registration, live: Mapping[str, ResourceState]) -> ResourceState | None:
    """The live state, by URN, that the registration speaks of. Raises Refused where only an alias of it is there."""
    prior = live.get(registration.urn)
    renamed = [urn for urn in registration.options.aliases if urn in live]
    if prior is None and renamed:
        raise Refused(
            f"it was {renamed[0]} before, and renaming is not supported by this engine",
            where=registration.urn,
            remedy="keep the resource's name, type and parent as they were",
        )
    return prior


def effective_inputs(registration: Registration, prior: ResourceState | None) -> PropertyMap:
    """The registered inputs, with what `ignoreChanges` names put back to the last applied value."""
    ignored = _patterns(registration.options.ignore_changes)
    if prior is None or prior.missing or not ignored:
        return registration.inputs
    return paths.restored(registration.inputs, prior.inputs, ignored)


def decide(
    registration: Registration, prior: ResourceState | None, diff: Diff | None, *, replace_on: Collection[str]
) -> Decision:
    """What makes `prior` what the registration wants. `diff` is None where there is nothing to compare with.

    Raises Refused where that would replace a protected resource.
    """
    options = registration.options
    if prior is None or prior.missing:
        return Decision(Op.ADOPT if options.import_id else Op.CREATE)
    changes = _obeyed(diff or Diff(), options, replace_on)
    if any(change.replaces for change in changes.values()):
        if prior.protect:
            raise Refused(
                f"would be replaced because of {_replacing(changes)}, but is protected",
                where=registration.urn,
                remedy="take that change back, or take the protection off in a change of its own first",
            )
        early = bool(options.delete_before_replace) or (diff is not None and diff.delete_before_replace)
        return Decision(Op.REPLACE, changes, delete_before_replace=early)
    if changes:
        return Decision(Op.UPDATE, changes)
    return Decision(Op.REFRESH if prior.unsettled else Op.SAME)


def deletions(states: Iterable[ResourceState], kept: Collection[str]) -> Sequence[ResourceState]:
    """What must go: everything not `kept` and every old generation, dependents before what they depend on, then by URN.

    Raises Refused where one of them is protected.
    """
    doomed = {(state.urn, state.generation): state for state in states if state.pending_delete or state.urn not in kept}
    for state in doomed.values():
        if state.protect and not state.pending_delete:
            raise Refused(
                "would be deleted, but is protected",
                where=state.urn,
                remedy="put it back into the program, or take the protection off in a change of its own first",
            )
    waiting = {key: set(before) for key, before in must_go_first(doomed.values()).items()}
    return [doomed[key] for key in _in_order(waiting)]


def in_the_way(
    replaced: ResourceState, live: Mapping[str, ResourceState], planned: Mapping[str, Operation]
) -> Sequence[ResourceState]:
    """What hangs on `replaced` and is replaced or deleted, too: where the old one goes first, these go before it.

    In the order in which they may go. What merely changes stays; the cloud says whether it can.
    """
    waited_by: dict[str, list[ResourceState]] = {}
    for state in live.values():
        for urn in needs(state):
            waited_by.setdefault(urn, []).append(state)
    found: dict[str, ResourceState] = {}
    reached = [replaced.urn]
    while reached:
        for state in waited_by.get(reached.pop(), []):
            if state.urn not in found:
                found[state.urn] = state
                reached.append(state.urn)
    going = [
        state
        for state in found.values()
        if state.custom and not state.missing and state.urn in planned and planned[state.urn].op in _GOING
    ]
    keys = {(state.urn, state.generation): state for state in going}
    return [keys[key] for key in _in_order({key: set(before) for key, before in must_go_first(going).items()})]


Key = tuple[str, int]
"""URN and generation."""


def must_go_first(doomed: Iterable[ResourceState]) -> Mapping[Key, frozenset[Key]]:
    """For each resource that must go, those of them that depend on it or are its children: they must be gone before."""
    doomed = list(doomed)
    by_urn: dict[str, list[Key]] = {}
    for state in doomed:
        by_urn.setdefault(state.urn, []).append((state.urn, state.generation))
    before: dict[Key, set[Key]] = {(state.urn, state.generation): set() for state in doomed}
    for state in doomed:
        for urn in needs(state):
            for key in by_urn.get(urn, []):
                before[key].add((state.urn, state.generation))
    return {key: frozenset(keys) for key, keys in before.items()}


def needs(resource: Registration | ResourceState) -> frozenset[str]:
    """URNs that stand before this one: its parent, its dependencies, and where its inputs come from."""
    origins = (urn for urns in resource.property_dependencies.values() for urn in urns)
    return frozenset({resource.parent, *resource.dependencies, *origins} - {"", resource.urn})


def creation_order(registrations: Iterable[Registration]) -> Sequence[Registration]:
    """The same order whatever the threads did: what is needed before what needs it, then by URN."""
    by_urn = {registration.urn: registration for registration in registrations}
    waiting = {urn: {need for need in needs(one) if need in by_urn} for urn, one in by_urn.items()}
    return [by_urn[urn] for urn in _in_order(waiting)]


def objection(planned: Operation | None, decision: Decision, inputs: PropertyMap) -> str | None:
    """Why the approved plan does not allow `decision`, or None where it does.

    Known inputs must be equal and unknown ones may be filled; the operation may weaken and never strengthen.
    """
    if planned is None:
        return "the plan does not name it"
    if decision.op not in MAY_BECOME[planned.op]:
        return f"the plan says {planned.op}, but it would now be {decision.op}{_because(decision)}"
    if decision.delete_before_replace and not planned.delete_before_replace:
        return "the plan makes the new one first, but the old one would now be deleted first"
    differing = sorted(
        key for key in {**planned.inputs, **inputs} if not fills(planned.inputs.get(key), inputs.get(key))
    )
    return f"its inputs are not those of the plan: {', '.join(differing)}" if differing else None


def fills(planned: PropertyValue, actual: PropertyValue) -> bool:
    """Whether `actual` is `planned`, with values where that was unknown."""
    if planned is UNKNOWN:
        return True
    if isinstance(planned, Secret):
        if planned.value is UNKNOWN:
            return True
        return isinstance(actual, Secret) and fills(planned.value, actual.value)
    if isinstance(planned, Mapping):
        return isinstance(actual, Mapping) and all(
            fills(planned.get(key), actual.get(key)) for key in {**planned, **actual}
        )
    if isinstance(planned, list | tuple):
        return (
            isinstance(actual, list | tuple)
            and len(planned) == len(actual)
            and all(fills(one, other) for one, other in zip(planned, actual, strict=True))
        )
    return isinstance(planned, bool) is isinstance(actual, bool) and bool(planned == actual)


def needs_decision(op: Op, *, data_bearing: bool) -> bool:
    """Whether a person must have decided about this very resource (invariant 4)."""
    return data_bearing and op in _GOING


def refuse_in_repair(purpose: Purpose, op: Op, urn: str, *, data_bearing: bool, lost: bool = False) -> None:
    """A repair restores what has no data of its own; all else of what bears data is for a person (invariants 1 and 4).

    Raises Refused where a repair would delete or replace it, or put an empty one in the place of one that is `lost`.
    """
    if purpose is not Purpose.REPAIR or not data_bearing:
        return
    if op in _GOING:
        raise Refused(
            f"a repair would {op} a resource that bears data",
            where=urn,
            remedy="a person must look at it: make a plan for a change, and decide about this resource by name",
        )
    if lost:
        raise Refused(
            "it is lost with its data; a repair does not put an empty one in its place",
            where=urn,
            remedy="a person must look at it: restore it, or make a plan for a change",
        )


def _component_diff(inputs: PropertyMap, prior: ResourceState | None) -> Diff:
    if prior is None:
        return Diff()
    keys = sorted({**prior.inputs, **inputs})
    values = {key: (prior.inputs.get(key), inputs.get(key)) for key in keys}
    return Diff({key: Change(old, new) for key, (old, new) in values.items() if not _equal(old, new)})


def _equal(old: PropertyValue, new: PropertyValue) -> bool:
    return not holds_unknown(new) and fills(new, old)


def _obeyed(diff: Diff, options: Options, replace_on: Collection[str]) -> dict[str, Change]:
    """The changes under the resource's options. An unknown value of a property that replaces counts as replace."""
    ignored, replacing = _patterns(options.ignore_changes), _patterns(options.replace_on_changes)
    changes: dict[str, Change] = {}
    for text, change in diff.changes.items():
        path = paths.parse(text)
        if any(paths.covers(pattern, path) for pattern in ignored):
            continue
        replaces = (
            change.replaces
            or any(paths.overlaps(pattern, path) for pattern in replacing)
            or (path[0] in replace_on and holds_unknown(change.new))
        )
        changes[text] = Change(change.old, change.new, replaces)
    return changes


def _patterns(texts: Sequence[str]) -> list[paths.Path]:
    return [paths.parse(text) for text in texts]


def _replacing(changes: Mapping[str, Change]) -> str:
    return ", ".join(sorted(path for path, change in changes.items() if change.replaces))


def _because(decision: Decision) -> str:
    return f" (because of {', '.join(sorted(decision.diff))})" if decision.diff else ""


def _in_order(waiting: Mapping[Any, set[Any]]) -> list[Any]:
    """Keys with those they wait for before them, the smallest first among equals. Raises Refused for a circle."""
    waited_by: dict[Any, list[Any]] = {}
    open_needs = {key: len(before) for key, before in waiting.items()}
    for key, before in waiting.items():
        for need in before:
            waited_by.setdefault(need, []).append(key)
    ready = [key for key, count in open_needs.items() if count == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        key = heapq.heappop(ready)
        order.append(key)
        for follower in waited_by.get(key, []):
            open_needs[follower] -= 1
            if open_needs[follower] == 0:
                heapq.heappush(ready, follower)
    if len(order) != len(waiting):
        stuck = sorted(str(key) for key in waiting.keys() - set(order))
        raise Refused(f"these resources depend on each other in a circle: {', '.join(stuck)}")
    return order
