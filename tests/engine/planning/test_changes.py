"""Plans of random stacks and random changes of them: what is replaced, updated, deleted, and what is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from controller.engine.lookup import Lookup
from controller.engine.plan import Op, Plan, Purpose
from controller.engine.planning.preview import make_plan
from controller.engine.properties import UNKNOWN, PropertyValue
from controller.engine.registration import Registered, Registrar, Registration
from controller.engine.state import ResourceState
from tests.engine.kinds import PureKind, PureProvider, urn

PROVIDER = PureProvider({"t:m:Thing": PureKind("t:m:Thing", replace_on=frozenset({"of", "image"}))})


@dataclass(frozen=True)
class Node:
    """A resource that is made of others; `size` changes in place, `image` does not, nor what it is made of."""

    name: str
    needs: tuple[str, ...]
    size: int = 1
    image: int = 1


Stack = Sequence[Node]


@st.composite
def stacks(draw: st.DrawFn) -> Stack:
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 8))):
        needs = draw(st.sets(st.sampled_from([node.name for node in nodes]), max_size=3)) if nodes else set()
        nodes.append(Node(f"n{number}", tuple(sorted(needs))))
    return nodes


def registered_by(stack: Stack, registrar: Registrar) -> dict[str, Registration]:
    """What the program of this stack does: each node once what it is made of has been answered."""
    answers: dict[str, Registered] = {}
    registrations: dict[str, Registration] = {}
    for node in stack:
        origins = tuple(urn(need) for need in node.needs)
        registration = Registration(
            urn(node.name),
            "t:m:Thing",
            node.name,
            custom=True,
            parent="",
            inputs={"size": node.size, "image": node.image, "of": [answers[need].id for need in node.needs]},
            dependencies=origins,
            property_dependencies={"of": origins} if origins else {},
        )
        answers[node.name] = registrar.register(registration)
        registrations[registration.urn] = registration
    return registrations


def plan(stack: Stack, states: Sequence[ResourceState] = ()) -> Plan:
    return make_plan(
        stack="s",
        purpose=Purpose.APPLY,
        lookup=Lookup(PROVIDER, ""),  # type: ignore[arg-type]
        states=states,
        provider=PROVIDER,  # type: ignore[arg-type]
        spec_digest="",
        program_version="",
        program=lambda registrar: registered_by(stack, registrar),
    )


class Making:
    """A registrar that makes everything at once."""

    def register(self, registration: Registration) -> Registered:
        return Registered(f"id-{registration.name}", registration.inputs)

    def register_outputs(self, urn: str, outputs: Mapping[str, PropertyValue]) -> None:
        raise AssertionError("these stacks have no outputs")


def made(stack: Stack) -> list[ResourceState]:
    return [
        ResourceState(
            urn=one.urn,
            generation=1,
            type=one.type,
            custom=True,
            id=f"id-{one.name}",
            parent="",
            inputs=one.inputs,
            outputs=one.inputs,
            observed=one.inputs,
            dependencies=one.dependencies,
            property_dependencies=one.property_dependencies,
        )
        for one in registered_by(stack, Making()).values()
    ]


def ops(of: Plan) -> dict[str, Op]:
    return {operation.urn.rsplit("::", 1)[1]: operation.op for operation in of.operations}


@given(stacks())
def test_new_stack_is_created_and_then_needs_nothing(stack: Stack) -> None:
    assert ops(plan(stack)) == {node.name: Op.CREATE for node in stack}
    assert plan(stack, made(stack)).is_empty


@given(stacks(), st.data())
def test_change_touches_what_it_must_and_nothing_else(stack: Stack, data: st.DataObject) -> None:
    names = st.sets(st.sampled_from([node.name for node in stack]))
    grown, changed = data.draw(names, "grown"), data.draw(names, "another image")
    after = [
        replace(node, size=2 if node.name in grown else 1, image=2 if node.name in changed else 1) for node in stack
    ]
    replaced: set[str] = set()
    for node in stack:
        if node.name in changed or replaced & set(node.needs):
            replaced.add(node.name)
    expected = {node.name: Op.SAME for node in stack}
    expected |= dict.fromkeys(grown, Op.UPDATE) | dict.fromkeys(replaced, Op.REPLACE)
    assert ops(plan(after, made(stack))) == expected


@given(stacks(), st.data())
def test_what_is_taken_out_is_deleted_dependents_first(stack: Stack, data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from([node.name for node in stack])), "gone")
    for node in stack:
        if gone & set(node.needs):
            gone.add(node.name)
    after = plan([node for node in stack if node.name not in gone], made(stack))
    assert ops(after) == {node.name: Op.DELETE if node.name in gone else Op.SAME for node in stack}
    position = {operation.urn: index for index, operation in enumerate(after.operations)}
    for node in stack:
        assert all(
            position[urn(node.name)] < position[urn(need)] for need in node.needs if need in gone and node.name in gone
        )


@given(stacks(), st.data())
def test_lost_resources_come_back_with_what_hangs_on_them(stack: Stack, data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.sampled_from([node.name for node in stack])), "lost")
    states = [replace(one, missing=one.id.removeprefix("id-") in lost) for one in made(stack)]
    anew = set(lost)
    for node in stack:
        if anew & set(node.needs):
            anew.add(node.name)
    assert ops(plan(stack, states)) == {
        node.name: Op.CREATE if node.name in lost else Op.REPLACE if node.name in anew else Op.SAME for node in stack
    }


@given(stacks(), st.randoms())
def test_order_of_registration_does_not_show_in_the_plan(stack: Stack, random: object) -> None:
    """Any order in which what is needed comes first."""
    shuffled = list(stack)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    ordered: list[Node] = []
    while len(ordered) < len(stack):
        there = {node.name for node in ordered}
        ordered += [next(node for node in shuffled if node.name not in there and set(node.needs) <= there)]
    assert plan(ordered).digest(b"key") == plan(stack).digest(b"key")


@given(stacks())
def test_every_unknown_says_what_it_waits_for(stack: Stack) -> None:
    for operation in plan(stack).operations:
        waiting = UNKNOWN in operation.inputs["of"]
        assert (operation.waits_for != {}) is waiting
        assert list(operation.waits_for.get("of", ())) == [
            urn(need) for node in stack if urn(node.name) == operation.urn for need in node.needs
        ]
