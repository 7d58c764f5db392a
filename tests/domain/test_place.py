"""Names of places: what is written is what is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.place import Place, entry_of

WORDS = st.text(st.characters(categories=("L", "N", "P"), exclude_characters="/@"), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("gov", Place("gov")),
        ("gov@east", Place("gov", region="east")),
        ("gov/finance", Place("gov", "finance")),
        ("gov/finance@east", Place("gov", "finance", "east")),
    ],
)
def test_a_name_tells_entry_project_and_region(name: str, place: Place) -> None:
    assert Place.parse(name) == place
    assert str(place) == name
    assert entry_of(name) == "gov"


@given(st.builds(Place, WORDS, st.just("") | WORDS, st.just("") | WORDS))
def test_every_place_is_read_as_it_was_written(place: Place) -> None:
    assert Place.parse(str(place)) == place
