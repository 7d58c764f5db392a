"""Targets, refresh and failures as they are typed, on the simulated cloud."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from controller.domain.errors import Failed, Refused, WrongUse
from controller.store.engine import Provisioning, ResourceRow, StackRow
from tests.programs.desk import HERE, Desk, config, ops

TWO = config(networks=2, ports=0)


def test_only_the_targets_are_made(desk: Desk) -> None:
    made = desk.up("counts", *TWO, "--target", "**::net-0")
    assert set(ops(made).values()) == {"create"}
    assert desk.networks() == {"net-0"}
    rest = desk.up("counts", *TWO)
    assert len(ops(rest)) == 2
    gone = desk.destroy("counts", "--target", "**:Network::net-1", "--target-dependents")
    assert set(ops(gone)) == {"Network net-1", "Subnet net-1"}
    assert desk.networks() == {"net-0"}
    with desk.sessions() as session:
        [stack] = session.scalars(select(StackRow))
    assert stack.provisioning == Provisioning.PENDING, "something is left of it"


def test_a_refresh_shows_what_was_done_by_hand_and_a_preview_writes_nothing(desk: Desk) -> None:
    desk.up("counts", *TWO)
    network = desk.hand.network.find_network("net-0")
    desk.hand.network.update_network(network, name="renamed")
    subnet = desk.hand.network.find_subnet("net-1")
    desk.hand.network.delete_subnet(subnet)
    assert ops(desk.preview("counts", *TWO)) == {}

    foretold = desk.preview("counts", *TWO, "--refresh")
    assert ops(foretold) == {"Network net-0": "update", "Subnet net-1": "create"}
    assert {one["verdict"] for one in foretold["refreshed"]} == {"changed", "missing"}
    with desk.sessions() as session:
        assert not any(session.scalars(select(ResourceRow.missing)))
    told = desk.type("program", "preview", HERE / "counts", "--stack", "dev", "--cloud", "sandbox", *TWO, "--refresh")
    assert '  ~ name: "net-0" => "renamed"\n' in told.stderr
    assert "Subnet::net-1 is gone\n" in told.stderr
    done = desk.up("counts", *TWO, "--refresh")
    assert ops(done) == ops(foretold)
    assert desk.networks() == {"net-0", "net-1"}
    assert desk.up("counts", *TWO, "--refresh")["refreshed"] == []


def test_that_nearly_all_is_gone_is_believed_on_a_persons_word_alone(desk: Desk) -> None:
    desk.up("counts", *TWO)
    for name in ("net-0", "net-1"):
        desk.hand.network.delete_subnet(desk.hand.network.find_subnet(name))
        desk.hand.network.delete_network(desk.hand.network.find_network(name))

    for again in (desk.up, desk.destroy):
        with pytest.raises(Refused, match="4 of 4 resources are gone at once") as refusal:
            again("counts", *TWO, "--refresh")
        assert "--gone" in refusal.value.remedy
    with pytest.raises(WrongUse, match="about what a refresh finds"):
        desk.up("counts", *TWO, "--gone")
    with desk.sessions() as session:
        assert not any(session.scalars(select(ResourceRow.missing)))
    assert set(ops(desk.preview("counts", *TWO, "--refresh")).values()) == {"create"}
    assert len(desk.up("counts", *TWO, "--refresh", "--gone")["refreshed"]) == 4
    assert desk.networks() == {"net-0", "net-1"}


def test_a_name_given_by_hand_is_its_name_for_a_scan_and_for_the_next_up(desk: Desk) -> None:
    [given] = [name for name in desk.up("nameless")["outputs"]["names"] if name.startswith("site-")]
    desk.hand.network.update_network(desk.hand.network.find_network(given), name="ours")
    assert [one["urn"].rpartition("::")[2] for one in drifted(desk)] == ["site"]
    done = desk.up("nameless", "--refresh")
    assert ops(done) == {"Network site": "refresh"}
    assert "ours" in done["outputs"]["names"]
    assert drifted(desk) == []
    assert ops(desk.up("nameless", "--refresh")) == {}
    assert "ours" in desk.networks()


def drifted(desk: Desk) -> list[dict[str, Any]]:
    """What a scan of the cloud finds changed."""
    scan = json.loads(desk.type("drift", "--cloud", "sandbox", "-o", "json").stdout)
    return [one for one in scan["findings"] if one["verdict"] == "changed"]


def test_all_failures_are_told_and_what_does_not_need_them_is_made(desk: Desk) -> None:
    refusal = {"action": "status", "status": 400, "method": "POST", "path": "/subnets"}
    desk.simulated.ask("POST", "/faults", [refusal])
    words = ["program", "up", HERE / "counts", "--stack", "dev", "--cloud", "sandbox", "--yes", *config(networks=2)]
    result = desk.type(*words, "--continue-on-error")
    assert isinstance(result.exception, Failed)
    made = {one.name for one in desk.hand.network.subnets() if one.name.startswith("net-")}
    [failed] = {"net-0", "net-1"} - made
    assert f"Subnet::{failed}" in str(result.exception)
    with desk.sessions() as session:
        assert session.scalars(select(StackRow.provisioning)).one() == "errored"
    assert set(ops(desk.up("counts", *config(networks=2)))) == {f"Subnet {failed}"}
