"""The files of catalog/ hold together, and one that does not is refused with its file and path."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from controller import catalogue
from controller.casework.conduct import EFFECTS
from controller.domain.city import City
from controller.domain.errors import Failed, WrongUse
from controller.domain.lifecycle import Effect
from controller.domain.roles import Role

RULES = {rule.id for rule in catalogue.rules()}


@pytest.fixture(params=catalogue.cities())
def city(request: pytest.FixtureRequest) -> City:
    return catalogue.city(request.param)


def rule_ids(value: object) -> list[str]:
    """Every value under a key `rule` or `rules` in a city's file."""
    if isinstance(value, dict):
        own = [value["rule"]] if "rule" in value else []
        own += value["rules"] if isinstance(value.get("rules"), list | tuple) else []
        return own + [id for item in value.values() for id in rule_ids(item)]
    if isinstance(value, list | tuple):
        return [id for item in value for id in rule_ids(item)]
    return []


def test_every_value_names_a_rule_that_exists(city: City) -> None:
    ids = rule_ids(city.model_dump())
    assert len(ids) > 20
    assert not sorted(set(ids) - RULES)
    assert {id.partition("-")[0] for id in ids} == {city.regulation}


def test_every_role_that_acts_is_a_role_of_the_city(city: City) -> None:
    acting = {role for p in city.procedures for s in p.stages for a in s.actions for role in a.roles}
    assert all(city.role(role) for role in acting - {Role.CONTROLLER})


def test_every_stage_can_be_reached_and_left(city: City) -> None:
    for procedure in city.procedures:
        reached, ahead = set[str](), [procedure.start]
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.add(name)
                ahead += [action.to for action in procedure.stage(name).actions if action.to]
        assert reached == {stage.name for stage in procedure.stages}
        assert any(stage.is_final for stage in procedure.stages)


def test_pools_of_zones_are_apart(city: City) -> None:
    pools = [zone.cidr_pool for zone in city.zones]
    assert not [(a, b) for a in pools for b in pools if a is not b and a.overlaps(b)]


def test_every_effect_has_its_function() -> None:
    assert set(EFFECTS) == set(Effect)


@pytest.mark.parametrize("name", ["zone", "image", "fact", "procedure"])
def test_an_unknown_name_is_answered_with_the_known_ones(city: City, name: str) -> None:
    with pytest.raises(WrongUse) as refused:
        getattr(city, name)("月球")
    assert "可用：" in refused.value.remedy


def test_an_unknown_city_is_answered_with_the_known_ones() -> None:
    with pytest.raises(WrongUse) as refused:
        catalogue.city("atlantis")
    assert "liuzhou" in refused.value.remedy


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("zones", 0, "prefix"), 8, "holds no subnet"),
        (("zones", 0, "cidr_pool"), "10.64.0.1/12", "zones.0.cidr_pool"),
        (("zones", 0, "colour"), "red", "zones.0.colour"),
        (("zones", 1, "code"), "gov", "stands twice"),
        (("roles", 0, "role"), "king", "roles.0.role"),
        (("regulation",), "Liuzhou", "regulation"),
        (("code",), "qinzhou", "write liuzhou"),
    ],
)
def test_a_broken_file_is_refused_with_its_path(
    tmp_path: Path, path: tuple[str | int, ...], value: object, message: str
) -> None:
    root = Path(shutil.copytree(catalogue.CATALOG, tmp_path / "catalog"))
    file = root / "cities" / "liuzhou.yaml"
    content = yaml.safe_load(file.read_text())
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file.write_text(yaml.safe_dump(content, allow_unicode=True))
    with pytest.raises(Failed) as refused:
        catalogue.city("liuzhou", root)
    assert message in str(refused.value)
    assert "liuzhou.yaml" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code: [", "not valid YAML"),
        ("code: !!python/object/apply:os.getpid []", "not valid YAML"),
        ("", "does not hold"),
    ],
)
def test_yaml_that_is_none_or_unsafe_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "cities").mkdir()
    (tmp_path / "cities" / "liuzhou.yaml").write_text(text)
    with pytest.raises(Failed, match=message):
        catalogue.city("liuzhou", tmp_path)
