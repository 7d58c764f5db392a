"""The digest stands for everything in a plan and for no secret; the stored document gives the same plan back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.errors import Failed
from controller.engine.plan import Op, Operation, Plan, Purpose
from controller.engine.properties import UNKNOWN, Secret
from controller.engine.provider import Change
from controller.store.vault import Vault
from tests.engine.values import properties, values

KEY = b"key"
VAULT = Vault(Fernet.generate_key())

OPERATION = Operation(
    urn="urn:a",
    type="t:m:Thing",
    op=Op.UPDATE,
    inputs={"size": 2, "of": UNKNOWN, "word": Secret("open sesame")},
    parent="urn:root",
    generation=1,
    diff={"size": Change(1, 2)},
    observed_version="v1",
    waits_for={"of": ["urn:b"]},
)
PLAN = Plan(
    "s", Purpose.APPLY, "spec", "program", [OPERATION, replace(OPERATION, urn="urn:b")], "seed", {"f": "result"}
)


def with_operation(**changes: Any) -> Plan:
    return replace(PLAN, operations=[replace(OPERATION, **changes), PLAN.operations[1]])


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (replace(PLAN, stack="t"), "the stack"),
        (replace(PLAN, purpose=Purpose.REPAIR), "the purpose"),
        (replace(PLAN, spec_digest="other"), "the specification"),
        (replace(PLAN, program_version="other"), "the program"),
        (replace(PLAN, autoname_seed="other"), "the seed"),
        (replace(PLAN, invokes={"f": Secret({"asked": "other"})}), "what an invoke answered"),
        (replace(PLAN, operations=[OPERATION]), "an operation fewer"),
        (replace(PLAN, operations=PLAN.operations[::-1]), "the order"),
        (with_operation(urn="urn:x"), "which resource"),
        (with_operation(type="t:m:Other"), "its type"),
        (with_operation(op=Op.REPLACE), "what is done"),
        (with_operation(inputs={**OPERATION.inputs, "size": 3}), "an input"),
        (with_operation(inputs={**OPERATION.inputs, "word": Secret("other")}), "a secret"),
        (with_operation(inputs={**OPERATION.inputs, "word": "open sesame"}), "whether it is secret"),
        (with_operation(inputs={**OPERATION.inputs, "of": None}), "an unknown"),
        (with_operation(inputs={**OPERATION.inputs, "of": Secret(UNKNOWN)}), "a secret unknown"),
        (with_operation(generation=2), "the generation"),
        (with_operation(diff={"size": Change(0, 2)}), "what it was"),
        (with_operation(diff={"size": Change(1, 2, replaces=True)}), "whether that replaces"),
        (with_operation(observed_version="v2"), "what was observed"),
        (with_operation(delete_before_replace=True), "what goes first"),
        (with_operation(data_bearing=True), "whether it bears data"),
        (with_operation(retain=True), "whether it stays in the cloud"),
        (with_operation(waits_for={"of": ["urn:c"]}), "what is waited for"),
    ],
)
def test_digest_stands_for(other: Plan, what: str) -> None:
    assert other.digest(KEY) != PLAN.digest(KEY), what


def test_digest_is_that_of_equal_plans_and_of_one_key() -> None:
    assert replace(PLAN).digest(KEY) == PLAN.digest(KEY)
    assert PLAN.digest(b"another home's") != PLAN.digest(KEY), "a secret cannot be guessed from its digest"


@given(one=values, other=values)
def test_digests_differ_where_values_differ(one: Any, other: Any) -> None:
    digests = [with_operation(inputs={"value": value}).digest(KEY) for value in (one, other)]
    assert (digests[0] == digests[1]) is (_typed(one) == _typed(other))


@given(properties, st.dictionaries(st.text(max_size=4), st.builds(Change, values, values, st.booleans()), max_size=2))
def test_document_gives_the_plan_back(inputs: dict[str, Any], diff: dict[str, Change]) -> None:
    plan = with_operation(inputs=inputs, diff=diff)
    stored = json.loads(json.dumps(plan.to_document(VAULT)))
    again = Plan.from_document(stored, VAULT)
    assert again == plan
    assert again.digest(KEY) == plan.digest(KEY)


def test_no_secret_stands_in_the_document() -> None:
    plan = with_operation(
        inputs={"deep": [{"word": Secret({"is": "open sesame"})}]}, diff={"word": Change(Secret("old word"), UNKNOWN)}
    )
    stored = json.dumps(plan.to_document(VAULT))
    assert "open sesame" not in stored
    assert "old word" not in stored
    assert "open sesame" not in repr(plan)


def test_document_is_of_no_use_without_its_key() -> None:
    with pytest.raises(Failed, match="cannot be opened"):
        Plan.from_document(PLAN.to_document(VAULT), Vault(Fernet.generate_key()))


@pytest.mark.parametrize(
    ("ops", "empty"),
    [([], True), ([Op.SAME, Op.SAME], True), ([Op.SAME, Op.REFRESH], False), ([Op.DELETE], False)],
)
def test_empty_plan_does_nothing(ops: list[Op], empty: bool) -> None:
    plan = replace(PLAN, operations=[replace(OPERATION, op=op) for op in ops])
    assert plan.is_empty is empty


def _typed(value: Any) -> Any:
    """`value` such that a truth is no number and an absent secret no value."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, Secret):
        return ("secret", _typed(value.value))
    return (type(value), value)
