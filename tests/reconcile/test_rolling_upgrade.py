"""A worker of the next version joins: what was planned under the version before is planned anew, not carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.reconcile.planning import SystemProgram
from controller.store.engine import ApprovalRow, Provisioning
from tests.reconcile.site import PROGRAM, Site

pytestmark = pytest.mark.world


class NextVersion(SystemProgram):
    version = "the next one"


def of_the_next_version(site: Site) -> Site:
    return replace(site, program=NextVersion(PROGRAM.source))


def test_a_plan_approved_under_the_old_version_waits_for_a_new_yes(site: Site) -> None:
    stack = site.desire(site.system())
    old_plan, _ = site.plan(stack)
    site.approve(old_plan)
    newer = of_the_next_version(site)
    newer.look(stack)
    assert site.resources(stack) == [], "nothing of the old plan is done"
    with site.sessions() as session:
        (approval,) = session.query(ApprovalRow).filter_by(plan_id=old_plan)
        assert "another version" in approval.voided
    plan_id, plan = newer.plan(stack)
    assert (plan_id, plan.program_version) != (old_plan, PROGRAM.version)
    newer.approve(plan_id)
    newer.look(stack)
    assert site.stack(stack).provisioning == Provisioning.READY


def test_the_old_version_does_not_do_what_the_next_one_planned(site: Site) -> None:
    stack = site.desire(site.system())
    newer = of_the_next_version(site)
    plan_id, _ = newer.plan(stack)
    newer.approve(plan_id)
    site.look(stack)
    assert site.resources(stack) == []


def test_what_stands_is_left_standing_by_the_next_version(site: Site) -> None:
    stack = site.applied()
    site.forget_counts()
    of_the_next_version(site).look(stack)
    assert site.changes_made() == 0
    assert site.stack(stack).provisioning == Provisioning.READY
