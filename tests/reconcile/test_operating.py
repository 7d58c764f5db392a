"""The operating axis: what a scan's findings say about a stack."""

from __future__ import annotations

import pytest

from controller.clock import real_now
from controller.reconcile.operating import judge, note
from controller.reconcile.verdict import Finding, Verdict
from controller.store.database import Sessions
from controller.store.engine import Operating, Provisioning, ResourceRow, StackRow


def found(verdict: Verdict, stack_id: int | None = None) -> Finding:
    return Finding(verdict, "openstack:compute/instance:Instance", "id", stack_id=stack_id, cloud="sandbox")


@pytest.mark.parametrize(
    ("resources", "verdicts", "expected", "reason"),
    [
        (3, [], Operating.HEALTHY, "all seen, as approved"),
        (3, [Verdict.CHANGED], Operating.HEALTHY, "a changed field does not stop it"),
        (3, [Verdict.MISSING], Operating.DEGRADED, "a part is gone"),
        (2, [Verdict.MISSING, Verdict.MISSING], Operating.DOWN, "all of it is gone"),
        (2, [Verdict.MISSING, Verdict.UNKNOWN], Operating.UNKNOWN, "what was not read is not known"),
        (0, [], Operating.UNKNOWN, "nothing was made yet"),
    ],
)
def test_findings_are_judged(resources: int, verdicts: list[Verdict], expected: Operating, reason: str) -> None:
    assert judge(resources, [found(verdict) for verdict in verdicts]) is expected, reason


def test_each_stack_of_the_cloud_gets_its_own(sessions: Sessions) -> None:
    with sessions.begin() as session:
        rows = [
            StackRow(name=name, cloud=cloud, provisioning=provisioning, changed_at=real_now())
            for name, cloud, provisioning in (
                ("好", "sandbox", Provisioning.READY),
                ("坏", "sandbox", Provisioning.READY),
                ("远", "elsewhere", Provisioning.READY),
                ("完", "sandbox", Provisioning.ENDED),
            )
        ]
        session.add_all(rows)
        session.flush()
        session.add_all(
            ResourceRow(
                stack_id=row.id,
                urn="urn",
                generation=1,
                type="t",
                custom=True,
                cloud=row.cloud,
                physical_id="id",
                changed_at=real_now(),
            )
            for row in rows
        )
        note(session, "sandbox", [found(Verdict.MISSING, rows[1].id)])
    assert [row.operating for row in rows] == [
        Operating.HEALTHY,
        Operating.DOWN,
        Operating.UNKNOWN,
        Operating.UNKNOWN,
    ]
