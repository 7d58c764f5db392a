"""In what order resources come and go: what is needed before what needs it, dependents before what they depend on.

Pure. `preview.py` puts a plan's operations in it, `execute.py` follows it.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from controller.domain.errors import Refused
from controller.engine import paths
from controller.engine.plan import Op, Operation
from controller.engine.registration import Registration
from controller.engine.state import ResourceState
from controller.engine.urn import ProviderReference

Key = tuple[str, int]
"""URN and generation."""


def needs(resource: Registration | ResourceState) -> frozenset[str]:
    """URNs that stand before this one: its parent, its provider, its dependencies, where its inputs come from, and what
    deletes it along.
    """
    origins = (urn for urns in resource.property_dependencies.values() for urn in urns)
    above = {resource.parent, ProviderReference.parse(resource.provider).urn, resource.deleted_with}
    return frozenset({*above, *resource.dependencies, *origins} - {"", resource.urn})


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
    return [doomed[key] for key in _in_order(must_go_first(doomed.values()))]


def must_go_first(doomed: Iterable[ResourceState]) -> Mapping[Key, frozenset[Key]]:
    """For each resource that must go, those of them that depend on it or are its children: they must be gone before.

    What goes along with another goes after it, and what hangs on it before both.
    """
    doomed = list(doomed)
    with_what = going_along(doomed)
    by_urn: dict[str, list[Key]] = {}
    for state in doomed:
        by_urn.setdefault(state.urn, []).append((state.urn, state.generation))
    before: dict[Key, set[Key]] = {(state.urn, state.generation): set() for state in doomed}
    for state in doomed:
        for urn in needs(state):
            for key in by_urn.get(urn, []):
                if (state.urn, state.generation) not in with_what:
                    before[with_what.get(key, key)].add((state.urn, state.generation))
    for key, taker in with_what.items():
        before[key] = {taker}
    return {key: frozenset(keys) for key, keys in before.items()}


def going_along(doomed: Iterable[ResourceState]) -> Mapping[Key, Key]:
    """Those that are gone once another one of them is deleted (`deletedWith`), with the one that takes them along.

    What is not deleted in the cloud takes nothing along.
    """
    doomed = list(doomed)
    takers = {
        (state.urn, state.pending_delete): state for state in doomed if state.managed and not state.retain_on_delete
    }
    with_what: dict[Key, Key] = {}
    for state in doomed:
        taker, seen = takers.get((state.deleted_with, state.pending_delete)), {state.urn}
        while taker is not None and taker.urn not in seen:
            with_what[state.urn, state.generation] = (taker.urn, taker.generation)
            seen.add(taker.urn)
            taker = takers.get((taker.deleted_with, taker.pending_delete))
    return with_what


def foundations(states: Iterable[ResourceState], urns: Collection[str]) -> frozenset[str]:
    """`urns`, and all that these need, through any number of others."""
    below: dict[str, set[str]] = {}
    for state in states:
        below.setdefault(state.urn, set()).update(needs(state))
    found: set[str] = set()
    reached = list(urns)
    while reached:
        urn = reached.pop()
        if urn not in found:
            found.add(urn)
            reached.extend(below.get(urn, ()))
    return frozenset(found)


def in_the_way(
    replaced: ResourceState, rows: Iterable[ResourceState], planned: Mapping[str, Operation]
) -> Sequence[ResourceState]:
    """What hangs on `replaced` and must be gone before it: where the old one goes first, these go before it.

    That is whatever goes anyway, and what is replaced by a property that comes from something that goes. What merely
    changes stays; the cloud says whether it can. In the order in which they may go.
    """
    waited_by: dict[str, list[ResourceState]] = {}
    for row in rows:
        if row.custom and not row.missing and row.urn != replaced.urn:
            for urn in needs(row):
                waited_by.setdefault(urn, []).append(row)
    going: dict[Key, ResourceState] = {}
    reached = [replaced.urn]
    while reached:
        urn = reached.pop()
        for row in waited_by.get(urn, []):
            key = (row.urn, row.generation)
            if key not in going and _goes_with(row, urn, planned.get(row.urn)):
                going[key] = row
                reached.append(row.urn)
    return [going[key] for key in _in_order(must_go_first(going.values()))]


def _goes_with(row: ResourceState, urn: str, operation: Operation | None) -> bool:
    """Whether `row`, which hangs on the resource `urn`, cannot outlive it."""
    if row.pending_delete:
        return True
    if operation is None or operation.op is not Op.REPLACE:
        return operation is not None and operation.op is Op.DELETE
    replacing = {paths.parse(path)[0] for path, change in operation.diff.items() if change.replaces}
    return any(urn in origins for name, origins in row.property_dependencies.items() if name in replacing)


def _in_order(waiting: Mapping[Any, Collection[Any]]) -> list[Any]:
    """Keys with those they wait for before them, the smallest first among equals. Raises Refused for a circle."""
    sorter = TopologicalSorter(waiting)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = ", ".join(sorted({str(key) for key in error.args[1]}))
        raise Refused(f"these resources depend on each other in a circle: {circle}") from None
    ready: list[Any] = []
    order = []
    while sorter.is_active():
        for key in sorter.get_ready():
            heapq.heappush(ready, key)
        order.append(heapq.heappop(ready))
        sorter.done(order[-1])
    return order
