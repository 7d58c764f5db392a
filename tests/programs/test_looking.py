"""Programs that look things up: functions, what exists, another stack; and what transforms and hooks make of them."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused
from tests.programs.desk import Desk, config, ops

OTHER = config(other="organization/giving/dev")


def test_what_is_looked_up_reaches_what_is_made_and_nothing_of_it_is_touched(desk: Desk) -> None:
    desk.up("giving")
    desk.changes()
    first = desk.up("looking", *OTHER)
    assert ops(first) == {
        "Network theirs": "read",
        "StackReference organization/giving/dev": "read",
        "Port port": "create",
        "Stack looking-dev": "create",
    }
    assert first["outputs"] == {
        "description": "given to others",
        "gateway": "10.31.0.1",
        "vcpus": 1,
        "images": 2,
        "mac": True,
        "word": "[secret]",
    }
    [port] = [one for one in desk.hand.network.ports() if one.name == "beside-theirs"]
    assert (port.tags, port.fixed_ips[0]["ip_address"].startswith("10.31.0.")) == (["looking"], True)
    desk.changes()
    assert ops(desk.up("looking", *OTHER)) == {}
    assert desk.changes() == 0
    assert set(ops(desk.destroy("looking")).values()) == {"delete"}
    assert "given" in desk.networks()


def test_what_the_other_stack_gives_out_no_longer_is_an_error_that_names_it(desk: Desk) -> None:
    with pytest.raises(Refused, match="there is no stack organization/giving/dev"):
        desk.preview("looking", *OTHER)
    desk.up("giving")
    [network] = [one for one in desk.hand.network.networks() if one.name == "given"]
    for subnet in network.subnet_ids:
        desk.hand.network.delete_subnet(subnet)
    desk.hand.network.delete_network(network)
    with pytest.raises(Refused, match=f"no openstack:networking/network:Network with the id {network.id}"):
        desk.preview("looking", *OTHER)


def test_a_network_that_changes_between_plan_and_yes_is_movement(desk: Desk) -> None:
    desk.up("giving")
    before = desk.preview("looking", *OTHER)
    [network] = [one for one in desk.hand.network.networks() if one.name == "given"]
    desk.hand.network.update_network(network, mtu=1400)
    assert desk.preview("looking", *OTHER)["digest"] != before["digest"]
