"""A program that hands resources themselves to a component package, and calls a method of what that built."""

from __future__ import annotations

import json

import pytest

from controller.engine.wire import RESOURCE, SIGNATURE
from tests.programs.desk import Desk, config, ops


def test_what_is_built_of_a_resource_follows_it_and_is_exported_with_its_references(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a phrase")
    first = desk.up("handing", *config(name="one"))
    assert ops(first) == dict.fromkeys(
        ("Network network", "Room room", "Stack handing-dev", "Subnet room-subnet"), "create"
    )
    assert first["outputs"] == {"name": "one", "described": "a room in one"}
    assert ops(desk.up("handing", *config(name="one"))) == {}
    exported = json.loads(desk.type("stack", "export", "program/handing/dev").stdout)
    rows = {one["urn"].rpartition("::")[2]: one for one in exported["deployment"]["resources"]}
    network = rows["network"]
    reference = {SIGNATURE: RESOURCE, "urn": network["urn"], "id": network["id"]}
    assert (rows["room"]["inputs"], rows["room"]["outputs"]) == ({"network": reference}, {"network": reference})
    assert rows["room-subnet"]["inputs"]["networkId"] == network["id"]
    second = desk.up("handing", *config(name="two"))
    assert ops(second) == {"Network network": "update", "Subnet room-subnet": "update"}
    assert second["outputs"] == {"name": "two", "described": "a room in two"}
    assert {one.name for one in desk.hand.network.subnets() if one.cidr == "10.41.0.0/24"} == {"in two"}
    assert set(ops(desk.destroy("handing", *config(name="two"))).values()) == {"delete"}
