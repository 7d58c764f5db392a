"""A request that the cloud refuses after its approval, from the workbook to its withdrawal, as its parties type it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from controller.casework.completion import complete_reclaims
from controller.cli.arguments import workplace
from controller.cli.demo.workbook import SERVICE
from controller.store.engine import StackRow
from controller.store.metering import LedgerEventRow
from tests.cli.test_requests import file, sheet
from tests.cli.typed import CommandLine
from tests.reconcile.site import Site

pytestmark = pytest.mark.world

__all__ = ["sheet"]


@pytest.fixture
def number(typed: CommandLine, site: Site, sheet: Path, tmp_path: Path) -> str:
    """The approved case of the smallest system."""
    file(typed, sheet)
    paper = tmp_path / "批复.txt"
    paper.write_text("盖章")
    cases = typed.well("request", "list", "-o", "json").document
    (found,) = (str(case["number"]) for case in cases if case["system"] == SERVICE)
    typed.well("request", "accept", found, "--as", "authority")
    typed.well("request", "assess", found, "--as", "centre", "--evidence", str(paper))
    typed.well("request", "approve", found, "--as", "authority")
    return found


def carried_out(typed: CommandLine, stack: str) -> int:
    typed.well("stack", "plan", stack)
    typed.well("stack", "approve", stack, "--as", "vendor")
    return typed("stack", "apply", stack, "--as", "vendor").code


def test_the_parties_see_why_it_failed_withdraw_it_and_nothing_is_left(
    typed: CommandLine, site: Site, number: str
) -> None:
    (stack,) = typed.well("request", "show", number, "-o", "json").document["stacks"]
    site.fault("status", status=403, service="compute", method="POST", path="/servers$", count=None)
    assert carried_out(typed, stack) == 1
    site.end_faults()

    shown = typed.well("request", "show", number, "-o", "json").document
    (standing,) = shown["standings"]
    assert (standing["name"], standing["provisioning"]) == (stack, "errored")
    assert "403" in standing["message"]
    assert [offer["action"] for offer in shown["offers"]] == ["provide", "withdraw"]
    assert "撤回" in typed.well("request", "show", number).out
    assert typed.well("stack", "show", stack, "-o", "json").document["case"] == number

    refused = typed("request", "do", number, "withdraw", "--as", "vendor", "--reason", "配额不足")
    assert (refused.code, typed("request", "do", number, "withdraw", "--as", "centre").code) == (1, 1)
    typed.well("request", "do", number, "withdraw", "--as", "centre", "--reason", "云平台配额不足")
    assert carried_out(typed, stack) == 0
    with workplace() as place:
        complete_reclaims(place.sessions, place.ports, place.means)

    shown = typed.well("request", "show", number, "-o", "json").document
    assert (shown["summary"]["stage"], shown["summary"]["closed"], shown["standings"]) == ("withdrawn", True, [])
    assert "云平台配额不足" in [event["reason"] for event in shown["timeline"]]
    assert site.scan().findings == []
    with site.sessions() as session:
        assert session.scalar(select(func.count()).select_from(LedgerEventRow)) == 0
        assert session.scalars(select(StackRow.provisioning)).all() == ["ended"]
    typed.well("audit", "verify")


def test_what_is_mended_is_carried_out_after_all(typed: CommandLine, site: Site, number: str, tmp_path: Path) -> None:
    (stack,) = typed.well("request", "show", number, "-o", "json").document["stacks"]
    site.fault("status", status=403, service="compute", method="POST", path="/servers$", count=None)
    assert carried_out(typed, stack) == 1
    site.end_faults()
    assert carried_out(typed, stack) == 0
    paper = tmp_path / "协议.txt"
    paper.write_text("盖章")
    typed.well("request", "do", number, "provide", "--as", "centre", "--evidence", str(paper))
