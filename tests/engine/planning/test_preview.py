"""From a program and what is known of a stack to a plan: what it holds, that it is always the same, what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from controller.domain.errors import Refused, WrongUse
from controller.engine.lookup import Lookup
from controller.engine.plan import Op, Operation, Plan, Purpose
from controller.engine.planning.planner import assess, objection
from controller.engine.planning.preview import Preview, make_plan
from controller.engine.program.run import ProgramFailed
from controller.engine.properties import UNKNOWN, PropertyMap
from controller.engine.registration import Registered, Registration
from controller.engine.state import ResourceState
from tests.engine.kinds import PureKind, PureProvider, made, registered
from tests.engine.runs import Notes, run

KEY = b"key"
PROVIDER = PureProvider(
    {
        "t:m:Thing": PureKind("t:m:Thing", replace_on=frozenset({"of"})),
        "t:m:Disk": PureKind("t:m:Disk", replace_on=frozenset({"image"}), data_bearing=True),
    }
)


def plan(
    body: str,
    states: Sequence[ResourceState] = (),
    *,
    purpose: Purpose = Purpose.APPLY,
    provider: PureProvider = PROVIDER,
) -> Plan:
    return make_plan(
        stack="s",
        purpose=purpose,
        lookup=Lookup(provider, ""),  # type: ignore[arg-type]
        states=states,
        provider=provider,
        spec_digest="spec",
        program_version="1",
        program=lambda registrar: run(body, registrar, stack="s", preview=True),
    )


def done(plan: Plan) -> list[ResourceState]:
    """The states once the plan has been applied to nothing: every unknown filled."""

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(item) for item in value]
        return "filled" if value is UNKNOWN else value

    states = []
    for position, operation in enumerate(plan.operations):
        inputs = {key: filled(value) for key, value in operation.inputs.items()}
        states.append(
            ResourceState(
                urn=operation.urn,
                generation=1,
                type=operation.type,
                custom=operation.type.startswith("t:"),
                id="filled" if operation.type.startswith("t:") else "",
                parent=operation.parent,
                inputs=inputs,
                outputs={**inputs, "made": "filled"},
                observed=inputs,
                position=position,
            )
        )
    return states


def ops(plan: Plan) -> dict[str, Op]:
    return {operation.urn.rsplit("::", 1)[1]: operation.op for operation in plan.operations}


def step(plan: Plan, name: str) -> Operation:
    return next(operation for operation in plan.operations if operation.urn.endswith(f"::{name}"))


CHAIN = """
network = Thing("network", size=1)
port = Thing("port", of=network.id)
Thing("server", of=port.id, disks=[Thing("disk", size=5).id])
"""


def test_new_stack_is_created_in_the_order_of_its_needs() -> None:
    made_anew = plan(CHAIN)
    assert list(ops(made_anew)) == ["snippet-s", "disk", "network", "port", "server"]
    assert set(ops(made_anew).values()) == {Op.CREATE}
    assert step(made_anew, "server").inputs == {"of": UNKNOWN, "disks": [UNKNOWN]}
    assert step(made_anew, "server").parent == step(made_anew, "snippet-s").urn


def test_unknown_names_what_it_waits_for() -> None:
    port = step(plan(CHAIN), "port")
    assert port.waits_for == {"of": [step(plan(CHAIN), "network").urn]}
    mixed = plan("old, new = Thing('old'), Thing('new')\nThing('x', of=[old.id, new.id])", done(plan("Thing('old')")))
    assert step(mixed, "x").waits_for == {"of": [step(mixed, "new").urn]}, "what is known is not waited for"


def test_plan_is_the_same_however_the_threads_ran() -> None:
    body = "things = [Thing(f'a{n}') for n in range(30)]\n[Thing(f'b{n}', of=one.id) for n, one in enumerate(things)]"
    first, second = plan(body), plan(body)
    assert [one.urn for one in first.operations] == [one.urn for one in second.operations]
    assert first.digest(KEY) == second.digest(KEY)
    assert len(first.operations) == 61


def test_applied_stack_needs_nothing() -> None:
    again = plan(CHAIN, done(plan(CHAIN)))
    assert again.is_empty
    assert set(ops(again).values()) == {Op.SAME}


def test_update_keeps_the_id_so_that_nothing_follows_from_it() -> None:
    changed = plan(CHAIN.replace("size=1", "size=2"), done(plan(CHAIN)))
    assert {name: op for name, op in ops(changed).items() if op is not Op.SAME} == {"network": Op.UPDATE}
    network = step(changed, "network")
    assert (network.diff["size"].old, network.diff["size"].new) == (1, 2)
    assert network.generation == 1
    assert network.observed_version != ""


def test_new_value_of_an_updated_input_reaches_what_reads_it() -> None:
    body = "first = Thing('first', key='{0}')\nThing('second', label=first.key)"
    changed = plan(body.format("new"), done(plan(body.format("old"))))
    assert step(changed, "second").inputs == {"label": "new"}


def test_replacement_makes_ids_unknown_and_so_replaces_what_hangs_on_them() -> None:
    changed = plan(CHAIN.replace('"network", size=1', '"network", size=1, of="x"'), done(plan(CHAIN)))
    assert {name: op for name, op in ops(changed).items() if op is not Op.SAME} == {
        "network": Op.REPLACE,
        "port": Op.REPLACE,
        "server": Op.REPLACE,
    }


def test_missing_resource_is_created_and_what_hangs_on_it_follows() -> None:
    states = [replace(one, missing=True) if one.urn.endswith("port") else one for one in done(plan(CHAIN))]
    repaired = plan(CHAIN, states, purpose=Purpose.REPAIR)
    assert {name: op for name, op in ops(repaired).items() if op is not Op.SAME} == {
        "port": Op.CREATE,
        "server": Op.REPLACE,
    }


def test_drift_is_reverted() -> None:
    states = [replace(one, observed={"size": 9}) if one.urn.endswith("network") else one for one in done(plan(CHAIN))]
    assert step(plan(CHAIN, states, purpose=Purpose.REPAIR), "network").diff["size"].old == 9


def test_what_the_program_no_longer_registers_goes_dependents_first() -> None:
    fewer = plan("Thing('network', size=1)", done(plan(CHAIN)))
    deleted = [name for name, op in ops(fewer).items() if op is Op.DELETE]
    assert sorted(deleted) == ["disk", "port", "server"]
    assert fewer.operations[-1].op is Op.DELETE


def test_leftover_of_a_replace_goes_and_does_not_hide_the_living() -> None:
    states = done(plan("Thing('a', size=1)"))
    old = replace(states[-1], generation=1, pending_delete=True, id="old")
    new = replace(states[-1], generation=2)
    both = plan("Thing('a', size=1)", [*states[:-1], old, new])
    assert [(one.op, one.generation) for one in both.operations[1:]] == [(Op.SAME, 2), (Op.DELETE, 1)]
    assert both.by_urn[new.urn].op is Op.SAME
    assert not both.is_empty


def test_everything_goes_where_the_stack_is_destroyed() -> None:
    states = done(plan(CHAIN))
    gone = make_plan(
        stack="s",
        purpose=Purpose.DESTROY,
        lookup=Lookup(PROVIDER, ""),  # type: ignore[arg-type]
        states=states,
        provider=PROVIDER,  # type: ignore[arg-type]
        spec_digest="spec",
        program_version="1",
        program=None,
    )
    assert {one.op for one in gone.operations} == {Op.DELETE}
    assert len(gone.operations) == len(states)
    assert gone.operations[-1].urn.endswith("snippet-s")


def test_plan_to_apply_needs_a_program() -> None:
    with pytest.raises(ValueError, match="needs the program"):
        make_plan(
            stack="s",
            purpose=Purpose.APPLY,
            lookup=Lookup(PROVIDER, ""),  # type: ignore[arg-type]
            states=[],
            provider=PROVIDER,  # type: ignore[arg-type]
            spec_digest="",
            program_version="",
            program=None,
        )


def test_kinds_defaults_are_in_the_plan() -> None:
    provider = PureProvider({"t:m:Thing": PureKind("t:m:Thing", defaults={"colour": "grey"})})
    assert step(plan("Thing('a', size=1)", provider=provider), "a").inputs == {"colour": "grey", "size": 1}


# What no plan is made of.


def test_unknown_type_is_named() -> None:
    with pytest.raises(WrongUse, match="t:m:Thing is not known"):
        plan("Thing('a')", provider=PureProvider(others=False))


def test_refused_input_is_named_with_its_resource() -> None:
    provider = PureProvider({"t:m:Thing": PureKind("t:m:Thing", refused=frozenset({"colour"}))})
    with pytest.raises(Refused, match="colour: is not an input") as refusal:
        plan("Thing('a', colour='red')", provider=provider)
    assert refusal.value.where.endswith("::a")


def test_no_plan_comes_of_a_program_that_failed() -> None:
    """Else what it had not registered yet would be deleted."""
    with pytest.raises(ProgramFailed, match="half-way"):
        plan("Thing('network', size=1); raise ValueError('half-way')", done(plan(CHAIN)))


@pytest.mark.parametrize(
    ("body", "why"),
    [("pulumi.CustomResource('t:m:Disk', 'd', {'image': 'new'})", "replaced"), ("", "no longer registered")],
)
def test_repair_that_would_lose_data_is_refused(body: str, why: str) -> None:
    states = done(plan("pulumi.CustomResource('t:m:Disk', 'd', {'image': 'old'})"))
    with pytest.raises(Refused, match="bears data"):
        plan(body, states, purpose=Purpose.REPAIR)
    changed = plan(body, states)
    assert step(changed, "d").data_bearing, why


def test_repair_of_a_lost_disk_is_refused() -> None:
    body = "pulumi.CustomResource('t:m:Disk', 'd', {'image': 'old'})"
    states = [replace(one, missing=one.type == "t:m:Disk") for one in done(plan(body))]
    with pytest.raises(Refused, match="lost with its data"):
        plan(body, states, purpose=Purpose.REPAIR)
    assert step(plan(body, states), "d").op is Op.CREATE


def test_repair_leaves_old_disks_to_a_person() -> None:
    body = "pulumi.CustomResource('t:m:Disk', 'd', {'image': 'old'})"
    states = done(plan(body))
    leftover = replace(states[-1], generation=1, pending_delete=True)
    with_leftover = [*states[:-1], replace(states[-1], generation=2), leftover]
    assert plan(body, with_leftover, purpose=Purpose.REPAIR).is_empty
    assert [one.op for one in plan(body, with_leftover).operations][-1] is Op.DELETE


@pytest.mark.parametrize("body", ["", "Thing('a', of='new')"])
def test_protected_resource_is_neither_deleted_nor_replaced(body: str) -> None:
    states = [replace(one, protect=one.urn.endswith("::a")) for one in done(plan("Thing('a', of='old')"))]
    with pytest.raises(Refused, match="but is protected"):
        plan(body, states)


def test_retained_resource_leaves_the_state_alone() -> None:
    states = [replace(one, retain_on_delete=one.urn.endswith("::a")) for one in done(plan("Thing('a')"))]
    assert step(plan("", states), "a").retain


# Foretelling, registration by registration.


def foretold(registration: Registration, *states: ResourceState) -> Registered:
    return Preview(states, PROVIDER, Purpose.APPLY, Lookup(PROVIDER, ""), "seed").register(registration)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("registration", "states", "id_", "outputs", "why"),
    [
        (registered("a", size=1), [], UNKNOWN, {"size": 1}, "a new one is known by its inputs alone"),
        (registered("a", size=1), [made("a", size=1)], "id-a", {"size": 1, "made": True}, "an old one by its outputs"),
        (registered("a", size=2), [made("a", size=1)], "id-a", {"size": 2, "made": True}, "updated: new inputs"),
        (registered("a", of=2), [made("a", of=1)], UNKNOWN, {"of": 2}, "replaced: a new one"),
        (registered("a", size=1), [replace(made("a", size=1), missing=True)], UNKNOWN, {"size": 1}, "it is gone"),
        (replace(registered("a", "c:c:C", x=1), custom=False), [], "", {"x": 1}, "a component has no id"),
    ],
)
def test_foretold(
    registration: Registration, states: list[ResourceState], id_: object, outputs: PropertyMap, why: str
) -> None:
    assert foretold(registration, *states) == Registered(id_, outputs), why


class Applied(Notes):
    """A registrar that asks of every registration, made with real values, whether the approved plan allows it."""

    def __init__(self, approved: Plan) -> None:
        super().__init__(act=self._ask)
        self.objections: dict[str, str] = {}
        self._approved = approved.by_urn

    def _ask(self, registration: Registration) -> None:
        kind: Any = PROVIDER.kind(registration.type) if registration.custom else None
        assessment = assess(registration, None, kind)
        reason = objection(self._approved.get(registration.urn), assessment)
        if reason is not None:
            self.objections[registration.name] = reason


def applied(body: str, approved: Plan) -> dict[str, str]:
    """The objections of the approved plan to what the program registers when it is run with real values."""
    registrar = Applied(approved)
    run(body, registrar, stack="s")
    return registrar.objections


def test_what_was_planned_is_allowed_when_it_is_done() -> None:
    assert applied(CHAIN, plan(CHAIN)) == {}


def test_what_was_not_planned_is_objected_to() -> None:
    assert applied(CHAIN.replace("size=5", "size=6"), plan(CHAIN)) == {
        "disk": "its inputs are not those of the plan: size"
    }
    assert applied(CHAIN + "Thing('more')", plan(CHAIN)) == {"more": "the plan does not name it"}


def test_program_that_says_something_else_each_time_is_caught() -> None:
    body = "import uuid\nThing('a', label=str(uuid.uuid4()))"
    assert applied(body, plan(body)) == {"a": "its inputs are not those of the plan: label"}
