"""A spec and its file: canonical, read back equal, free of personal data, described by a current schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.errors import Failed, Refused, WrongUse
from controller.domain.spec import Phase
from controller.estate.document import parse, path_of, render, stack_of
from controller.estate.schema import spec_schema
from tests.estate.specs import spec

DOCS = Path(__file__).parents[2] / "docs"


@given(
    name=st.text(st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"]), max_size=40).filter(
        lambda it: "@" not in it
    ),
    memory_gb=st.integers(1, 10_000),
    phase=st.sampled_from(Phase),
)
def test_what_is_written_reads_back_equal(name: str, memory_gb: int, phase: Phase) -> None:
    written = spec(name=name.replace("1", "一"), memory_gb=memory_gb, phase=phase)
    text = render(written)
    assert parse(text, where="here") == written
    assert render(parse(text, where="here")) == text


def test_the_file_says_what_it_is_first_and_keeps_the_order_of_the_spec() -> None:
    first, *rest = render(spec()).splitlines()
    assert first == "# yaml-language-server: $schema=../../../spec.schema.json"
    assert [line for line in rest if not line.startswith((" ", "-"))] == [
        "apiVersion: yunguan/v1",
        "kind: System",
        "metadata:",
        "phase: service",
        "power: running",
        "placement:",
        "machines:",
    ]
    assert "system_name: 财务" in render(spec())


@pytest.mark.parametrize("name", ["财务 zhang.san@example.cn", "财务 13800000000"])
def test_personal_data_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        render(spec(name=name))
    assert "zhang.san" not in str(refusal.value)
    assert "13800000000" not in str(refusal.value)


def test_an_id_of_the_cloud_that_ends_like_a_telephone_number_is_none() -> None:
    written = spec()
    (machine,) = written.machines
    image = machine.image.model_copy(update={"id": "0a1b2c3d-0000-4000-8000-a13812345678"})
    written = written.model_copy(update={"machines": (machine.model_copy(update={"image": image}),)})
    assert parse(render(written), where="here") == written


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not YAML"),
        ("[]", "no SystemSpec"),
        ("!!python/object/apply:os.system ['true']", "not YAML"),
        (render(spec()) + "extra: 1\n", "extra"),
    ],
)
def test_anything_but_a_spec_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(Failed, match=says) as failure:
        parse(text, where="stacks/a/b/c.d.yaml")
    assert "stacks/a/b/c.d.yaml" in str(failure.value)


@pytest.mark.parametrize("name", ["", "a/b", "a/b/c", "../../etc/passwd", "a/b/c.d.e", "A/b/c.d", "a/b/c.d\n"])
def test_a_name_that_is_no_stack_is_refused(name: str) -> None:
    with pytest.raises(WrongUse, match="no name of a stack"):
        path_of(name)


def test_paths_and_names_lead_to_each_other() -> None:
    name = spec().stack_name
    assert path_of(name) == "stacks/liuzhou/caizhengju/caiwu.gov.yaml"
    assert stack_of(path_of(name)) == name
    assert stack_of("spec.schema.json") is None
    assert stack_of(name) is None


def test_the_schema_in_docs_is_current() -> None:
    current = (DOCS / "spec.schema.json").read_text()
    assert current == spec_schema(), "run: python -m controller.estate.schema > docs/spec.schema.json"


def test_the_schema_accepts_a_file_and_refuses_an_unknown_key() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(spec_schema()))
    document = yaml.safe_load(render(spec()))
    assert not list(validator.iter_errors(document))
    assert list(validator.iter_errors({**document, "owner": "u-1"}))
