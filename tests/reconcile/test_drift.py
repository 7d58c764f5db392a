"""What follows from a scan: drift is put back as approved, and what the guard refuses waits for a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from controller import audit
from controller.domain.spec import ServerType
from controller.engine.plan import Op, Purpose
from controller.engine.storage import from_row
from controller.reconcile import work
from controller.reconcile.guard import Allowance
from controller.reconcile.incidents import IncidentKind, IncidentState, decide
from controller.reconcile.scan import ScanResult
from controller.reconcile.strangers import approve_incident
from controller.reconcile.verdict import Verdict
from controller.store import clock
from controller.store.audit import AuditRow
from controller.store.engine import ApprovalRow, ExecutionState, PlanRow, Provisioning
from controller.store.reconcile import ScanRow
from tests.reconcile.site import Site, found


@pytest.fixture
def stack(site: Site) -> int:
    return site.applied()


def assert_as_approved(site: Site) -> None:
    result = site.scan()
    assert (result.findings, result.incomplete) == ([], [])
    assert result.counts[Verdict.SAME] > 0


# Repairs without a person.


def test_a_deleted_server_comes_back_with_its_attachments_and_its_place_behind_the_balancer(site: Site) -> None:
    stack = site.applied(site.cluster())
    server = site.resource(stack, "instance:Instance", "web-1")
    site.hand.compute.delete_server(server.physical_id)
    look = site.repaired(stack)
    assert look.summary == "repair succeeded"
    made = site.resource(stack, "instance:Instance", "web-1")
    assert made.physical_id != server.physical_id
    assert made.generation == server.generation + 1
    (shown,) = (one for one in site.hand.compute.servers() if one.id == made.physical_id)
    assert shown.status == "ACTIVE"
    assert_as_approved(site)
    servers = {one["addr"] for row in site.hand.compute.servers() for net in row.addresses.values() for one in net}
    for pool in site.resources(stack, "pool:Pool"):
        assert {one.address for one in site.hand.load_balancer.members(pool.physical_id)} <= servers


def test_a_data_disk_is_attached_to_the_server_that_comes_back(site: Site, stack: int) -> None:
    volume = site.resource(stack, "volume:Volume", "db-1-data").physical_id
    site.hand.compute.delete_server(site.resource(stack, "Instance").physical_id)
    site.repaired(stack)
    (attachment,) = site.hand.block_storage.get_volume(volume).attachments
    assert attachment["server_id"] == site.resource(stack, "Instance").physical_id
    assert_as_approved(site)


def test_a_rule_that_opens_a_group_to_the_world_is_removed(site: Site, stack: int) -> None:
    group = site.resource(stack, "SecGroup", "sg-dat")
    rule = site.hand.network.create_security_group_rule(
        security_group_id=group.physical_id, direction="ingress", ethertype="IPv4", remote_ip_prefix="0.0.0.0/0"
    )
    assert site.repaired(stack).summary == "repair succeeded"
    assert rule.id not in {one.id for one in site.hand.network.security_group_rules()}
    assert_as_approved(site)
    assert not any(row.pending_delete for row in site.resources(stack))


def test_a_volume_gets_its_name_back_and_keeps_its_data(site: Site, stack: int) -> None:
    volume = site.resource(stack, "volume:Volume", "db-1-data")
    site.hand.block_storage.update_volume(volume.physical_id, name="renamed-by-hand")
    site.repaired(stack)
    assert site.hand.block_storage.get_volume(volume.physical_id).name == volume.inputs["name"]
    assert_as_approved(site)


def test_a_stopped_server_runs_again(site: Site, stack: int) -> None:
    server = site.resource(stack, "Instance").physical_id
    site.hand.compute.stop_server(server)
    site.repaired(stack)
    assert site.hand.compute.get_server(server).status == "ACTIVE"
    assert_as_approved(site)


def test_a_repair_rests_on_the_merged_approval_and_is_recorded_with_its_digest(site: Site, stack: int) -> None:
    """Invariant 1: a merged approval also stands for repair."""
    site.hand.compute.stop_server(site.resource(stack, "Instance").physical_id)
    site.repaired(stack)
    with site.sessions() as session:
        plan, approval = session.execute(
            select(PlanRow, ApprovalRow)
            .join(ApprovalRow, ApprovalRow.plan_id == PlanRow.id)
            .where(PlanRow.purpose == Purpose.REPAIR)
        ).one()
        details = [
            row.details["digest"] for row in session.scalars(select(AuditRow).where(AuditRow.action == "plan.approved"))
        ]
        assert audit.verify(session).broken_at is None
    assert approval.approver.startswith("rule ")
    assert plan.digest in details
    touched = {one["urn"] for one in plan.document["operations"] if one["op"] != Op.SAME}
    assert touched == {site.resource(stack, "Instance").urn}


def test_drift_is_put_into_the_audit_trail(site: Site, stack: int) -> None:
    volume = site.resource(stack, "volume:Volume", "db-1-data")
    site.hand.block_storage.update_volume(volume.physical_id, name="renamed-by-hand")
    site.follow(site.scan())
    with site.sessions() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "drift.found")).one()
    assert (row.target, row.details) == (site.stack(stack).name, {"findings": [f"changed {volume.urn}"]})


def test_followed_up_twice_it_is_repaired_once(site: Site, stack: int) -> None:
    site.hand.compute.delete_server(site.resource(stack, "Instance").physical_id)
    result = site.scan()
    assert site.follow(result) == [work.Subject.stack(stack)]
    site.follow(result)
    site.look(stack)
    site.follow(result)
    site.look(stack)
    names = [one.name for one in site.hand.compute.servers()]
    assert len(names) == 1
    assert_as_approved(site)
    assert [one.state for one in site.executions(stack)] == [ExecutionState.SUCCEEDED] * 2


def test_a_stack_that_cannot_be_marked_holds_up_no_other_and_the_scan_is_followed_up_again(site: Site) -> None:
    stacks = [site.applied(site.system(name=name)) for name in ("caiwu", "renshi")]
    for stack in stacks:
        site.hand.compute.stop_server(site.resource(stack, "Instance").physical_id)
    result = site.scan()
    held, other = dict.fromkeys(one.stack_id for one in result.findings)
    with site.sessions.begin() as session:
        session.execute(text(f"ALTER TABLE stack ADD CONSTRAINT held CHECK (id != {held} OR settled_digest != '')"))
    try:
        with pytest.raises(DBAPIError, match="held"):
            site.follow(result)
    finally:
        with site.sessions.begin() as session:
            session.execute(text("ALTER TABLE stack DROP CONSTRAINT held"))
    assert to_look_at(site) == [other]
    assert not is_followed_up(site, result)
    assert site.follow(result) == [work.Subject.stack(held or 0)], "nothing more is to be marked of the other one"
    assert to_look_at(site) == [other, held]
    assert is_followed_up(site, result)
    with site.sessions() as session:
        told = session.scalars(select(AuditRow.target).where(AuditRow.action == "drift.found")).all()
    assert told == [site.stack(stack).name for stack in (other, held)]


def to_look_at(site: Site) -> list[int]:
    with site.sessions() as session:
        return [int(one.key) for one in work.due(session) if one.kind == "stack"]


def is_followed_up(site: Site, result: ScanResult) -> bool:
    with site.sessions() as session:
        return session.get_one(ScanRow, result.scan_id).followed_up


def test_drift_that_was_put_back_by_hand_needs_nothing(site: Site, stack: int) -> None:
    server = site.resource(stack, "Instance").physical_id
    site.hand.compute.stop_server(server)
    result = site.scan()
    site.hand.compute.start_server(server)
    site.follow(result)
    site.look(stack)
    assert_as_approved(site)


def test_a_missing_resource_that_is_seen_again_is_not_made_a_second_time(site: Site, stack: int) -> None:
    """Whatever made it look missing is over: the state says so before anybody acts on it."""
    server = site.resource(stack, "Instance")
    with site.sessions.begin() as session:
        row = session.merge(server)
        row.missing, row.version = True, ""
    (finding,) = site.scan().findings
    assert (finding.verdict, finding.fields) == (Verdict.CHANGED, {})
    assert site.repaired(stack).summary == "nothing to do"
    assert not site.resource(stack, "Instance").missing
    assert [one.id for one in site.hand.compute.servers()] == [server.physical_id]
    assert_as_approved(site)


def take_port_off(site: Site, stack: int) -> str:
    """By hand; the port's id."""
    server, port = site.resource(stack, "Instance"), site.resource(stack, "port:Port")
    site.hand.compute.delete_server_interface(port.physical_id, server=server.physical_id)
    assert site.hand.network.get_port(port.physical_id).device_id == ""
    return port.physical_id


def test_a_port_that_was_taken_off_is_a_difference_of_its_server_and_put_on_again(site: Site, stack: int) -> None:
    server = site.resource(stack, "Instance")
    port = take_port_off(site, stack)
    (finding,) = (result := site.scan()).findings
    assert (finding.verdict, finding.urn) == (Verdict.CHANGED, server.urn)
    assert finding.fields == {"networks": ([{"port": port}], [])}
    assert result.counts[Verdict.SAME] == len(site.resources(stack)) - 1
    assert site.repaired(stack).summary == "repair succeeded"
    assert site.hand.network.get_port(port).device_id == server.physical_id
    assert site.resource(stack, "Instance").physical_id == server.physical_id
    assert_as_approved(site)


def test_a_server_that_was_stopped_and_lost_its_port_is_one_finding_and_a_deleted_one_is_missing(
    site: Site, stack: int
) -> None:
    server = site.resource(stack, "Instance")
    site.hand.compute.stop_server(server.physical_id)
    take_port_off(site, stack)
    (finding,) = site.scan().findings
    assert finding.fields.keys() == {"networks", "powerState"}
    site.hand.compute.delete_server(server.physical_id)
    result = site.scan()
    assert set(found(result, Verdict.MISSING)) == {"db-1", "db-1-data-attach"}
    assert not found(result, Verdict.CHANGED)
    assert site.repaired(stack).summary == "repair succeeded"
    assert_as_approved(site)


# What the guard leaves to a person.


def lost_volume(site: Site, stack: int) -> str:
    """The data volume is detached and deleted by hand."""
    volume = site.resource(stack, "volume:Volume", "db-1-data")
    server = site.resource(stack, "Instance").physical_id
    site.hand.compute.delete_volume_attachment(server, volume.physical_id)
    site.hand.block_storage.delete_volume(volume.physical_id)
    return volume.urn


def test_lost_data_is_never_replaced_by_an_empty_volume_without_a_person(site: Site, stack: int) -> None:
    urn = lost_volume(site, stack)
    site.forget_counts()
    assert "waits for a person" in site.repaired(stack).summary
    assert site.changes_made() == 0
    (incident,) = site.incidents()
    assert (incident.kind, incident.stack_id) == (IncidentKind.GUARD, stack)
    assert any(urn in reason and "empty" in reason for reason in incident.details["reasons"])


def test_what_was_put_back_by_hand_while_the_guard_held_is_known_to_be_as_approved(site: Site, stack: int) -> None:
    """The state no longer says what a person has put right: nothing is to be repaired, and nobody is asked."""
    server = site.resource(stack, "Instance")
    site.with_limits(repairs=0)
    site.hand.compute.stop_server(server.physical_id)
    assert "waits for a person" in site.repaired(stack).summary
    assert site.resource(stack, "Instance").observed["powerState"] == "shutoff"
    site.hand.compute.start_server(server.physical_id)
    (finding,) = (result := site.scan()).findings
    assert finding.fields == {"powerState": ("active", "active")}
    site.follow(result)
    assert site.resource(stack, "Instance").observed["powerState"] == "active"
    site.forget_counts()
    assert site.look(stack).summary == "nothing to do"
    assert (site.changes_made(), site.incidents()) == (0, [])
    assert_as_approved(site)


def test_an_approved_incident_is_done_exactly_as_it_proposed(site: Site, stack: int) -> None:
    lost_volume(site, stack)
    site.repaired(stack)
    (incident,) = site.incidents()
    approve_incident(site.reconciler, incident.id, user="authority", reason="restored from backup by the unit")
    assert site.look(stack).summary == "apply succeeded"
    (execution,) = site.executions(stack)[1:]
    assert execution.plan_id == incident.plan_id
    assert site.incidents() == []
    assert_as_approved(site)


def test_an_approved_incident_whose_ground_moved_is_void_and_proposed_anew(site: Site, stack: int) -> None:
    lost_volume(site, stack)
    site.repaired(stack)
    (incident,) = site.incidents()
    approve_incident(site.reconciler, incident.id, user="authority", reason="go on")
    site.hand.compute.delete_server(site.resource(stack, "Instance").physical_id)
    site.forget_counts()
    assert "waits for a person" in site.repaired(stack).summary
    assert site.changes_made() == 0
    (again,) = site.incidents()
    assert again.plan_id != incident.plan_id


def test_what_is_undone_again_and_again_is_brought_to_a_person(site: Site, stack: int) -> None:
    site.with_limits(repairs=1)
    summaries = []
    for _ in range(2):
        site.hand.compute.stop_server(site.resource(stack, "Instance").physical_id)
        summaries.append(site.repaired(stack).summary)
    assert summaries[0] == "repair succeeded"
    assert "waits for a person" in summaries[1]
    (incident,) = site.incidents()
    assert "something undoes the repairs" in incident.summary
    approve_incident(site.reconciler, incident.id, user="vendor", reason="the unit was told")
    assert site.look(stack).summary == "repair succeeded"
    assert site.incidents() == []


def test_a_day_has_its_limit_however_small_each_repair_is(site: Site, stack: int) -> None:
    """Each pass is within what one pass may do; the third is more than the cloud may take in a day."""
    site.with_limits(cloud_day=Allowance(2, 1.0))
    group = site.resource(stack, "SecGroup", "sg-dat").physical_id
    summaries = []
    for port in (22, 23, 24):
        site.hand.network.create_security_group_rule(
            security_group_id=group,
            direction="ingress",
            ethertype="IPv4",
            protocol="tcp",
            port_range_min=port,
            port_range_max=port,
        )
        summaries.append(site.repaired(stack).summary)
    assert summaries[:2] == ["repair succeeded"] * 2
    assert "waits for a person" in summaries[2]
    (incident,) = site.incidents()
    assert "3 deletes and replaces on this cloud today, 2 are allowed in a day" in incident.summary
    with site.sessions.begin() as session:
        clock.advance(session, timedelta(days=1))
    assert site.look(stack).summary == "repair succeeded", "another day"
    assert site.incidents() == []


def test_a_dismissed_incident_changes_nothing_and_is_not_brought_up_again(site: Site, stack: int) -> None:
    lost_volume(site, stack)
    site.repaired(stack)
    (incident,) = site.incidents()
    with site.sessions.begin() as session:
        decide(session, incident.id, IncidentState.DISMISSED, user="authority", reason="the unit will restore it")
    site.forget_counts()
    site.repaired(stack)
    assert site.changes_made() == 0
    assert site.incidents() == []


def test_more_than_the_limit_is_left_to_a_person(site: Site, stack: int) -> None:
    site.with_limits(one_pass=Allowance(1, 1.0))
    group = site.resource(stack, "SecGroup", "sg-dat").physical_id
    for port in (22, 23):
        site.hand.network.create_security_group_rule(
            security_group_id=group,
            direction="ingress",
            ethertype="IPv4",
            protocol="tcp",
            port_range_min=port,
            port_range_max=port,
        )
    site.forget_counts()
    assert "waits for a person" in site.repaired(stack).summary
    assert site.changes_made() == 0
    (incident,) = site.incidents()
    assert "1 are allowed in one pass" in incident.summary


def test_a_system_that_is_gone_as_a_whole_is_left_to_a_person(site: Site) -> None:
    """Another one stands, so the credentials are right; yet nothing is made again without a person."""
    site.applied(site.system(name="other"))
    stack = site.applied(site.system(site.machine("mid-1", ServerType.MID), name="exchange"))
    remove_everything(site, stack)
    result = site.scan()
    assert len(found(result, Verdict.MISSING)) == len(site.resources(stack))
    site.forget_counts()
    assert "waits for a person" in site.repaired(stack).summary
    assert site.changes_made() == 0
    (incident,) = site.incidents()
    assert any("everything of the stack is gone" in reason for reason in incident.details["reasons"])


def remove_everything(site: Site, stack: int) -> None:
    """By hand and in earnest: all that the stack's state names is deleted in the cloud."""
    cloud = site.provider.cloud("sandbox")
    for row in reversed(site.resources(stack)):
        site.provider.kind(row.type).delete(cloud, row.physical_id, from_row(row, site.vault).inputs)


def test_a_whole_project_that_is_gone_is_neither_marked_nor_made_again(site: Site, stack: int) -> None:
    remove_everything(site, stack)
    result = site.scan()
    assert not result.complete
    assert site.follow(result) == []
    site.forget_counts()
    site.look(stack)
    assert site.changes_made() == 0
    assert not any(row.missing for row in site.resources(stack))
    assert site.stack(stack).provisioning == Provisioning.READY
