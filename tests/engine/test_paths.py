"""Property paths: read as Pulumi writes them, matched, and used to put values back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.errors import WrongUse
from controller.engine.paths import covers, overlaps, parse, restored


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("size", ("size",)),
        ("metadata.unit", ("metadata", "unit")),
        ("networks[0].port", ("networks", 0, "port")),
        ('tags["a.b"]', ("tags", "a.b")),
        (r'tags["a\"b"].c', ("tags", 'a"b', "c")),
        ("networks[*].port", ("networks", "*", "port")),
        ("*", ("*",)),
    ],
)
def test_path_is_read(text: str, steps: tuple[str | int, ...]) -> None:
    assert parse(text) == steps


@pytest.mark.parametrize("text", ["", "a[", "a[x]", "[", 'a["b]'])
def test_malformed_path_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="not a property path"):
        parse(text)


@pytest.mark.parametrize(
    ("pattern", "path", "covered", "overlapping", "why"),
    [
        ("tags", "tags", True, True, "the same"),
        ("tags", "tags[0]", True, True, "below it"),
        ("tags[0]", "tags", False, True, "the whole list changed, so its item may have"),
        ("tags[0]", "tags[1]", False, False, "another item"),
        ("*", "anything.at.all", True, True, "any property"),
        ("networks[*].port", "networks[3].port", True, True, "any item"),
        ("networks[*].port", "networks[3].name", False, False, "another property of any item"),
        ("tag", "tags", False, False, "a name is no prefix of another name"),
    ],
)
def test_pattern_and_path(pattern: str, path: str, covered: bool, overlapping: bool, why: str) -> None:
    assert covers(parse(pattern), parse(path)) is covered, why
    assert overlaps(parse(pattern), parse(path)) is overlapping, why


@pytest.mark.parametrize(
    ("inputs", "prior", "pattern", "result", "why"),
    [
        ({"a": 2, "b": 2}, {"a": 1, "b": 1}, "a", {"a": 1, "b": 2}, "one property"),
        ({"b": 2}, {"a": 1, "b": 1}, "a", {"a": 1, "b": 2}, "taken out of the program: it stays"),
        ({"a": 2}, {}, "a", {}, "new in the program: it stays out"),
        ({"m": {"x": 2, "y": 2}}, {"m": {"x": 1}}, "m.x", {"m": {"x": 1, "y": 2}}, "one key of a map"),
        ({"m": {"x": 2}}, {"m": {"x": 1, "y": 1}}, "m.*", {"m": {"x": 1, "y": 1}}, "every key of a map"),
        ({"l": [{"p": 2}, {"p": 2}]}, {"l": [{"p": 1}]}, "l[*].p", {"l": [{"p": 1}, {"p": 2}]}, "only what was there"),
        ({"l": [2, 2]}, {"l": [1, 1]}, "l[1]", {"l": [2, 1]}, "one item"),
        ({"a": 2}, {"a": {"x": 1}}, "a.x", {"a": 2}, "what has become another thing cannot be put back"),
    ],
)
def test_ignored_value_is_put_back(inputs: object, prior: object, pattern: str, result: object, why: str) -> None:
    assert restored(inputs, prior, [parse(pattern)]) == result, why  # type: ignore[arg-type]


maps = st.dictionaries(
    st.sampled_from("abc"), st.integers(0, 3) | st.dictionaries(st.sampled_from("xy"), st.integers())
)


@given(inputs=maps, prior=maps)
def test_ignoring_everything_gives_the_prior(inputs: dict[str, object], prior: dict[str, object]) -> None:
    assert restored(inputs, prior, [parse("*")]) == prior


@given(inputs=maps, prior=maps, name=st.sampled_from("abc"))
def test_putting_back_touches_nothing_else(inputs: dict[str, object], prior: dict[str, object], name: str) -> None:
    result = restored(inputs, prior, [parse(name)])
    assert result.get(name) == prior.get(name)
    assert {key: value for key, value in result.items() if key != name} == {
        key: value for key, value in inputs.items() if key != name
    }
