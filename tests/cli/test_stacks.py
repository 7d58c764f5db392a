"""`yunguan stack`, `drift` and `incident`: from a plan through drift to its repair, as an operator types it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from controller.casework.people import Grant, grant
from controller.domain.roles import Role
from controller.store.engine import Provisioning, StackRow
from tests.cli.typed import CommandLine
from tests.reconcile.site import Site

AT = datetime(2026, 9, 28, tzinfo=UTC)


@pytest.fixture
def people(site: Site) -> None:
    with site.sessions.begin() as session:
        for role in (Role.AUTHORITY, Role.VENDOR, Role.CENTRE):
            grant(session, Grant(role.value, "liuzhou", role), by="operator")


def test_the_thousandth_row_is_listed(typed: CommandLine, site: Site) -> None:
    with site.sessions.begin() as session:
        session.add_all(
            StackRow(name=f"liuzhou/unit/system-{number:04}.gov", cloud="sandbox", changed_at=AT)
            for number in range(1234)
        )
    rows = typed.well("stack", "list", "-o", "json").document
    assert len(rows) == 1234
    assert rows[999]["name"] == "liuzhou/unit/system-0999.gov"
    assert typed.well("stack", "list").out.count("liuzhou/unit/system-") == 1234


def test_odd_names_are_shown_as_they_are(typed: CommandLine, site: Site) -> None:
    odd = "program/[bold]x[/bold]'\";--%s{0}.柳州"
    with site.sessions.begin() as session:
        session.add(StackRow(name=odd, cloud="sandbox", message="[red]no[/red]", changed_at=AT))
    assert odd in typed.well("stack", "list").out
    assert "[red]no[/red]" in typed.well("stack", "list").out
    assert odd in typed.well("stack", "show", odd).out
    assert typed.well("stack", "show", odd, "-o", "json").document["name"] == odd
    assert typed.well("stack", "history", odd, "-o", "json").document == []


@pytest.mark.usefixtures("people")
def test_a_plan_is_shown_approved_by_its_digest_and_applied(typed: CommandLine, site: Site) -> None:
    stack = site.desire(site.system())
    name = site.stack(stack).name
    plan = typed.well("stack", "plan", name, "-o", "json").document
    assert {"digest", "operations"} <= plan.keys()
    assert {one["op"] for one in plan["operations"]} == {"create"}
    assert {"urn", "type", "op", "diff"} <= plan["operations"][0].keys()
    assert plan["digest"] in typed.well("stack", "plan", name).out
    refused = typed("stack", "approve", name, "--as", "centre", "--digest", plan["digest"])
    assert (refused.code, site.executions(stack)) == (1, [])
    assert typed("stack", "approve", name, "--as", "vendor", "--digest", "0000").code == 1
    typed.well("stack", "approve", name, "--as", "vendor", "--digest", plan["digest"][:12])
    typed.well("stack", "apply", name, "--as", "vendor")
    assert site.stack(stack).provisioning == Provisioning.READY
    shown = typed.well("stack", "show", name, "-o", "json").document
    assert shown["outputs"]["machines"]["db-1"]["id"] == site.resource(stack, "Instance").physical_id
    assert len([one for one in shown["resources"] if one["id"]]) == len(site.resources(stack))
    server = site.resource(stack, "Instance")
    assert re.search(
        rf"^db-1 +{server.type} +{server.physical_id}", typed.well("stack", "show", name).out, re.MULTILINE
    )
    (execution,) = typed.well("stack", "history", name, "-o", "json").document
    assert (execution["state"], execution["approver"], execution["digest"]) == (
        "succeeded",
        "vendor",
        plan["digest"][:12],
    )
    assert {one["op"] for one in typed.well("stack", "plan", name, "-o", "json").document["operations"]} == {"same"}
    nothing = typed("stack", "approve", name, "--as", "vendor")
    assert (nothing.code, len(site.executions(stack))) == (1, 1)
    assert "there is nothing to approve" in nothing.err


@pytest.mark.usefixtures("people")
def test_an_apply_that_failed_ends_with_1(typed: CommandLine, site: Site) -> None:
    name = site.stack(site.desire(site.system())).name
    typed.well("stack", "plan", name)
    typed.well("stack", "approve", name, "--as", "vendor")
    site.fault("status", method="POST", path="/networks", status=400, count=None)
    failed = typed("stack", "apply", name, "--as", "vendor")
    assert (failed.code, failed.out) == (1, "")
    assert "apply failed" in failed.err


@pytest.mark.usefixtures("people")
def test_without_a_digest_the_plan_made_last_is_approved(typed: CommandLine, site: Site) -> None:
    """The plan made last is an old one again: drift came and went."""
    spec = site.system()
    stack = site.applied(spec)
    name = site.stack(stack).name
    site.desire(site.stopped(spec))
    first = typed.well("stack", "plan", name, "-o", "json").document["digest"]
    volume = site.resource(stack, "volume:Volume", "db-1-data")
    site.hand.block_storage.update_volume(volume.physical_id, name="renamed-by-hand")
    site.follow(site.scan())
    second = typed.well("stack", "plan", name, "-o", "json").document["digest"]
    assert second != first
    typed.well("stack", "approve", name, "--as", "vendor")
    typed.well("stack", "apply", name, "--as", "vendor")
    assert site.hand.block_storage.get_volume(volume.physical_id).name == volume.inputs["name"]
    assert next(iter(site.hand.compute.servers())).status == "SHUTOFF"


def test_drift_is_one_document_with_counts_and_findings(typed: CommandLine, site: Site) -> None:
    stack = site.applied()
    volume = site.resource(stack, "volume:Volume", "db-1-data")
    site.hand.block_storage.update_volume(volume.physical_id, name="[red]手工改名[/red]")
    site.hand.block_storage.create_volume(name="陌生", size=1)
    document = typed.well("drift", "-o", "json").document
    assert {"objects", "api_calls", "seconds", "complete", "incomplete", "verdicts", "findings"} <= document.keys()
    assert document["verdicts"] == {
        "same": len(site.resources(stack)) - 1, "changed": 1, "missing": 0, "orphan": 1, "unknown": 0,
    }  # fmt: skip
    assert document["complete"] is True
    changed, orphan = sorted(document["findings"], key=lambda one: str(one["verdict"]))
    assert changed["fields"] == {"name": [volume.inputs["name"], "[red]手工改名[/red]"]}
    assert orphan["name"] == "陌生"
    table = typed.well("drift").out
    assert "[red]手工改名[/red]" in table
    assert "陌生" in table
    assert "liuzhou/caizhengju/" in table  # its own name, folded, and not Pulumi's


def test_the_drift_of_a_stack_counts_nothing_of_another(typed: CommandLine, site: Site) -> None:
    stack, other = site.applied(), site.applied(site.system(name="other"))
    for one in (stack, other):
        volume = site.resource(one, "volume:Volume", "db-1-data")
        site.hand.block_storage.update_volume(volume.physical_id, name="renamed")
    site.hand.compute.stop_server(site.resource(other, "Instance").physical_id)
    site.hand.block_storage.create_volume(name="stranger", size=1)
    only = typed.well("stack", "drift", site.stack(stack).name, "-o", "json").document
    assert only["verdicts"] == {
        "same": len(site.resources(stack)) - 1, "changed": 1, "missing": 0, "orphan": 0, "unknown": 0,
    }  # fmt: skip
    assert [(one["verdict"], one["stack"]) for one in only["findings"]] == [("changed", site.stack(stack).name)]


@pytest.mark.usefixtures("people")
def test_drift_is_only_reported_and_with_repair_acted_upon(typed: CommandLine, site: Site) -> None:
    stack = site.applied()
    name = site.stack(stack).name
    server = site.resource(stack, "Instance").physical_id
    site.hand.compute.stop_server(server)
    typed.well("drift")
    typed.well("stack", "apply", name, "--as", "vendor")
    assert site.hand.compute.get_server(server).status == "SHUTOFF"
    typed.well("drift", "--repair", "--as", "vendor")
    typed.well("stack", "apply", name, "--as", "vendor")
    assert site.hand.compute.get_server(server).status == "ACTIVE"
    assert typed.well("drift", "-o", "json").document["findings"] == []


@pytest.mark.usefixtures("people")
@pytest.mark.rule("GY-22a")
@pytest.mark.breaks
def test_a_stranger_is_listed_approved_and_gone(typed: CommandLine, site: Site) -> None:
    site.applied()
    volume = site.hand.block_storage.create_volume(name="[bold]toy[/bold]", size=1)
    typed.well("drift", "--repair", "--as", "vendor")
    (incident,) = typed.well("incident", "list", "-o", "json").document
    assert (incident["rule"], incident["state"]) == ("GY-22a", "open")
    assert "[bold]toy[/bold]" in typed.well("incident", "list").out
    assert typed.well("incident", "show", str(incident["id"]), "-o", "json").document["details"]["id"] == volume.id
    refused = typed("incident", "approve", str(incident["id"]), "--as", "centre", "--reason", "清理")
    assert refused.code == 1
    typed.well("incident", "approve", str(incident["id"]), "--as", "authority", "--reason", "未经申请")
    again = typed("incident", "dismiss", str(incident["id"]), "--as", "authority", "--reason", "留用")
    assert again.code == 1
    assert "approved by authority" in again.err
    typed.well("stack", "apply", "unmanaged/sandbox", "--as", "vendor")
    assert typed.well("drift", "-o", "json").document["findings"] == []
    assert typed.well("incident", "list", "-o", "json").document == []


@pytest.mark.usefixtures("people")
def test_the_trail_of_all_that_is_whole_and_exported(typed: CommandLine, site: Site) -> None:
    stack = site.applied()
    lines = typed.well("audit", "export").out.splitlines()
    assert len(lines) > len(site.resources(stack))
    assert "unbroken" in typed.well("audit", "verify").err
