"""Identity goes into a body and comes out again, whatever else stands there, and never shows in what is managed."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.identity import identity_of
from controller.engine.provider import Carrier
from controller.providers.openstack.identity import METADATA_KEY, SUFFIX_LENGTH, TAG_PREFIX, signed, unsigned

identities = st.binary(min_size=17, max_size=17).map(lambda raw: "yg-" + base64.b32encode(raw).decode().lower()[:26])
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40).map(str.strip)


@given(identities, texts, st.sampled_from([Carrier.DESCRIPTION, Carrier.NAME]))
def test_a_text_comes_back_as_it_was(identity: str, text: str, carrier: Carrier) -> None:
    body = {"name": text, "description": text}
    assert unsigned(carrier, signed(carrier, body, identity)) == (body, identity)


@given(identities, st.dictionaries(texts.filter(lambda key: key != METADATA_KEY), texts))
def test_metadata_come_back_as_they_were(identity: str, metadata: dict[str, str]) -> None:
    body = {"metadata": metadata}
    assert unsigned(Carrier.METADATA, signed(Carrier.METADATA, body, identity)) == (body, identity)


@given(identities, st.lists(texts.filter(lambda tag: not tag.startswith(TAG_PREFIX))))
def test_tags_come_back_as_they_were(identity: str, tags: list[str]) -> None:
    body = {"tags": tags}
    assert unsigned(Carrier.TAGS, signed(Carrier.TAGS, body, identity)) == (body, identity)


def test_what_the_engine_gives_is_what_is_recognised() -> None:
    identity = identity_of("liuzhou/ghj/archive.gov", "urn:pulumi:a::b::c::d", 1)
    body = signed(Carrier.DESCRIPTION, {"description": "档案"}, identity)
    assert body == {"description": f"档案 [{identity}]"}
    assert len(f" [{identity}]") == SUFFIX_LENGTH
    assert unsigned(Carrier.DESCRIPTION, body)[1] == identity


@pytest.mark.parametrize("carrier", list(Carrier))
def test_a_body_that_carries_none_of_ours_is_left_alone(carrier: Carrier) -> None:
    body = {"name": "a [yg-short]", "description": "b", "metadata": {"k": "v"}, "tags": ["k=v"]}
    assert unsigned(carrier, body) == (body, None)


def test_a_natural_key_carries_nothing() -> None:
    assert signed(Carrier.NATURAL, {"name": "key"}, "yg-" + "a" * 26) == {"name": "key"}
