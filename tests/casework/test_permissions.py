"""Whose a cloud is: the cities with a zone at that place, or else on the entry of clouds.yaml that it is a place of."""

from __future__ import annotations

import pytest

from controller import catalogue
from controller.casework.permissions import cities_on
from controller.domain.city import City

PLACES = {"near": "gov", "far": "gov/far"}


@pytest.fixture
def two_cities(monkeypatch: pytest.MonkeyPatch) -> None:
    """On one entry: one at its own place, one in a project of its own."""
    known = catalogue.city("liuzhou")

    def city(code: str) -> City:
        zones = [zone.model_copy(update={"cloud": PLACES[code]}) for zone in known.zones]
        return known.model_copy(update={"code": code, "zones": tuple(zones)})

    monkeypatch.setattr(catalogue, "city", city)
    monkeypatch.setattr(catalogue, "cities", lambda: list(PLACES))


@pytest.mark.usefixtures("two_cities")
@pytest.mark.parametrize(
    ("place", "cities"),
    [("gov", ["near"]), ("gov/far", ["far"]), ("gov@east", ["near", "far"]), ("elsewhere", [])],
)
def test_a_place_is_of_those_who_have_a_zone_there_before_those_on_its_entry(place: str, cities: list[str]) -> None:
    assert cities_on(place) == cities
