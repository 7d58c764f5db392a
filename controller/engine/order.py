"""In what order resources come and go: what is needed before what needs it, dependents before what they depend on.

Pure. `preview.py` puts a plan's operations in it, `execute.py` follows it.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from controller.domain.errors import Refused
from controller.engine.plan import Op, Operation
from controller.engine.registration import Registration
from controller.engine.state import ResourceState

_GOING = frozenset({Op.REPLACE, Op.DELETE})

Key = tuple[str, int]
"""URN and generation."""


def needs(resource: Registration | ResourceState) -> frozenset[str]:
    """URNs that stand before this one: its parent, its dependencies, and where its inputs come from."""
    origins = (urn for urns in resource.property_dependencies.values() for urn in urns)
    return frozenset({resource.parent, *resource.dependencies, *origins} - {"", resource.urn})


def creation_order(registrations: Iterable[Registration]) -> Sequence[Registration]:
    """The same order whatever the threads did: what is needed before what needs it, then by URN."""
    by_urn = {registration.urn: registration for registration in registrations}
    waiting = {urn: {need for need in needs(one) if need in by_urn} for urn, one in by_urn.items()}
    return [by_urn[urn] for urn in _in_order(waiting)]


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
        if state.custom
        and not state.missing
        and state.urn in planned
        and planned[state.urn].op in {Op.REPLACE, Op.DELETE}
    ]
    keys = {(state.urn, state.generation): state for state in going}
    return [keys[key] for key in _in_order({key: set(before) for key, before in must_go_first(going).items()})]


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
