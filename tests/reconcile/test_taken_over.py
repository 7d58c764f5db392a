"""A worker that stood still and comes back after another has gone on: what it would write is not true any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from controller.domain.errors import Failed
from controller.engine.applying import approval
from controller.engine.applying.fence import StaleFence
from controller.engine.applying.outcome import Outcome
from controller.reconcile import apply
from controller.store.engine import ApprovalRow, Operating, Provisioning
from tests.reconcile.site import PROGRAM, Site
from tests.reconcile.test_apply import Watched


def once(act: Callable[[], object]) -> Callable[[], None]:
    """What another worker does while the first stands still, which it does not do itself."""
    acts = [act]

    def do() -> None:
        if acts:
            acts.pop()()

    return do


def start(site: Site, stack: int) -> None:
    """What is planned is approved and started, and nobody carries it out yet."""
    plan_id, _ = site.plan(stack)
    site.approve(plan_id)
    with site.sessions() as session:
        approval_id = session.scalars(select(ApprovalRow.id).where(ApprovalRow.plan_id == plan_id)).one()
    approval.start(site.sessions, approval_id, site.vault)


@pytest.mark.parametrize("expected", [Provisioning.READY, Provisioning.ENDED])
def test_an_execution_that_another_worker_ended_is_no_error(
    site: Site, monkeypatch: pytest.MonkeyPatch, expected: Provisioning
) -> None:
    stack = site.desire(site.system())
    start(site, stack)
    if expected is Provisioning.ENDED:
        site.look(stack)
        site.end(stack)
        start(site, stack)
    recognise, another = site.provider.recognise, once(lambda: site.look(stack))

    def stand_still(cloud: str) -> None:
        another()
        recognise(cloud)

    monkeypatch.setattr(site.provider, "recognise", stand_still)

    with pytest.raises(StaleFence, match="another worker was first"):
        site.look(stack)

    assert (site.stack(stack).provisioning, site.stack(stack).message) == (expected, "")


def test_an_error_while_planning_says_nothing_of_what_another_worker_made_meanwhile(site: Site) -> None:
    stack = site.desire(site.system())
    plan_id, _ = site.plan(stack)
    another = Site(site.simulated, site.sessions, site.vault)

    def stand_still() -> None:
        another.approve(plan_id)
        another.look(stack)
        raise Failed("the program was run")

    site.program = Watched(PROGRAM.source, before=stand_still)

    assert site.look(stack).summary == "failed: the program was run"

    assert (site.stack(stack).provisioning, site.stack(stack).message) == (Provisioning.READY, "")


def test_what_follows_from_an_end_is_not_written_over_what_another_worker_made_since(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = site.desire(site.system())
    start(site, stack)
    execute = apply.execute

    def end_it() -> None:
        site.end(stack)
        start(site, stack)
        site.look(stack)

    another = once(end_it)

    def stand_still(*what: Any) -> Outcome:
        outcome = execute(*what)
        another()
        return outcome

    monkeypatch.setattr(apply, "execute", stand_still)

    with pytest.raises(StaleFence, match="something else since"):
        site.look(stack)

    row = site.stack(stack)
    assert (row.provisioning, row.operating) == (Provisioning.ENDED, Operating.UNKNOWN)
