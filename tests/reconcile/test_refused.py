"""What the cloud refuses after its approval can be taken back: a new stack ends, a changed one is again as before."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused
from controller.domain.spec import ServerType
from controller.engine.plan import Op, Purpose
from controller.reconcile.incidents import IncidentKind
from controller.store.engine import Provisioning, Wanted
from tests.reconcile.site import Site

pytestmark = pytest.mark.world


def refuse(site: Site, service: str, path: str = "") -> None:
    """The quota is used up."""
    site.fault("status", status=403, service=service, method="POST", path=path, count=None)


def refused(site: Site, *services: str, path: str = "") -> int:
    """A new system whose approved plan the cloud refuses."""
    stack = site.desire(site.system())
    site.approve(site.plan(stack)[0])
    for service in services:
        refuse(site, service, path)
    assert "apply failed" in site.look(stack).summary
    site.end_faults()
    return stack


def test_a_stack_of_which_nothing_was_made_ends_without_a_person(site: Site) -> None:
    stack = refused(site, "network", "compute", "volume")
    assert site.resources(stack) == []
    site.end(stack)
    site.forget_counts()
    assert site.look(stack).summary == "destroy succeeded"
    assert (site.stack(stack).provisioning, site.changes_made()) == (Provisioning.ENDED, 0)


def test_what_was_made_before_the_refusal_goes_by_an_approved_plan(site: Site) -> None:
    stack = refused(site, "compute", path="/servers$")
    assert site.resources(stack)
    site.end(stack)
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    plan_id, plan = site.plan(stack)
    assert {one.op for one in plan.operations} == {Op.DELETE}
    site.approve(plan_id)
    site.look(stack)
    assert (site.stack(stack).provisioning, site.resources(stack)) == (Provisioning.ENDED, [])
    assert site.simulated.ask("GET", "/objects?kind=volume") == []
    assert site.scan().findings == []


def test_an_approval_given_before_the_withdrawal_starts_nothing(site: Site) -> None:
    stack = site.desire(site.system())
    site.approve(site.plan(stack)[0])
    site.end(stack)
    site.forget_counts()
    site.look(stack)
    assert (site.stack(stack).provisioning, site.changes_made()) == (Provisioning.ENDED, 0)


def test_a_stack_whose_end_has_not_begun_stays_as_it_is(site: Site) -> None:
    spec = site.system()
    stack = site.applied(spec)
    site.end(stack)
    assert "waits for a person" in site.look(stack).summary
    site.approve(site.plan(stack)[0])
    site.desire(spec)
    site.forget_counts()
    site.look(stack)
    assert (site.stack(stack).provisioning, site.changes_made()) == (Provisioning.READY, 0)
    assert site.scan().findings == []


def test_a_stack_whose_end_has_begun_is_not_kept(site: Site) -> None:
    spec = site.system()
    stack = site.applied(spec)
    site.end(stack)
    site.approve(site.plan(stack)[0])
    site.fault("status", status=403, service="volume", method="DELETE", count=None)
    assert "destroy failed" in site.look(stack).summary
    with pytest.raises(Refused, match="still being ended"):
        site.desire(spec)
    assert site.stack(stack).wanted == Wanted.ABSENT


def test_a_resize_that_the_cloud_refuses_goes_back_by_the_standing_approval(site: Site) -> None:
    before = site.system()
    stack = site.applied(before)
    (machine,) = before.machines
    larger = site.systems.machine("db-1", ServerType.DAT, size=(4, 8), system_disk_gb=40, data_disk_gb=100)
    site.desire(before.model_copy(update={"machines": (larger,)}))
    assert larger.flavor != machine.flavor
    site.approve(site.plan(stack)[0])
    refuse(site, "compute", "/action$")
    assert "apply failed" in site.look(stack).summary
    site.end_faults()
    site.desire(before)
    site.look(stack)
    assert site.stack(stack).provisioning == Provisioning.READY
    assert site.scan().findings == []


def test_what_a_refused_change_had_added_goes_only_by_a_persons_word(site: Site) -> None:
    before = site.system()
    stack = site.applied(before)
    standing = {row.physical_id for row in site.resources(stack)}
    added = site.machine("app-1", ServerType.APP, data=50)
    site.desire(before.model_copy(update={"machines": (*before.machines, added)}))
    site.approve(site.plan(stack)[0])
    refuse(site, "compute", "/servers$")
    assert "apply failed" in site.look(stack).summary
    site.end_faults()
    assert {row.physical_id for row in site.resources(stack)} > standing
    site.desire(before)
    site.forget_counts()
    assert "waits for a person" in site.look(stack).summary
    assert site.changes_made() == 0
    assert [one.kind for one in site.incidents()] == [IncidentKind.GUARD]
    plan_id, plan = site.plan(stack)
    assert plan.purpose is Purpose.APPLY
    gone = [one.urn for one in plan.operations if one.op is Op.DELETE]
    with site.sessions.begin() as session:
        site.reconciler.approve(session, plan_id, person="vendor", ground="withdrawn", gives_up=gone)
    site.look(stack)
    assert site.stack(stack).provisioning == Provisioning.READY
    assert {row.physical_id for row in site.resources(stack)} == standing
    assert (site.incidents(), site.scan().findings) == ([], [])
