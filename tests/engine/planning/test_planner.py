"""What is decided, in what order things go, and what an approved plan allows. Every row carries its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.errors import Refused
from controller.engine.plan import Op, Purpose
from controller.engine.planning import planner
from controller.engine.planning.planner import Assessment, Decision
from controller.engine.properties import UNKNOWN, Secret
from controller.engine.provider import Change, Diff
from controller.engine.registration import Registration
from controller.engine.state import ResourceState
from tests.engine.kinds import PureKind, made, planned, registered, urn, with_options
from tests.engine.values import known_values, properties

KIND = PureKind("t:m:Thing", replace_on=frozenset({"network"}))


def decided(registration: Registration, prior: ResourceState | None, kind: PureKind = KIND) -> Decision:
    return planner.assess(registration, prior, kind).decision  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("inputs", "prior", "op", "why"),
    [
        ({"size": 1}, None, Op.CREATE, "there is none"),
        ({"size": 1}, made("a", size=1), Op.SAME, "nothing differs"),
        ({"size": 2}, made("a", size=1), Op.UPDATE, "it can be changed in place"),
        ({"network": "n2"}, made("a", network="n1"), Op.REPLACE, "the property replaces"),
        ({"network": UNKNOWN}, made("a", network="n1"), Op.REPLACE, "an unknown value of it counts as replace"),
        ({"size": UNKNOWN}, made("a", size=1), Op.UPDATE, "an unknown value may differ"),
        ({"size": 1}, replace(made("a", size=1), observed={"size": 5}), Op.UPDATE, "somebody changed it by hand"),
        ({"size": 1}, replace(made("a", size=1), missing=True), Op.CREATE, "it is gone: a new generation"),
        ({"network": "n2"}, replace(made("a", network="n1"), missing=True), Op.CREATE, "what is gone is not replaced"),
        ({"size": 1}, replace(made("a", size=1), unsettled="BUILD"), Op.REFRESH, "nobody knows yet what became of it"),
        ({"size": 2}, replace(made("a", size=1), unsettled="BUILD"), Op.UPDATE, "a change is stronger than a look"),
        ({}, made("a", size=1), Op.UPDATE, "a property taken out of the program differs"),
    ],
)
def test_decision(inputs: dict[str, Any], prior: ResourceState | None, op: Op, why: str) -> None:
    assert decided(registered("a", **inputs), prior).op is op, why


@pytest.mark.parametrize(
    ("options", "inputs", "op", "why"),
    [
        ({"ignore_changes": ("size",)}, {"size": 2}, Op.SAME, "the change is ignored"),
        ({"ignore_changes": ("*",)}, {"size": 2, "network": "n2"}, Op.SAME, "every change is ignored"),
        ({"ignore_changes": ("size",)}, {"size": 2, "network": "n2"}, Op.REPLACE, "another change is not ignored"),
        ({"ignore_changes": ("network",)}, {"network": UNKNOWN}, Op.SAME, "even an unknown is ignored"),
        ({"replace_on_changes": ("size",)}, {"size": 2}, Op.REPLACE, "the option makes it replace"),
        ({"replace_on_changes": ("*",)}, {"size": 2}, Op.REPLACE, "any change replaces"),
        ({"replace_on_changes": ("size",)}, {}, Op.SAME, "nothing differs, so nothing replaces"),
        ({"protect": True}, {"network": "n2"}, Op.REPLACE, "protection begins once it is applied"),
        ({"import_id": "id-a"}, {"size": 2}, Op.UPDATE, "what is in state needs no adoption"),
    ],
)
def test_options(options: dict[str, Any], inputs: dict[str, Any], op: Op, why: str) -> None:
    prior = made("a", size=1, network="n1")
    registration = with_options(registered("a", **{**prior.inputs, **inputs}), **options)
    assert decided(registration, prior).op is op, why


def test_ignored_drift_is_ignored_too() -> None:
    """It is let be, and known as it is from then on, so that no scan finds it anew."""
    prior = replace(made("a", size=1), observed={"size": 5})
    registration = with_options(registered("a", size=1), ignore_changes=("size",))
    assessment = planner.assess(registration, prior, KIND)  # type: ignore[arg-type]
    assert (assessment.decision.op, assessment.inputs["size"]) == (Op.REFRESH, 5)
    known = replace(prior, inputs=assessment.inputs)
    assert planner.assess(registration, known, KIND).decision.op is Op.SAME  # type: ignore[arg-type]


def test_what_is_broken_is_unprotected_first_and_replaced_then() -> None:
    prior = replace(made("a", size=1), protect=True, broken=True, unsettled="it is in ERROR")
    assert decided(registered("a", size=1), prior).op is Op.SAME
    assert decided(registered("a", size=1), replace(prior, protect=False)).op is Op.REPLACE
    with pytest.raises(Refused, match="protected"):
        decided(with_options(registered("a", size=1), protect=True), prior)


def test_ignored_inputs_are_those_applied_last() -> None:
    registration = with_options(registered("a", size=2, name="new"), ignore_changes=("size",))
    assessment = planner.assess(registration, made("a", size=1, name="old"), KIND)  # type: ignore[arg-type]
    assert assessment.inputs == {"size": 1, "name": "new"}


def test_ignoring_does_nothing_to_a_new_resource() -> None:
    registration = with_options(registered("a", size=2), ignore_changes=("size",))
    assert planner.assess(registration, None, KIND).inputs == {"size": 2}  # type: ignore[arg-type]


def test_existing_resource_is_adopted_by_its_id() -> None:
    assert decided(with_options(registered("a"), import_id="42"), None).op is Op.IMPORT


@pytest.mark.parametrize(
    ("option", "of_kind", "early"),
    [(None, False, False), (None, True, True), (True, False, True), (False, True, False), (False, False, False)],
)
def test_old_one_goes_first_where_option_or_kind_says_so(option: bool | None, of_kind: bool, early: bool) -> None:
    """The option is stronger than the kind; where that cannot be, it is refused (test_options)."""
    kind = replace(KIND, delete_before_replace=of_kind)
    registration = with_options(registered("a", network="n2"), delete_before_replace=option)
    assert decided(registration, made("a", network="n1"), kind).delete_before_replace is early


def test_every_refused_input_is_named() -> None:
    kind = replace(KIND, refused=frozenset({"colour", "shape"}))
    with pytest.raises(Refused, match=r"colour: .*; shape: ") as refusal:
        decided(registered("a", colour="red", shape="round"), None, kind)
    assert refusal.value.where == urn("a")


def test_protected_resource_is_not_replaced() -> None:
    prior = replace(made("a", network="n1"), protect=True)
    with pytest.raises(Refused, match=r"replaced because of network, but is protected"):
        decided(registered("a", network="n2"), prior)


def test_component_is_compared_by_its_inputs() -> None:
    component = replace(registered("a", "my:Component", x=1), custom=False)
    prior = replace(made("a", "my:Component", x=1), custom=False)
    assert planner.assess(component, None, None).decision.op is Op.CREATE
    assert planner.assess(component, prior, None).decision.op is Op.SAME
    assert planner.assess(replace(component, inputs={"x": 2}), prior, None).decision.op is Op.UPDATE


# What an approved plan allows.


@pytest.mark.parametrize(
    ("approved", "becomes", "allowed", "why"),
    [
        (Op.REPLACE, Op.REPLACE, True, "as approved"),
        (Op.REPLACE, Op.CREATE, True, "the old one went before the crash"),
        (Op.REPLACE, Op.UPDATE, True, "weaker"),
        (Op.REPLACE, Op.SAME, True, "the unknown turned out equal"),
        (Op.UPDATE, Op.SAME, True, "the unknown turned out equal"),
        (Op.UPDATE, Op.REPLACE, False, "stronger"),
        (Op.UPDATE, Op.CREATE, False, "it is gone, which nobody saw"),
        (Op.SAME, Op.UPDATE, False, "stronger"),
        (Op.SAME, Op.REPLACE, False, "stronger"),
        (Op.SAME, Op.CREATE, False, "stronger"),
        (Op.CREATE, Op.SAME, True, "made before the crash"),
        (Op.CREATE, Op.UPDATE, True, "made before the crash, and seen differing"),
        (Op.CREATE, Op.REPLACE, False, "it would remove something"),
        (Op.DELETE, Op.SAME, False, "the program registers it again"),
        (Op.IMPORT, Op.CREATE, False, "a second one"),
        (Op.IMPORT, Op.SAME, True, "adopted before the crash"),
    ],
)
def test_operation_may_weaken_and_never_strengthen(approved: Op, becomes: Op, allowed: bool, why: str) -> None:
    objection = planner.objection(planned("a", approved, size=1), Assessment({"size": 1}, Decision(becomes)))
    assert (objection is None) is allowed, why


@given(st.sampled_from(Op), st.sampled_from(Op), st.sampled_from(Op))
def test_weakening_twice_is_weakening(first: Op, second: Op, third: Op) -> None:
    if second in planner.MAY_BECOME[first] and third in planner.MAY_BECOME[second]:
        assert third in planner.MAY_BECOME[first]


@given(st.sampled_from(Op))
def test_every_operation_may_stay_what_it_is(op: Op) -> None:
    assert op in planner.MAY_BECOME[op]


def test_nothing_else_may_come_to_delete() -> None:
    assert {op for op in Op if Op.DELETE in planner.MAY_BECOME[op]} == {Op.DELETE}


def test_what_the_plan_does_not_name_is_not_done() -> None:
    assert planner.objection(None, Assessment({}, Decision(Op.SAME))) == "the plan does not name it"


def test_going_first_is_not_allowed_where_it_was_not_approved() -> None:
    early = Assessment({}, Decision(Op.REPLACE, delete_before_replace=True))
    assert "deleted first" in str(planner.objection(planned("a", Op.REPLACE), early))
    approved = replace(planned("a", Op.REPLACE), delete_before_replace=True)
    assert planner.objection(approved, early) is None


def test_objection_says_because_of_what() -> None:
    decision = Decision(Op.REPLACE, {"network": Change("n1", "n2", replaces=True)})
    assert planner.objection(planned("a", Op.UPDATE), Assessment({}, decision)) == (
        "the plan says update, but it would now be replace (because of network)"
    )


@pytest.mark.parametrize(
    ("approved", "actual", "allowed", "why"),
    [
        ({"a": 1}, {"a": 1}, True, "equal"),
        ({"a": 1}, {"a": 2}, False, "a known input differs"),
        ({"a": UNKNOWN}, {"a": 2}, True, "an unknown is filled"),
        ({"a": UNKNOWN}, {}, True, "an unknown may turn out to be nothing"),
        ({}, {"a": 1}, False, "an input more than approved"),
        ({"a": 1}, {}, False, "an input fewer than approved"),
        ({"a": None}, {}, True, "nothing is nothing"),
        ({"a": [1, UNKNOWN]}, {"a": [1, 2]}, True, "an unknown within a list"),
        ({"a": [UNKNOWN]}, {"a": [1, 2]}, False, "one item more than approved"),
        ({"a": {"x": UNKNOWN, "y": 1}}, {"a": {"x": 5, "y": 1}}, True, "an unknown within a map"),
        ({"a": {"x": 1}}, {"a": {"x": 1, "y": 1}}, False, "a key more than approved"),
        ({"a": Secret("s")}, {"a": Secret("s")}, True, "the same secret"),
        ({"a": Secret("s")}, {"a": Secret("t")}, False, "another secret"),
        ({"a": Secret("s")}, {"a": "s"}, False, "a secret that would be shown"),
        ({"a": Secret(UNKNOWN)}, {"a": Secret("t")}, True, "an unknown secret is filled"),
        ({"a": True}, {"a": 1}, False, "a truth is no number"),
        ({"a": "1"}, {"a": 1}, False, "a text is no number"),
    ],
)
def test_known_inputs_are_as_approved(
    approved: dict[str, Any], actual: dict[str, Any], allowed: bool, why: str
) -> None:
    objection = planner.objection(planned("x", Op.CREATE, **approved), Assessment(actual, Decision(Op.CREATE)))
    assert (objection is None) is allowed, why
    assert objection is None or "a" in objection


@given(properties)
def test_values_fill_themselves(value: dict[str, Any]) -> None:
    assert planner.fills(value, value)


@given(approved=known_values, actual=known_values)
def test_only_equal_values_fill_what_is_known(approved: Any, actual: Any) -> None:
    if planner.fills(approved, actual):
        assert _without_nothing(approved) == _without_nothing(actual)


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nothing(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return Secret(_without_nothing(value.value)) if isinstance(value, Secret) else value


# What bears data, and repairs.


@pytest.mark.parametrize("op", [Op.REPLACE, Op.DELETE])
def test_repair_never_takes_what_bears_data(op: Op) -> None:
    with pytest.raises(Refused, match="bears data") as refusal:
        planner.refuse_in_repair(Purpose.REPAIR, op, urn("disk"), data_bearing=True)
    assert refusal.value.where == urn("disk")
    planner.refuse_in_repair(Purpose.REPAIR, op, urn("rule"), data_bearing=False)
    planner.refuse_in_repair(Purpose.APPLY, op, urn("disk"), data_bearing=True)


def test_repair_puts_nothing_empty_in_the_place_of_lost_data() -> None:
    with pytest.raises(Refused, match="lost with its data"):
        planner.refuse_in_repair(Purpose.REPAIR, Op.CREATE, urn("disk"), data_bearing=True, lost=True)
    planner.refuse_in_repair(Purpose.REPAIR, Op.CREATE, urn("disk"), data_bearing=True)
    planner.refuse_in_repair(Purpose.REPAIR, Op.CREATE, urn("rule"), data_bearing=False, lost=True)
    planner.refuse_in_repair(Purpose.APPLY, Op.CREATE, urn("disk"), data_bearing=True, lost=True)


@given(st.sampled_from(Op), st.booleans())
def test_a_person_decides_about_losing_data(op: Op, data_bearing: bool) -> None:
    assert planner.needs_decision(op, data_bearing=data_bearing) is (data_bearing and op in {Op.REPLACE, Op.DELETE})


def test_deciding_needs_no_kind() -> None:
    """`decide` is a function of values: the diff may come from anywhere."""
    diff = Diff({"size": Change(1, 2)})
    assert planner.decide(registered("a"), made("a"), diff, replace_on=()).op is Op.UPDATE
    assert planner.decide(registered("a"), made("a"), diff, replace_on={"size"}).op is Op.UPDATE
    unknown = Diff({"size": Change(1, UNKNOWN)})
    assert planner.decide(registered("a"), made("a"), unknown, replace_on={"size"}).op is Op.REPLACE
