"""A stack that has ended is made anew when a spec is approved for it again: another plan, other things, one history."""

from __future__ import annotations

import pytest

from controller.engine.plan import Op
from controller.reconcile.verdict import Verdict
from controller.store.engine import Provisioning, Wanted
from tests.reconcile.site import Site

pytestmark = pytest.mark.world


@pytest.mark.parametrize("request_number", ["R-2026-0001", "R-2026-0002"])
def test_what_has_ended_comes_again_and_stands(site: Site, request_number: str) -> None:
    spec = site.system()
    stack = site.applied(spec)
    first = {row.physical_id for row in site.resources(stack)}
    site.end(stack)
    site.approve(site.plan(stack)[0])
    site.look(stack)
    assert site.stack(stack).provisioning == Provisioning.ENDED

    metadata = spec.metadata.model_copy(update={"request": request_number})
    again = site.desire(spec.model_copy(update={"metadata": metadata}))
    row = site.stack(again)
    assert (again, row.wanted, row.provisioning) == (stack, Wanted.PRESENT, Provisioning.PENDING)
    site.look(stack)
    assert site.resources(stack) == [], "nothing is made before the new plan is approved"
    plan_id, plan = site.plan(stack)
    assert {one.op for one in plan.operations} == {Op.CREATE}
    site.approve(plan_id)
    site.look(stack)
    assert site.stack(stack).provisioning == Provisioning.READY
    assert first.isdisjoint({row.physical_id for row in site.resources(stack)})
    result = site.scan()
    assert result.complete
    assert result.counts[Verdict.SAME] > 0
    assert not result.findings
