"""Each kind against the SDK's class of its token: a program written for Pulumi means the same here, or is refused."""

from __future__ import annotations

import pytest

from controller.providers.openstack.shape import Shape
from controller.providers.openstack.unsupported import unsupported_inputs
from controller.providers.registry import KINDS
from tests.providers.otherwise import DEFAULTS, NAMED, REPLACES, REQUIRED, differing
from tests.providers.sdk import sdk_resource

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.token.rpartition(":")[2])


@each_kind
def test_every_input_of_the_sdk_is_offered_or_refused_with_a_reason(kind: Shape) -> None:
    offered, refused = {row.name for row in kind.fields}, unsupported_inputs(kind.token)
    assert offered | refused.keys() == sdk_resource(kind.token).inputs.keys()
    assert not offered & refused.keys()
    assert all(refused.values())


@each_kind
def test_what_is_required_is_what_the_sdk_requires(kind: Shape) -> None:
    said = sdk_resource(kind.token).inputs
    required = {row.name for row in kind.fields if row.required}
    assert {name for name, one in said.items() if one.required} <= required
    assert {name for name in required - NAMED if not said[name].required} == differing(REQUIRED, kind)


@each_kind
def test_what_replaces_is_what_the_sdk_says(kind: Shape) -> None:
    said = sdk_resource(kind.token).inputs
    assert {row.name for row in kind.fields if said[row.name].replaces != row.replaces} == differing(REPLACES, kind)
    assert kind.replace_on == {row.name for row in kind.fields if row.replaces}


@each_kind
def test_types_are_those_of_the_sdk(kind: Shape) -> None:
    said = sdk_resource(kind.token).inputs
    rows = [row for row in (*kind.fields, *kind.shows) if row.name in said]
    assert [row.name for row in rows if row.type is not said[row.name].type] == []


@each_kind
def test_defaults_are_those_that_the_sdk_names(kind: Shape) -> None:
    said = sdk_resource(kind.token).inputs
    named = [row for row in kind.fields if said[row.name].default]
    assert {row.name for row in named if str(row.default).lower() != said[row.name].default.lower()} == differing(
        DEFAULTS, kind
    )


@each_kind
def test_what_is_shown_is_an_output_of_the_sdk(kind: Shape) -> None:
    assert {row.name for row in kind.shows} <= sdk_resource(kind.token).outputs


@each_kind
def test_an_input_that_only_the_sdk_knows_is_refused_with_the_reason(kind: Shape) -> None:
    for name, reason in unsupported_inputs(kind.token).items():
        failures = {failure.path: failure.reason for failure in kind.check({name: "x"}).failures}
        assert failures[name] == f"is not supported: {reason}"


@each_kind
def test_an_input_that_nobody_knows_is_refused_by_name(kind: Shape) -> None:
    failures = {failure.path: failure.reason for failure in kind.check({"colour": "red"}).failures}
    assert failures["colour"].startswith("is no input of this resource")
