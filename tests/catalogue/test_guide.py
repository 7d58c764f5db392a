"""docs/adding-a-city.md names every key of a city's file and every effect, and nothing that does not exist."""

from __future__ import annotations

import re

import pytest

from controller import catalogue
from controller.domain.city import City, Zone
from controller.domain.lifecycle import Action, Effect, Stage

GUIDE = (catalogue.CATALOG.parent / "docs" / "adding-a-city.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([a-z_]+)(?:: true)?`", GUIDE))


@pytest.mark.parametrize("model", [City, Zone, Action, Stage], ids=lambda model: model.__name__)
def test_every_key_is_named(model: type[City | Zone | Action | Stage]) -> None:
    headings = {word.lower() for word in re.findall(r"\*\*(\w+)\.\*\*", GUIDE)}
    own_name = {"name", "title", "rule", "while_paused"}
    assert not sorted(set(model.model_fields) - NAMED - headings - own_name)


def test_every_effect_is_named() -> None:
    assert {effect.value for effect in Effect} <= NAMED


def test_every_module_it_names_exists() -> None:
    paths = re.findall(r"`((?:controller|catalog|tests)/[a-z_/]+(?:\.py|\.yaml)?)`", GUIDE)
    assert len(paths) > 4
    assert not [path for path in paths if not (catalogue.CATALOG.parent / path).exists()]
