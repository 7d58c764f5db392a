"""Scans: every verdict after real changes by hand, and none that is not so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from controller.domain.spec import ServerType, SystemSpec
from controller.reconcile.verdict import Verdict
from controller.store.engine import ExecutionRow, ExecutionState, JournalRow, ResourceRow
from controller.store.reconcile import FindingRow, ScanRow
from tests.reconcile.site import Site, found


@pytest.fixture
def stack(site: Site) -> int:
    return site.applied()


def second_system(site: Site) -> SystemSpec:
    return site.system(site.machine("mid-1", ServerType.MID), name="exchange")


def test_what_is_as_approved_is_the_same_and_nothing_else_is_found(site: Site, stack: int) -> None:
    result = site.scan()
    assert (result.complete, result.findings) == (True, [])
    assert result.counts[Verdict.SAME] == len(site.resources(stack)) > 10
    assert result.objects >= result.counts[Verdict.SAME]


def test_a_changed_field_is_named_with_what_it_shall_be_and_what_it_is(site: Site, stack: int) -> None:
    volume = site.resource(stack, "Volume", "db-1-data")
    site.hand.block_storage.update_volume(volume.physical_id, name="renamed-by-hand")
    (finding,) = site.scan().findings
    assert (finding.verdict, finding.id, finding.urn) == (Verdict.CHANGED, volume.physical_id, volume.urn)
    assert finding.fields == {"name": (volume.inputs["name"], "renamed-by-hand")}


def test_a_stopped_server_is_changed(site: Site, stack: int) -> None:
    server = site.resource(stack, "Instance")
    site.hand.compute.stop_server(server.physical_id)
    changed = found(site.scan(), Verdict.CHANGED)
    assert changed["db-1"].fields == {"powerState": ("active", "shutoff")}


def test_a_deleted_server_is_missing_and_so_is_what_hung_on_it(site: Site, stack: int) -> None:
    server = site.resource(stack, "Instance")
    site.hand.compute.delete_server(server.physical_id)
    result = site.scan()
    assert set(found(result, Verdict.MISSING)) == {"db-1", "db-1-data-attach"}
    assert result.complete
    assert not found(result, Verdict.CHANGED)


def test_a_server_in_deletion_is_not_missing_before_it_is_gone(site: Site, stack: int) -> None:
    server = site.resource(stack, "Instance")
    site.simulated.ask("POST", "/latency", {"latency": "held"})
    site.hand.compute.delete_server(server.physical_id)
    during = site.scan()
    assert "db-1" not in found(during, Verdict.MISSING)
    site.simulated.ask("POST", "/latency", {"latency": "zero"})
    assert "db-1" in found(site.scan(), Verdict.MISSING)


def test_a_rule_made_by_hand_is_an_orphan_inside_its_group(site: Site, stack: int) -> None:
    group = site.resource(stack, "SecGroup", "sg-dat")
    rule = site.hand.network.create_security_group_rule(
        security_group_id=group.physical_id, direction="ingress", ethertype="IPv4", remote_ip_prefix="0.0.0.0/0"
    )
    (finding,) = site.scan().findings
    assert (finding.verdict, finding.id) == (Verdict.ORPHAN, rule.id)
    assert (finding.stack_id, finding.owner_urn) == (stack, group.urn)


def test_a_stranger_is_an_orphan_of_nobody(site: Site, stack: int) -> None:
    volume = site.hand.block_storage.create_volume(name="[bold]陌生[/bold]", size=1)
    (finding,) = site.scan().findings
    assert (finding.verdict, finding.id, finding.name) == (Verdict.ORPHAN, volume.id, "[bold]陌生[/bold]")
    assert (finding.stack_id, finding.owner_urn, finding.identity) == (None, "", "")


def test_what_an_operator_shares_is_nobodys_orphan(site: Site, stack: int) -> None:
    assert site.scan("sandbox").counts[Verdict.ORPHAN] == 0


def test_objects_by_pages_are_all_seen(site: Site, stack: int) -> None:
    site.seed_volumes(2300)
    result = site.scan()
    assert result.complete
    assert result.counts[Verdict.SAME] == len(site.resources(stack))
    assert result.counts[Verdict.ORPHAN] == len(result.findings) == 2300


@pytest.mark.rule("GY-22a")
def test_what_lies_in_a_project_of_others_is_nobodys_orphan(site: Site) -> None:
    """Credentials that see every project: a stranger counts where something of ours lies, or with an identity of ours.

    The project of the credentials is ours even while nothing lies in it.
    """
    site.applied(site.system(cloud="sandbox-admin"))
    identity = {"yunguan_identity": "yg-" + "a" * 26}
    ours = site.seed_volumes(1, site.provider.project("sandbox-admin"), name="stranger of ours")
    others = site.seed_volumes(2, "new", name="of others")
    site.seed_volumes(1, others, name="late", metadata=identity)
    result = site.scan("sandbox-admin")
    volumes = [one for one in result.findings if "Volume" in one.type]
    assert {(one.name, one.project) for one in volumes} == {("stranger of ours", ours), ("late", others)}
    assert {one.verdict for one in volumes} == {Verdict.ORPHAN}


def test_a_stack_that_is_being_executed_is_left_alone(site: Site, stack: int) -> None:
    site.hand.compute.delete_server(site.resource(stack, "Instance").physical_id)
    group = site.resource(stack, "SecGroup", "sg-dat")
    site.hand.network.create_security_group_rule(
        security_group_id=group.physical_id, direction="ingress", ethertype="IPv4", remote_ip_prefix="0.0.0.0/0"
    )
    with _executing(site, stack):
        result = site.scan()
        assert (result.findings, result.complete) == ([], True)
    assert set(found(site.scan(), Verdict.MISSING)) == {"db-1", "db-1-data-attach"}


def test_an_execution_that_begins_during_the_scan_makes_its_findings_void(site: Site, stack: int) -> None:
    """The finding was true when it was seen; by the time it is followed up the execution owns the stack."""
    site.hand.compute.delete_server(site.resource(stack, "Instance").physical_id)
    result = site.scan()
    assert result.counts[Verdict.MISSING] == 2
    with _executing(site, stack):
        site.follow(result)
        assert not any(row.missing for row in site.resources(stack))


@contextmanager
def _executing(site: Site, stack: int) -> Iterator[None]:
    """An execution of the stack is running; nothing of it is carried out."""
    _run(site, stack, ExecutionState.RUNNING)
    yield
    _run(site, stack, ExecutionState.SUCCEEDED)


def _run(site: Site, stack: int, state: ExecutionState) -> None:
    with site.sessions.begin() as session:
        session.scalars(select(ExecutionRow).where(ExecutionRow.stack_id == stack)).one().state = state


def test_what_is_made_while_the_scan_runs_is_no_orphan(site: Site, stack: int) -> None:
    """A second system is applied from beginning to end between the first and the last list of a scan."""
    other = second_system(site)
    began, applied = threading.Event(), threading.Event()

    def progress(kind: str, _count: int) -> None:
        began.set()
        assert applied.wait(60)

    with ThreadPoolExecutor(1) as threads:
        scanning = threads.submit(site.scan, progress=progress)
        assert began.wait(30)
        site.applied(other)
        applied.set()
        result = scanning.result(60)
    assert (result.findings, result.complete) == ([], True)


def test_what_is_deleted_while_the_scan_runs_is_neither_missing_nor_an_orphan(site: Site, stack: int) -> None:
    """Its volumes are listed while it is being destroyed, and gone from cloud and state before they are looked at."""
    other = site.applied(second_system(site))
    volumes = {row.physical_id for row in site.resources(other, "volume:Volume")}
    listed = []

    def progress(kind: str, count: int) -> None:
        if kind == "openstack:blockstorage/volume:Volume" and not listed:
            listed.append(count)
            _run(site, other, ExecutionState.SUCCEEDED)
            site.end(other)
            site.approve(site.plan(other)[0])
            site.look(other)

    _run(site, other, ExecutionState.RUNNING)
    result = site.scan(progress=progress)
    assert listed == [len(volumes) + len(site.resources(stack, "volume:Volume"))]
    assert site.resources(other) == []
    assert (result.findings, result.complete) == ([], True)


def test_an_announced_create_is_no_orphan(site: Site, stack: int) -> None:
    """The intent is committed and the call was made; the result is still to be written."""
    volume = site.resource(stack, "Volume", "db-1-data")
    with site.sessions.begin() as session:
        session.delete(session.get_one(ResourceRow, volume.id))
        made = session.scalars(select(JournalRow).where(JournalRow.identity == volume.identity)).one()
        made.outcome = ""
    assert site.scan().counts[Verdict.ORPHAN] == 0


def test_a_scan_stands_in_the_database_with_its_findings(site: Site, stack: int) -> None:
    volume = site.resource(stack, "Volume", "db-1-data")
    site.hand.block_storage.update_volume(volume.physical_id, name="renamed-by-hand")
    result = site.scan()
    with site.sessions() as session:
        row = session.get_one(ScanRow, result.scan_id)
        finding = session.scalars(select(FindingRow)).one()
    assert (row.cloud, row.complete, row.objects, row.api_calls) == ("sandbox", True, result.objects, result.api_calls)
    assert row.counts == {"same": len(site.resources(stack)) - 1, "changed": 1, "missing": 0, "orphan": 0, "unknown": 0}
    assert row.ended_at is not None
    assert row.ended_at > row.started_at
    assert (finding.verdict, finding.stack_id, finding.physical_id) == ("changed", stack, volume.physical_id)
    assert finding.fields == {"name": [volume.inputs["name"], "renamed-by-hand"]}
