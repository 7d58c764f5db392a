"""A demand from a sheet's rows, and a demand after a change: names stay, disks never shrink."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.domain import request
from controller.domain.demand import Change, Demand, Resize, changed, demand_of
from controller.domain.errors import Refused


def machine(role: str = "APP", zone: str = "公共网络区", **sizes: int) -> request.Machine:
    owner = request.Owner(name="张三", email="zhangsan@example.com", mobile="13800000000")
    asked = {"vcpu": 4, "memory_gb": 8, "system_disk_gb": 60, "data_disk_gb": 100} | sizes
    return request.Machine.model_validate(
        {"sheet": "表", "row": 1, "zone": zone, "role": role, "owners": (owner,), "image": "CentOS 7.0", **asked}
    )


def account(_: request.Owner) -> str:
    return "p-1"


def names(demand: Demand) -> list[str]:
    return [one.name for one in demand.machines]


def test_machines_are_named_by_type_over_all_zones() -> None:
    rows = [machine("APP"), machine("DAT"), machine("APP", "互联网区")]
    demand = demand_of(rows, account)
    assert names(demand) == ["app-1", "dat-1", "app-2"]
    assert list(demand.by_zone()) == ["公共网络区", "互联网区"]


def test_a_demand_holds_no_personal_data() -> None:
    text = demand_of([machine()], account).model_dump_json()
    assert "p-1" in text
    assert not [word for word in ("张三", "zhangsan", "13800000000") if word in text]


def test_a_change_resizes_adds_and_removes() -> None:
    demand = demand_of([machine("APP"), machine("APP"), machine("DAT")], account)
    change = Change(resize=(Resize(machine="app-1", vcpu=8),), add=(machine("APP"),), remove=("dat-1",))
    after = changed(demand, change, account)
    assert names(after) == ["app-1", "app-2", "app-3"]
    assert (after.machines[0].vcpu, after.machines[0].memory_gb) == (8, 8)
    assert after.machines[1] == demand.machines[1]


@pytest.mark.rule("LZ-21-6")
@pytest.mark.breaks
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change(resize=(Resize(machine="web-9", vcpu=8),)), "web-9"),
        (Change(resize=(Resize(machine="app-1", data_disk_gb=50),)), "缩小"),
        (Change(resize=(Resize(machine="app-1", vcpu=8),), remove=("app-1",)), "两项"),
        (Change(remove=("app-1",)), "没有任何机器"),
    ],
)
def test_a_change_that_does_not_hold_together_is_refused(change: Change, message: str) -> None:
    with pytest.raises(Refused, match=message):
        changed(demand_of([machine()], account), change, account)


def test_an_empty_change_is_none() -> None:
    with pytest.raises(ValidationError, match="at least one thing"):
        Change()


@given(st.lists(st.sampled_from(["APP", "WEB", "DAT"]), min_size=1, max_size=8), st.data())
def test_names_stay_and_are_never_given_twice(roles: list[str], data: st.DataObject) -> None:
    before = demand_of([machine(role) for role in roles], account)
    gone = tuple(data.draw(st.lists(st.sampled_from(names(before)), unique=True)))
    added = tuple(
        machine(role) for role in data.draw(st.lists(st.sampled_from(["APP", "WEB"]), min_size=1, max_size=4))
    )
    after = changed(before, Change(add=added, remove=gone), account)
    kept = [one for one in before.machines if one.name not in gone]
    assert list(after.machines[: len(kept)]) == kept
    assert len(set(names(after))) == len(names(after))
    assert not set(names(after)[len(kept) :]) & set(names(before))
