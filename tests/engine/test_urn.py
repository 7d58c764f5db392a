"""URNs and references to providers: what is written is read back, whatever a name is like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.errors import WrongUse
from controller.engine.urn import STACK_TYPE, ProviderReference, Urn

codes = st.from_regex(r"[A-Za-z0-9_.-]+", fullmatch=True)
tokens = st.builds("{}:{}:{}".format, codes, st.from_regex(r"[a-z]+(/[a-z]+)?", fullmatch=True), codes)
names = st.lists(st.sampled_from(["::", ":", "$", "a", "云", " ", "/"])).map("".join) | st.text()
urns = st.builds(Urn, codes, codes, st.lists(tokens, min_size=1, max_size=4).map("$".join), names)


@given(urns)
def test_what_is_written_is_read_back(urn: Urn) -> None:
    assert Urn.parse(str(urn)) == urn


@given(urns, tokens, names)
def test_a_child_stands_below_its_parent_whatever_its_name(parent: Urn, type_: str, name: str) -> None:
    child = Urn.parse(str(parent.child(type_, name)))
    assert (child.type, child.qualified_type, child.name) == (type_, f"{parent.qualified_type}${type_}", name)
    assert (child.stack, child.project) == (parent.stack, parent.project)


def test_what_stands_at_the_top_has_its_own_type_alone() -> None:
    top = Urn.of_stack("p", "s").child("pkg:module:Site", "a::b$c")
    assert str(top) == "urn:pulumi:s::p::pkg:module:Site::a::b$c"
    assert top.type == "pkg:module:Site"
    assert str(Urn.of_stack("p", "s")) == f"urn:pulumi:s::p::{STACK_TYPE}::p-s"


@pytest.mark.parametrize("text", ["", "a", "urn:pulumi:s::p::t", "s::p::t::n", "urn:other:s::p::t::n"])
def test_what_is_no_urn_is_refused_by_name(text: str) -> None:
    with pytest.raises(WrongUse, match="is no URN") as refused:
        Urn.parse(text)
    assert repr(text) in str(refused.value)


@given(urns, st.uuids().map(str))
def test_a_reference_names_a_provider_and_its_id(urn: Urn, id: str) -> None:
    reference = ProviderReference(str(urn), id)
    assert ProviderReference.parse(str(reference)) == reference


def test_no_reference_names_nothing() -> None:
    assert ProviderReference.parse("") == ProviderReference("", "")
    assert str(ProviderReference("", "")) == ""
