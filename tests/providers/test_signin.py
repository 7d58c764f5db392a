"""clouds.yaml: what is wrong in it is a sentence that names the file and the entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.domain.errors import WrongUse
from controller.domain.place import Place
from controller.providers.openstack.signin import regions_of, require_place


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("clouds: [1]", "clouds", "must hold the clouds by their names"),
        ("clouds: word", "clouds", "must hold the clouds by their names"),
        ("clouds: {gov: 3}", "clouds.gov", "valid dictionary"),
        ("clouds: {gov: {auth: 4}}", "clouds.gov.auth", "valid dictionary"),
        ("clouds: {gov: {auth: {auth_url: 5}}}", "clouds.gov.auth.auth_url", "valid string"),
        ("clouds: {gov: {regions: 3}}", "clouds.gov.regions", "valid list"),
        ("clouds: {gov: {regions: [{values: {}}]}}", "clouds.gov.regions.0", "Field required"),
    ],
)
def test_what_is_malformed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, where: str, what: str
) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    with pytest.raises(WrongUse, match=what) as raised:
        require_place(Place.parse("gov"))
    assert str(file) in raised.value.message
    assert raised.value.where.startswith(where)


def test_regions_stand_by_name_or_with_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text("clouds: {gov: {regions: [east, {name: west, values: {}}]}, city: {region_name: north}, bare: {}}")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    assert [regions_of(entry) for entry in ("gov", "city", "bare")] == [["east", "west"], ["north"], [""]]
