"""Strategies for property values, as programs may send them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from controller.engine import wire
from controller.engine.properties import UNKNOWN, Secret

keys = st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=5)
known_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
    | st.text(max_size=8)
)


def _containers(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3) | st.dictionaries(keys, values, max_size=3)


ASSET, ARCHIVE = wire.ASSETS
assets = st.recursive(
    st.builds(
        lambda kind, key, text: {wire.SIGNATURE: kind, key: text},
        st.just(ASSET),
        st.sampled_from(["path", "text"]),
        st.text(max_size=5),
    ),
    lambda inner: st.dictionaries(keys, inner, max_size=3).map(
        lambda named: {wire.SIGNATURE: ARCHIVE, "assets": named}
    ),
    max_leaves=4,
)
known_leaves |= assets
plain_values = st.recursive(known_leaves, _containers, max_leaves=8)
known_values = st.recursive(known_leaves | plain_values.map(Secret), _containers, max_leaves=8)
values = st.recursive(known_leaves | st.just(UNKNOWN) | plain_values.map(Secret), _containers, max_leaves=8)
properties = st.dictionaries(keys, values, max_size=4)
