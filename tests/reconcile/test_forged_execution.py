"""What was carried out is a ground for what is done without asking only as far as its mark proves it (invariant 1)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from controller.domain.spec import ServerType
from controller.engine.plan import Purpose
from controller.store.audit import AuditRow
from controller.store.engine import DecisionRow, ExecutionRow, ExecutionState, PlanRow, Provisioning, StackRow, Wanted
from tests.reconcile.site import Site
from tests.reconcile.test_apply import other


def rewrite(site: Site, execution_id: int, **values: Any) -> None:
    with site.sessions.begin() as session:
        session.execute(update(ExecutionRow).where(ExecutionRow.id == execution_id).values(**values))


def test_what_was_applied_is_the_ground_of_a_repair(site: Site) -> None:
    stack = site.applied()
    assert site.plan(stack)[1].purpose is Purpose.REPAIR


@pytest.mark.parametrize("values", [{"mac": ""}, {"mac": "0" * 64}], ids=["no mark", "another mark"])
def test_an_execution_without_its_mark_is_none_and_a_person_is_asked(site: Site, values: dict[str, Any]) -> None:
    stack = site.applied()
    rewrite(site, site.executions(stack)[0].id, **values)
    assert site.plan(stack)[1].purpose is Purpose.APPLY


def test_one_that_was_pointed_at_another_genuine_plan_is_none(site: Site) -> None:
    spec = site.system()
    stack = site.applied(spec)
    site.desire(other(spec))
    unapproved, _ = site.plan(stack)
    site.desire(spec)
    assert site.plan(stack)[1].purpose is Purpose.REPAIR
    rewrite(site, site.executions(stack)[0].id, plan_id=unapproved)
    assert site.plan(stack)[1].purpose is Purpose.APPLY


def test_one_that_failed_and_is_called_succeeded_is_none(site: Site) -> None:
    stack = site.applied()
    execution = site.executions(stack)[0]
    rewrite(site, execution.id, state=ExecutionState.FAILED)
    assert site.plan(stack)[1].purpose is Purpose.APPLY
    rewrite(site, execution.id, state=ExecutionState.SUCCEEDED)
    assert site.plan(stack)[1].purpose is Purpose.REPAIR


def test_a_look_at_one_that_was_set_back_to_running_does_nothing_and_says_why(site: Site) -> None:
    stack = site.applied()
    site.forget_counts()
    rewrite(site, site.executions(stack)[0].id, state=ExecutionState.RUNNING)
    look = site.look(stack)
    assert look.failed
    assert "it has ended before" in look.summary
    assert site.stack(stack).provisioning == Provisioning.ERRORED
    assert "it has ended before" in site.stack(stack).message
    assert site.changes_made() == 0
    assert site.look(stack).summary == "nothing to do", "and all is as approved"
    assert site.stack(stack).provisioning == Provisioning.READY


def test_a_failed_end_is_gone_on_with_under_its_yes_only_as_far_as_its_mark_proves_it(site: Site) -> None:
    stack = site.applied()
    site.end(stack)
    site.approve(site.plan(stack)[0])
    site.fault("status", status=403, service="network", method="DELETE", path="/networks/", count=None)
    assert "destroy failed" in site.look(stack).summary
    site.end_faults()
    failed = site.executions(stack)[-1]
    rewrite(site, failed.id, mac="")
    assert "waits for a person" in site.look(stack).summary
    rewrite(site, failed.id, mac=failed.mac)
    assert site.look(stack).summary == "destroy succeeded"


def test_a_change_that_failed_is_no_end_that_a_person_approved(site: Site) -> None:
    spec = site.system()
    stack = site.applied(spec)
    site.desire(site.stopped(spec))
    site.approve(site.plan(stack)[0])
    site.fault("status", status=403, service="compute", method="POST", path="/action", count=None)
    assert "apply failed" in site.look(stack).summary
    site.end_faults()
    with site.sessions.begin() as session:
        session.get_one(PlanRow, site.executions(stack)[-1].plan_id).purpose = Purpose.DESTROY
        row = session.get_one(StackRow, stack)
        row.wanted, row.provisioning = Wanted.ABSENT, Provisioning.ENDING
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    with site.sessions() as session:
        assert session.scalars(select(DecisionRow)).all() == []


def test_of_an_approved_plan_that_was_changed_the_audit_trail_tells_and_made_again_it_is_carried_out(
    site: Site,
) -> None:
    stack = site.desire(site.system(site.machine("web-1", ServerType.WEB)))
    plan_id, _ = site.plan(stack)
    site.approve(plan_id)
    with site.sessions.begin() as session:
        row = session.get_one(PlanRow, plan_id)
        row.document = {**row.document, "spec_digest": "forged"}
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    assert "was changed after it was made" in site.stack(stack).message
    with site.sessions() as session:
        (entry,) = session.scalars(select(AuditRow.details).where(AuditRow.action == "approval.refused"))
    assert "was changed after it was made" in entry["reason"]
    assert site.look(stack).summary == "apply succeeded", "the look made the plan again"
