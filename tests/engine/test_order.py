"""In what order resources come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.errors import Refused
from controller.engine import order
from controller.engine.plan import Op, Operation
from controller.engine.provider import Change
from controller.engine.state import ResourceState
from tests.engine.kinds import made, planned, registered, urn


def chained(*edges: tuple[str, str]) -> list[ResourceState]:
    """`("b", "a")`: b depends on a."""
    needs: dict[str, list[str]] = {}
    for name, need in edges:
        needs.setdefault(name, []).append(urn(need))
        needs.setdefault(need, [])
    return [replace(made(name), dependencies=tuple(before)) for name, before in needs.items()]


def names(states: Any) -> list[str]:
    return [state.urn.rsplit("::", 1)[1] for state in states]


def test_dependents_go_before_what_they_depend_on() -> None:
    states = chained(("server", "port"), ("port", "network"), ("attach", "server"), ("attach", "volume"))
    assert names(order.deletions(states, kept=())) == ["attach", "server", "port", "network", "volume"]


def test_children_go_before_their_parent() -> None:
    component = made("component", "my:Component")
    child = replace(made("child"), parent=component.urn)
    assert names(order.deletions([component, child], kept=())) == ["child", "component"]


def test_what_goes_along_with_another_goes_after_it_and_what_hangs_on_it_before_both() -> None:
    guest, host, below = chained(("guest", "host"), ("below", "guest"))
    guest = replace(guest, deleted_with=host.urn)
    inner = replace(made("inner"), deleted_with=guest.urn)
    assert names(order.deletions([host, guest, below, inner], kept=())) == ["below", "host", "guest", "inner"]
    along = order.going_along([host, guest, below, inner])
    assert along == {(guest.urn, 1): (host.urn, 1), (inner.urn, 1): (host.urn, 1)}
    assert order.going_along([replace(host, retain_on_delete=True), guest]) == {}
    assert order.going_along([host, replace(guest, pending_delete=True)]) == {}


def test_what_is_kept_stays_and_does_not_hold_up_the_rest() -> None:
    states = chained(("b", "a"))
    assert names(order.deletions(states, kept={urn("b")})) == ["a"]
    assert order.deletions(states, kept={urn("a"), urn("b")}) == []


def test_old_generation_goes_though_its_urn_is_kept() -> None:
    old, new = replace(made("a"), pending_delete=True), replace(made("a"), generation=2)
    assert order.deletions([old, new], kept={urn("a")}) == [old]


def test_protected_resource_is_not_deleted() -> None:
    with pytest.raises(Refused, match="deleted, but is protected") as refusal:
        order.deletions([replace(made("a"), protect=True)], kept=())
    assert refusal.value.where == urn("a")


def test_circle_is_named_and_not_run_into() -> None:
    with pytest.raises(Refused, match="in a circle"):
        order.deletions(chained(("a", "b"), ("b", "a")), kept=())


@st.composite
def graphs(draw: st.DrawFn) -> list[ResourceState]:
    """Resources in a creation order, each depending on some before it."""
    states: list[ResourceState] = []
    for number in range(draw(st.integers(0, 8))):
        before = draw(st.sets(st.sampled_from([state.urn for state in states]))) if states else set()
        states.append(replace(made(f"r{number}"), dependencies=tuple(sorted(before))))
    return states


@given(graphs(), st.randoms())
def test_deletion_order_holds_in_every_graph_and_is_always_the_same(states: list[ResourceState], random: Any) -> None:
    ordered = order.deletions(states, kept=())
    position = {state.urn: index for index, state in enumerate(ordered)}
    assert len(ordered) == len(states)
    assert all(position[state.urn] < position[need] for state in states for need in state.dependencies)
    shuffled = list(states)
    random.shuffle(shuffled)
    assert order.deletions(shuffled, kept=()) == ordered


@given(graphs(), st.randoms())
def test_creation_order_is_the_same_whatever_the_threads_did(states: list[ResourceState], random: Any) -> None:
    registrations = [replace(registered(names([one])[0]), dependencies=one.dependencies) for one in states]
    ordered = order.creation_order(registrations)
    position = {one.urn: index for index, one in enumerate(ordered)}
    assert all(position[need] < position[one.urn] for one in registrations for need in one.dependencies)
    random.shuffle(registrations)
    assert order.creation_order(registrations) == ordered


def by_its_property(state: ResourceState) -> ResourceState:
    """`state` with all that it depends on in the property `of`."""
    return replace(state, property_dependencies={"of": tuple(state.dependencies)})


def anew(name: str, path: str) -> Operation:
    return replace(planned(name, Op.REPLACE), diff={path: Change("old", "new", replaces=True)})


@pytest.mark.parametrize(
    ("operations", "going", "why"),
    [
        ([anew("port", "of"), anew("server", "of[0]")], ["server", "port"], "dependents of dependents first"),
        ([anew("port", "of"), planned("server", Op.UPDATE)], ["port"], "what merely changes stays"),
        ([planned("port", Op.DELETE)], ["port"], "it goes anyway"),
        ([planned("port", Op.SAME), anew("server", "of")], [], "what it hangs on stays"),
        ([anew("port", "size")], [], "it is replaced for a reason of its own"),
        ([], [], "what the plan does not name stays"),
        ([anew("other", "of")], [], "it hangs on something else"),
    ],
)
def test_what_stands_in_the_way_of_going_first(operations: list[Operation], going: list[str], why: str) -> None:
    chain = chained(("port", "subnet"), ("server", "port"), ("other", "elsewhere"))
    states = [by_its_property(state) for state in chain]
    subnet = next(state for state in states if state.urn == urn("subnet"))
    assert names(order.in_the_way(subnet, states, {one.urn: one for one in operations})) == going, why


def test_what_a_replace_left_over_goes_before_what_it_hangs_on() -> None:
    subnet, port = chained(("port", "subnet"))[::-1]
    leftover, living = replace(port, pending_delete=True), replace(made("port"), generation=2)
    assert order.in_the_way(subnet, [subnet, leftover, living], {}) == [leftover]


def test_what_is_missing_stands_in_nobodys_way() -> None:
    subnet, port = chained(("port", "subnet"))[::-1]
    states = [subnet, replace(by_its_property(port), missing=True)]
    assert order.in_the_way(subnet, states, {port.urn: anew("port", "of")}) == []
