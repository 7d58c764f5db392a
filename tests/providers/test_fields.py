"""Inputs are checked whole, and nothing of them is dropped."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.properties import UNKNOWN, Secret
from controller.engine.provider import Change
from controller.providers.fields import (
    Field,
    changes_of_seen,
    changes_of_unseen,
    check,
    desired,
    from_api,
    snake_case,
    to_api,
    unordered,
)

FIELDS = (
    Field("name", required=True, longest=8),
    Field("adminStateUp", type=bool, default=True),
    Field("size", type=int, replaces=True),
    Field("mode", choices=("a", "b")),
    Field("tags", type=list, default=[], normal=unordered),
    Field("pools", type=list, members={"firstIp": "first_ip"}, normal=unordered),
    Field("persistence", type=dict, members={"cookieName": "cookie_name"}),
    Field("userData", observed=False, replaces=True),
    Field("keepers", type=dict, observed=False),
)


SHOWN = "is secret, or holds what is, but the cloud shows it to everyone who may list: it must not be"


def failures(**inputs: Any) -> list[tuple[str, str]]:
    return [(failure.path, failure.reason) for failure in check(FIELDS, inputs, {}).failures]


def test_defaults_are_filled_in_and_whole_numbers_made_int() -> None:
    checked = check(FIELDS, {"name": "n", "size": 40.0, "mode": None}, {})
    assert checked.inputs == {"name": "n", "size": 40, "adminStateUp": True, "tags": []}
    assert isinstance(checked.inputs["size"], int)
    assert not checked.failures


def test_every_failure_is_named_at_once() -> None:
    assert failures(colour="red", size="big", mode="c", adminStateUp=1) == [
        ("colour", f"is no input of this resource (known: {', '.join(sorted(row.name for row in FIELDS))})"),
        ("size", "must be a whole number"),
        ("mode", "must be one of a, b, not 'c'"),
        ("adminStateUp", "must be true or false"),
        ("name", "is required"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("name", "123456789", "is longer than 8 characters"),
        ("size", 1.5, "must be a whole number"),
        ("size", True, "must be a whole number"),
        ("tags", "one", "must be a list"),
        ("pools", ["one"], "must hold objects"),
        ("pools", [{"last": 1}], "has no member last (known: firstIp)"),
        ("persistence", {"kind": 1}, "has no member kind (known: cookieName)"),
        ("tags", Secret(["x"]), SHOWN),
        ("tags", ["plain", Secret("x")], SHOWN),
        ("persistence", {"cookieName": Secret(UNKNOWN)}, SHOWN),
        ("pools", [{"firstIp": Secret("x")}], SHOWN),
    ],
)
def test_a_malformed_value_is_named(name: str, value: Any, reason: str) -> None:
    assert (name, reason) in failures(**{"name": "n", name: value})


@pytest.mark.parametrize("row", FIELDS, ids=lambda row: row.name)
def test_what_is_not_known_yet_passes(row: Field) -> None:
    assert not failures(**{"name": "n", row.name: UNKNOWN})


def test_a_secret_may_stand_where_the_cloud_does_not_show_it() -> None:
    assert not failures(name="n", userData=Secret("token"))
    assert "token" not in str(check(FIELDS, {"name": "n", "userData": Secret(7)}, {}).failures)


def test_what_holds_a_secret_is_secret_as_a_whole() -> None:
    checked = check(FIELDS, {"name": "n", "keepers": {"a": 1.0, "b": [Secret("token")]}}, {})
    assert not checked.failures
    assert checked.inputs["keepers"] == Secret({"a": 1, "b": ["token"]})


def test_only_what_is_asked_for_or_has_a_default_is_managed() -> None:
    assert desired(FIELDS, {"name": "n"}) == {"name": "n", "adminStateUp": True, "tags": []}
    assert desired(FIELDS, {"name": "n", "size": 3, "userData": "x"})["size"] == 3
    assert desired(FIELDS, {"name": UNKNOWN})["name"] is UNKNOWN


def test_names_and_members_are_those_of_the_api_and_back() -> None:
    inputs = {"name": "n", "pools": [{"firstIp": "b"}, {"firstIp": "a"}], "persistence": {"cookieName": "c"}}
    body = to_api(FIELDS, inputs)
    assert body["pools"] == [{"first_ip": "b"}, {"first_ip": "a"}]
    assert body["persistence"] == {"cookie_name": "c"}
    assert from_api(FIELDS, body)["pools"] == [{"firstIp": "a"}, {"firstIp": "b"}]


@given(st.lists(st.text()))
def test_order_means_nothing_where_it_means_nothing(tags: list[str]) -> None:
    one, other = ({"name": "n", "tags": order} for order in (tags, tags[::-1]))
    assert desired(FIELDS, one) == desired(FIELDS, other)


def test_a_body_shows_only_what_it_holds() -> None:
    assert from_api(FIELDS, {"name": "n", "user_data": "x", "tags": None}) == {"name": "n", "tags": []}


def test_an_unknown_value_of_what_replaces_counts_as_a_replace() -> None:
    changes = changes_of_seen({"size": 3}, {"size": UNKNOWN}, frozenset({"size"}))
    assert changes == {"size": Change(3, UNKNOWN, replaces=True)}


def test_an_input_that_the_cloud_does_not_show_is_compared_with_the_last_one() -> None:
    same, other = Secret("a"), Secret("b")
    assert not changes_of_unseen(FIELDS, {"userData": same}, {"userData": Secret("a")})
    changes = changes_of_unseen(FIELDS, {"userData": same}, {"userData": other})
    assert changes == {"userData": Change(same, other, replaces=True)}


@pytest.mark.parametrize(("wire", "api"), [("adminStateUp", "admin_state_up"), ("mtu", "mtu")])
def test_names_of_the_api_are_those_of_the_wire_in_snake_case(wire: str, api: str) -> None:
    assert snake_case(wire) == api
