"""A request holds only canonical texts and whole machines, whoever makes it. Pure values: no file, no clock."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.domain.request import SERVER_TYPE_TERMS, Contact, Machine, Owner, Request, System
from controller.domain.spec import ServerType

ZHANG = {"name": "张三", "email": "zhangsan@example.com", "mobile": "13800000000"}


def machine(**changes: Any) -> Machine:
    fields: dict[str, Any] = {
        "sheet": "表",
        "row": 5,
        "zone": "公共网络区",
        "role": ServerType.APP,
        "owners": (Owner(**ZHANG),),
        "vcpu": 8,
        "memory_gb": 16,
        "system_disk_gb": 60,
        "data_disk_gb": 0,
        "image": "CentOS 7.0",
    }
    return Machine(**fields | changes)


def system(*machines: Machine) -> System:
    return System(name="财务", unit_contact=Contact(**ZHANG), vendor_contact=Contact(**ZHANG), machines=machines)


@pytest.mark.rule("LZ-A3")
def test_every_server_type_has_its_term_of_annex_3():
    assert set(SERVER_TYPE_TERMS) == set(ServerType)
    assert SERVER_TYPE_TERMS[ServerType.DAT] == "数据库"


def test_machines_of_a_system_fall_into_zones_in_their_order():
    zones = ["互联网区", "公共网络区", "互联网区"]
    machines = [machine(zone=zone, row=row) for row, zone in enumerate(zones, start=5)]
    by_zone = system(*machines).by_zone()
    assert {zone: [found.row for found in rows] for zone, rows in by_zone.items()} == {
        "互联网区": [5, 7],
        "公共网络区": [6],
    }
    assert list(by_zone) == ["互联网区", "公共网络区"]


@given(zones=st.lists(st.sampled_from(["公共网络区", "互联网区", "专网区"]), min_size=1))
def test_no_machine_is_lost_or_doubled_between_zones(zones: list[str]):
    machines = [machine(zone=zone, row=row) for row, zone in enumerate(zones, start=1)]
    by_zone = system(*machines).by_zone()
    rows = sorted(found.row for part in by_zone.values() for found in part)
    assert rows == list(range(1, len(zones) + 1))
    assert all(found.zone == zone for zone, part in by_zone.items() for found in part)


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize(
    "changes",
    [
        {"owners": ()},
        {"vcpu": 0},
        {"memory_gb": -1},
        {"system_disk_gb": 0},
        {"data_disk_gb": -1},
        {"role": "DBA"},
        {"zone": ""},
        {"zone": " 公共网络区"},
        {"zone": "公共\n网络区"},
        {"image": "CentOS  7.0"},
        {"remark": "零\u200b宽"},
        {"cluster": ""},
        {"row": 0},
    ],
)
def test_a_machine_that_is_no_machine_cannot_be_made(changes: dict[str, Any]):
    with pytest.raises(ValidationError):
        machine(**changes)


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize(
    "changes",
    [
        {"mobile": "1380000000"},
        {"mobile": "12800000000"},
        {"mobile": "１３８００００００００"},
        {"email": "zhangsan"},
        {"email": "a@b@example.com"},
        {"email": "zhangsan@example.com\n"},
        {"name": ""},
        {"name": "张三、李四"},
        {"name": "张三/李四"},
        {"name": 5},
    ],
)
def test_a_person_who_cannot_be_reached_cannot_be_made(changes: dict[str, Any]):
    with pytest.raises(ValidationError):
        Owner(**ZHANG | changes)


@pytest.mark.parametrize(
    ("written", "kept"), [("张\u3000三", "张三"), ("ＪＯＨＮ Smith", "JOHN Smith"), ("买买提·艾力", "买买提·艾力")]
)
def test_names_are_kept_in_one_form(written: str, kept: str):
    assert Owner(**ZHANG | {"name": written}).name == kept


def test_groups_written_in_full_width_are_the_same_group():
    assert machine(cluster="集群１").cluster == machine(cluster="集群1").cluster == "集群1"
    assert machine(cluster="集群1").clustered
    assert not machine().clustered


def test_a_request_survives_json():
    request = Request(city="liuzhou", unit=None, systems=(system(machine(cluster="集群1")),))
    assert Request.model_validate_json(request.model_dump_json()) == request
