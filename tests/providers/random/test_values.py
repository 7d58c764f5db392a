"""What each kind of pulumi-random draws, takes over by import, refuses, and shows."""

from __future__ import annotations

import base64
import string
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.errors import Refused
from controller.engine.properties import UNKNOWN, PropertyMap, Secret, revealed
from controller.engine.provider import Kind, Observation
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import RANDOM_KINDS, Registry
from tests.providers.sdk import sdk_resource

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "RandomBytes": {"length": 12},
    "RandomId": {"byteLength": 5, "prefix": "web-"},
    "RandomInteger": {"min": 3, "max": 9},
    "RandomPassword": {"length": 16},
    "RandomPet": {"prefix": "the"},
    "RandomShuffle": {"inputs": ["a", "b", "c"]},
    "RandomString": {"length": 16},
    "RandomUuid": {},
    "RandomUuid4": {},
    "RandomUuid7": {},
}
each_kind = pytest.mark.parametrize("name", EXAMPLES)


@dataclass(frozen=True)
class Held:
    id: str
    inputs: PropertyMap
    outputs: PropertyMap


def kind(name: str, held: Held | None = None) -> Kind:
    token = f"random:index/{name[0].lower()}{name[1:]}:{name}"
    return Registry(ProviderSettings()).kind(token, held)


def draw(name: str, **inputs: Any) -> Observation:
    checked = kind(name).check(inputs)
    assert not checked.failures
    return kind(name).create(None, checked.inputs, "yg-")


def test_there_is_an_example_of_every_kind() -> None:
    assert {one.token.rpartition(":")[2] for one in RANDOM_KINDS} == EXAMPLES.keys()


@each_kind
def test_inputs_and_outputs_are_those_of_the_sdk(name: str) -> None:
    sdk = sdk_resource(kind(name).token)
    [its] = [one for one in RANDOM_KINDS if one.token == kind(name).token]
    assert {row.name: row.type for row in its.fields} == {key: one.type for key, one in sdk.inputs.items()}
    assert {row.name for row in its.fields if row.required} == {key for key, one in sdk.inputs.items() if one.required}
    assert its.replace_on == sdk.inputs.keys()
    everything = {**EXAMPLES[name], "keepers": {"a": "1"}, "seed": "s", "resultCount": 2, "overrideSpecial": "_"}
    made = draw(name, **{key: value for key, value in everything.items() if key in sdk.inputs})
    assert sdk.outputs == made.outputs.keys()
    assert sdk.secret_outputs == {key for key, value in made.outputs.items() if isinstance(value, Secret)}


@each_kind
def test_two_differ_and_one_stays_as_it_was_drawn(name: str) -> None:
    inputs = {**EXAMPLES[name], "keepers": {"version": "1"}}
    if name in ("RandomInteger", "RandomShuffle"):
        inputs |= {"max": 10**15} if name == "RandomInteger" else {"inputs": [str(number) for number in range(99)]}
    if name == "RandomPet":
        inputs |= {"length": 8}
    made, other = draw(name, **inputs), draw(name, **inputs)
    assert (made.id, revealed(made.outputs)) != (other.id, revealed(other.outputs))
    checked = kind(name).check(inputs).inputs
    held = Held(made.id, checked, made.outputs)
    again = kind(name, held).read(None, made.id, checked)
    assert again is not None
    assert (again.id, again.outputs, again.version) == (made.id, made.outputs, made.version)
    assert kind(name, held).update(None, made.id, checked, {}) == again
    assert not kind(name).diff(checked, made.fields, checked).changes
    assert not kind(name).find(None, "yg-", checked)
    kind(name, held).delete(None, made.id, checked)


@each_kind
def test_another_keeper_or_one_that_is_unknown_draws_anew(name: str) -> None:
    prior = kind(name).check({**EXAMPLES[name], "keepers": {"version": "1"}}).inputs
    for keepers in ({"version": "2"}, {"version": UNKNOWN}, UNKNOWN, None):
        wanted = kind(name).check({**prior, "keepers": keepers})
        assert not wanted.failures
        assert kind(name).diff(prior, {}, wanted.inputs).replaces


@each_kind
def test_unknown_inputs_pass_the_check(name: str) -> None:
    assert not kind(name).check(dict.fromkeys(EXAMPLES[name], UNKNOWN)).failures


@each_kind
def test_secret_keepers_are_taken_and_not_managed(name: str) -> None:
    made = draw(name, **EXAMPLES[name], keepers=Secret({"token": "hush"}))
    assert "hush" not in str(made.fields)


@given(
    length=st.integers(1, 60),
    least=st.lists(st.integers(0, 9), min_size=4, max_size=4),
    allowed=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_a_string_has_its_length_and_of_each_class_what_it_must(
    length: int, least: list[int], allowed: list[bool]
) -> None:
    inputs: dict[str, Any] = {"length": length, "overrideSpecial": "_%"}
    inputs |= dict(zip(("minLower", "minUpper", "minNumeric", "minSpecial"), least, strict=True))
    inputs |= dict(zip(("lower", "upper", "numeric", "special"), allowed, strict=True))
    if sum(least) > length or not any(allowed):
        assert kind("RandomString").check(inputs).failures
        return
    result = draw("RandomString", **inputs).outputs["result"]
    assert len(result) == length
    for characters, at_least, may in zip(
        (string.ascii_lowercase, string.ascii_uppercase, string.digits, "_%"), least, allowed, strict=True
    ):
        count = sum(character in characters for character in result)
        assert count >= at_least
        assert may or count == at_least


def test_a_password_is_hashed_and_secret_and_its_id_says_nothing() -> None:
    made = draw("RandomPassword", length=90)
    plain = revealed(made.outputs)
    assert made.id == "none"
    assert plain["result"] not in str(made)
    assert bcrypt.checkpw(plain["result"].encode()[:72], plain["bcryptHash"].encode())


def test_number_is_the_old_name_of_numeric() -> None:
    made = draw("RandomString", length=30, number=False)
    assert (made.outputs["number"], made.outputs["numeric"]) == (False, False)
    assert not any(character.isdigit() for character in made.outputs["result"])
    [failure] = kind("RandomString").check({"length": 3, "number": False, "numeric": True}).failures
    assert failure.path == "number"


def test_the_forms_of_an_id_are_of_the_same_bytes_with_the_prefix_before() -> None:
    made = draw("RandomId", byteLength=6, prefix="web-")
    octets = base64.urlsafe_b64decode(made.id)
    assert made.outputs["b64Url"] == f"web-{made.id}"
    assert made.outputs["b64Std"] == f"web-{base64.b64encode(octets).decode()}"
    assert made.outputs["hex"] == f"web-{octets.hex()}"
    assert made.outputs["dec"] == f"web-{int(octets.hex(), 16)}"


@given(st.integers(-50, 50), st.integers(0, 50), st.text(max_size=5))
def test_an_integer_lies_in_its_range_and_follows_from_its_seed(least: int, span: int, seed: str) -> None:
    inputs = {"min": least, "max": least + span, "seed": seed}
    made = draw("RandomInteger", **inputs)
    assert least <= made.outputs["result"] <= least + span
    assert made.id == str(made.outputs["result"])
    assert draw("RandomInteger", **inputs).outputs == made.outputs


@given(st.lists(st.text(max_size=3), max_size=8), st.one_of(st.none(), st.integers(0, 30)), st.text(max_size=3))
def test_a_shuffle_repeats_nothing_before_all_were_there(texts: list[str], count: int | None, seed: str) -> None:
    inputs = {"inputs": texts, "resultCount": count, "seed": seed}
    results = draw("RandomShuffle", **inputs).outputs["results"]
    assert draw("RandomShuffle", **inputs).outputs["results"] == results
    assert len(results) == ((len(texts) if count is None else count) if texts else 0)
    for start in range(0, len(results), max(len(texts), 1)):
        part = results[start : start + len(texts)]
        assert Counter(part) <= Counter(texts)


def test_a_pet_has_as_many_words_as_asked_for() -> None:
    assert [len(draw("RandomPet", length=length).id.split("-")) for length in (1, 2, 4)] == [1, 2, 4]
    assert draw("RandomPet", prefix="the", separator="_").id.split("_")[0] == "the"


def test_uuids_are_of_their_version_and_the_seventh_sorts_by_time() -> None:
    assert [UUID(draw(name).id).version for name in ("RandomUuid", "RandomUuid4", "RandomUuid7")] == [4, 4, 7]
    early, late = UUID(draw("RandomUuid7").id), UUID(draw("RandomUuid7").id)
    assert early.int >> 80 <= late.int >> 80


@pytest.mark.parametrize(
    ("name", "id", "inputs", "outputs"),
    [
        ("RandomId", "p-9hUg", {"byteLength": 4}, {"hex": "a7ef6152", "dec": "2817483090", "b64Url": "p-9hUg"}),
        ("RandomId", "my-prefix-,p-9hUg", {"byteLength": 4, "prefix": "my-prefix-"}, {"hex": "my-prefix-a7ef6152"}),
        ("RandomInteger", "15390,1,50000", {"min": 1, "max": 50000}, {"result": 15390}),
        ("RandomInteger", "7,1,9,s", {"min": 1, "max": 9, "seed": "s"}, {"result": 7}),
        ("RandomString", "test", {"length": 4}, {"result": "test"}),
        ("RandomPassword", "secret", {"length": 6}, {"result": Secret("secret")}),
        (
            "RandomBytes",
            "8/fu3q+2DcgSJ19i0jZ5Cw==",
            {"length": 16},
            {"hex": Secret("f3f7eedeafb60dc812275f62d236790b")},
        ),
        ("RandomUuid", "aabbccdd-eeff-0011-2233-445566778899", {}, {"result": "aabbccdd-eeff-0011-2233-445566778899"}),
    ],
)
def test_what_is_imported_is_what_the_id_says(
    name: str, id: str, inputs: dict[str, Any], outputs: dict[str, Any]
) -> None:
    checked = kind(name).check(inputs).inputs
    found = kind(name).read(None, id, checked)
    assert found is not None
    assert found.outputs | outputs == found.outputs
    wanted = kind(name).desired(checked)
    assert wanted.items() <= found.fields.items()
    if inputs:
        other = {**checked, **{key: value + 1 for key, value in inputs.items() if isinstance(value, int)}}
        assert not kind(name).desired(other).items() <= found.fields.items()


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("RandomId", "a"),
        ("RandomInteger", "5,7,9"),
        ("RandomInteger", "5,1"),
        ("RandomInteger", "x,1,9"),
        ("RandomInteger", "5,1,9,s,t"),
        ("RandomBytes", "not base64!"),
        ("RandomUuid", "no-uuid"),
        ("RandomPet", "happy-dog"),
        ("RandomShuffle", "-"),
    ],
)
def test_an_id_that_is_no_value_is_refused(name: str, id: str) -> None:
    with pytest.raises(Refused):
        kind(name).read(None, id, {})


@pytest.mark.parametrize(
    ("name", "inputs", "path"),
    [
        ("RandomId", {"byteLength": 0}, "byteLength"),
        ("RandomBytes", {"length": 0}, "length"),
        ("RandomBytes", {}, "length"),
        ("RandomString", {"length": 0}, "length"),
        ("RandomString", {"length": 3, "minLower": 4}, "length"),
        ("RandomPet", {"length": 0}, "length"),
        ("RandomInteger", {"min": 2, "max": 1}, "max"),
        ("RandomShuffle", {"inputs": [], "resultCount": -1}, "resultCount"),
        ("RandomUuid", {"seed": "s"}, "seed"),
    ],
)
def test_inputs_that_cannot_be_are_refused_by_name(name: str, inputs: dict[str, Any], path: str) -> None:
    assert [failure.path for failure in kind(name).check(inputs).failures] == [path]
