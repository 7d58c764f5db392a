"""Long lists: whole in spite of what the cloud does to single answers, a thousand a page, and cheap."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.engine.provider import Incomplete, Scope
from tests.contract import cases
from tests.contract.world import World

COUNT = 2500
IDENTITY = "yg-" + "a" * 20


@pytest.fixture
def fleet(world: World) -> Iterator[World]:
    """2,500 servers in our project, each with an identity."""
    order = {
        "projects": [world.cloud.project_id],
        "per_project": {"server": COUNT},
        "fields": {"server": {"metadata": {"yunguan_identity": IDENTITY + "{n:06}"}}},
    }
    world.simulated.ask("POST", "/seed", order)
    yield world
    world.simulated.ask("POST", "/reset")


def names(world: World) -> list[str]:
    return sorted(item.name for item in world.everything(world.provider.kind(cases.INSTANCE)))


WHOLE = [f"server-{number:05}" for number in range(COUNT)]


def test_a_long_list_costs_one_request_a_thousand_and_one_for_its_end(fleet: World) -> None:
    kind = fleet.provider.kind(cases.INSTANCE)
    own = Scope(fleet.cloud.project_id)
    assert sum(len(page.items) for page in kind.list(fleet.cloud, own)) == COUNT
    assert fleet.cloud.calls_made == 4
    assert fleet.provider.calls_made("sandbox") == fleet.cloud.calls_made


@pytest.mark.parametrize("action", ["empty_page", "break_chain"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_spoiled_page_hides_nothing(fleet: World, action: str, nth: int) -> None:
    fleet.fault(action=action, service="compute", method="GET", path="/servers", nth=nth, count=1)
    assert names(fleet) == WHOLE


def test_a_chain_without_any_link_hides_nothing(fleet: World) -> None:
    fleet.fault(action="break_chain", service="compute", method="GET", path="/servers", count=None)
    assert names(fleet) == WHOLE


def test_a_page_that_cannot_be_read_makes_the_list_incomplete(fleet: World) -> None:
    fleet.fault(action="status", status=500, service="compute", method="GET", query="marker=", count=None)
    kind = fleet.provider.kind(cases.INSTANCE)
    pages = kind.list(fleet.cloud, Scope())
    assert len(next(pages).items) == 1000
    with pytest.raises(Incomplete, match="/servers/detail"):
        next(pages)
    with pytest.raises(Incomplete):
        kind.find(fleet.cloud, IDENTITY + "002499", {})


def test_one_of_many_is_found_by_its_identity(fleet: World) -> None:
    kind = fleet.provider.kind(cases.INSTANCE)
    [found] = kind.find(fleet.cloud, IDENTITY + "001234", {})
    assert found.name == "server-01234"
    assert not kind.find(fleet.cloud, IDENTITY + "009999", {})


def test_server_groups_are_walked_by_offset_and_a_gap_is_noticed(world: World) -> None:
    kind = world.provider.kind(cases.SERVER_GROUP)
    made = [world.make(cases.SERVER_GROUP, {"name": f"g{n}", "policies": "anti-affinity"}) for n in range(3)]
    assert sorted(item.id for item in world.everything(kind)) == sorted(item.id for item in made)
    world.fault(action="empty_page", service="compute", path="/os-server-groups", nth=2)
    with pytest.raises(Incomplete, match="moved up"):
        world.everything(kind)


def test_members_that_the_pool_names_but_the_list_lacks_make_it_incomplete(world: World) -> None:
    kind = world.provider.kind(cases.MEMBER)
    made = world.make(cases.MEMBER, cases.CASES[cases.MEMBER].inputs(world))
    world.fault(action="empty_page", service="load-balancer", path="/members", count=1)
    assert [item.id for item in world.everything(kind)] == [made.id]
    world.simulated.ask("DELETE", "/faults")
    world.fault(action="empty_page", service="load-balancer", path="/members", count=None)
    with pytest.raises(Incomplete, match="members of pool"):
        world.everything(kind)
