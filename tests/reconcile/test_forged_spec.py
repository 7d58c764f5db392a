"""A specification that was changed in the database is not planned, let alone applied as a repair (invariant 1)."""

from __future__ import annotations

from controller.domain.spec import SystemSpec
from controller.store.engine import Provisioning, StackRow
from tests.reconcile.site import Site


def test_a_forged_specification_is_refused(site: Site) -> None:
    stack = site.applied()
    with site.sessions.begin() as session:
        row = session.get_one(StackRow, stack)
        spec = SystemSpec.model_validate(row.spec)
        bigger = [machine.model_copy(update={"vcpu": machine.vcpu * 2}) for machine in spec.machines]
        forged = spec.model_copy(update={"machines": tuple(bigger)})
        row.spec, row.settled_digest = forged.model_dump(mode="json", by_alias=True), ""
    site.forget_counts()
    assert "is not the one that was approved" in site.look(stack).summary
    with site.sessions() as session:
        assert session.get_one(StackRow, stack).provisioning == Provisioning.ERRORED
