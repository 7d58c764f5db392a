"""Places: one entry of clouds.yaml, several regions and projects, one budget; and what its credentials reach."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openstack
import pytest
import yaml

from controller.domain.errors import WrongUse
from controller.engine.provider import Incomplete, View
from tests.contract.world import World

WriteEntry = Callable[..., None]


@pytest.fixture
def write_entry(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteEntry:
    """Writes a clouds.yaml with the entry "gov", which is one of the sandbox's with something more."""
    world.simulated.ask("POST", "/regions", {"name": "RegionTwo"})
    clouds = yaml.safe_load(world.simulated.clouds_yaml.read_text(encoding="utf-8"))["clouds"]

    def write(like: str = "sandbox", **more: Any) -> None:
        entry = {key: value for key, value in clouds[like].items() if key != "region_name"} | more
        path = tmp_path / "clouds.yaml"
        path.write_text(yaml.safe_dump({"clouds": {**clouds, "gov": entry}}), encoding="utf-8")
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))

    return write


def grant(world: World, user: str, project: str) -> str:
    """The user becomes a member of the project too; the project's id."""
    admin = openstack.connect(cloud="sandbox-admin")
    found = admin.identity.find_project(project)
    admin.identity.assign_project_role_to_user(
        found, admin.identity.find_user(user), admin.identity.find_role("member")
    )
    return str(found.id)


def views(world: World, *names: str) -> list[View]:
    return list(world.provider.views("gov", names))


def test_an_entry_of_one_project_and_region_is_seen_by_one_sign_in(world: World, write_entry: WriteEntry) -> None:
    write_entry(region_name="RegionOne")
    own = world.cloud.project_id
    names = ("gov", "gov@RegionOne", "gov/demo", f"gov/{own}")
    assert views(world, *names) == [View("gov", frozenset(names))]


def test_each_region_is_seen_by_a_sign_in_of_its_own(world: World, write_entry: WriteEntry) -> None:
    write_entry(regions=["RegionOne", "RegionTwo"])
    assert views(world, "gov", "gov@RegionTwo") == [
        View("gov@RegionOne", frozenset(["gov"])),
        View("gov@RegionTwo", frozenset(["gov@RegionTwo"])),
    ]
    world.provider.cloud("gov@RegionTwo").send("network", "POST", "/networks", {"network": {"name": "there"}})
    there = world.provider.cloud("gov@RegionTwo").get("network", "/networks", query={"name": "there"})
    here = world.provider.cloud("gov").get("network", "/networks", query={"name": "there"})
    assert [len((answer or {})["networks"]) for answer in (there, here)] == [1, 0]


def test_without_a_role_over_all_projects_each_that_is_reached_needs_a_sign_in(
    world: World, write_entry: WriteEntry
) -> None:
    write_entry(region_name="RegionOne")
    other = grant(world, "demo", "alt_demo")
    assert views(world, "gov", "gov/alt_demo", f"gov/{other}", "gov/admin") == [
        View("gov", frozenset(["gov"])),
        View("gov/alt_demo", frozenset(["gov/alt_demo", f"gov/{other}"])),
        View("gov/admin", frozenset(["gov/admin"])),
    ]
    for name in ("gov/alt_demo", f"gov/{other}"):
        assert world.provider.project(name) == other
    with pytest.raises(Incomplete, match="did not let us in"):
        world.provider.project("gov/admin")


def test_an_administrator_sees_all_projects_at_once_in_each_region(world: World, write_entry: WriteEntry) -> None:
    write_entry("sandbox-admin", regions=["RegionOne", "RegionTwo"])
    assert views(world, "gov/demo", "gov/demo@RegionTwo") == [
        View("gov@RegionOne", frozenset(["gov/demo"])),
        View("gov@RegionTwo", frozenset(["gov/demo@RegionTwo"])),
    ]


def test_an_application_credential_reaches_its_own_project_alone(world: World, write_entry: WriteEntry) -> None:
    grant(world, "demo", "alt_demo")
    member = openstack.connect(cloud="sandbox")
    made = member.identity.create_application_credential(member.current_user_id, name="yunguan")
    auth = {
        "auth_url": member.config.config["auth"]["auth_url"],
        "application_credential_id": made.id,
        "application_credential_secret": made.secret,
    }
    write_entry(region_name="RegionOne", auth_type="v3applicationcredential", auth=auth)
    assert views(world, "gov", "gov/alt_demo") == [
        View("gov", frozenset(["gov"])),
        View("gov/alt_demo", frozenset(["gov/alt_demo"])),
    ]
    with pytest.raises(Incomplete, match="alt_demo"):
        world.provider.project("gov/alt_demo")


def test_a_region_that_clouds_yaml_does_not_give_is_refused_by_name(world: World, write_entry: WriteEntry) -> None:
    write_entry(regions=["RegionOne", "RegionTwo"])
    with pytest.raises(WrongUse, match="gov no region RegionThree") as refusal:
        world.provider.cloud("gov@RegionThree")
    assert "RegionOne, RegionTwo" in refusal.value.remedy
    with pytest.raises(WrongUse, match="no cloud nowhere"):
        world.provider.cloud("nowhere@RegionOne")


def test_all_places_of_an_entry_draw_on_one_account(world: World, write_entry: WriteEntry) -> None:
    write_entry(regions=["RegionOne", "RegionTwo"])
    before = world.provider.calls_made("gov")
    for name in ("gov", "gov@RegionTwo"):
        world.provider.cloud(name).get("network", "/networks")
    assert world.provider.calls_made("gov@RegionTwo") == world.provider.calls_made("gov") == before + 2
