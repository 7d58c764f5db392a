"""What has ended may come again: a reclaimed trial, a terminated system, a zone that was left."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from controller.casework.certificate.issue import read
from controller.domain.demand import Change
from controller.store.engine import Provisioning
from controller.store.metering import LedgerEventRow, MeterEvent
from controller.store.vault import Vault
from tests.casework.conftest import Office, machine
from tests.casework.reclaims import Reclaim
from tests.engine.double import DoubleProvider


@pytest.fixture
def reclaim(office: Office, vault: Vault) -> Reclaim:
    return Reclaim(office, vault, DoubleProvider())


def test_a_reclaimed_trial_is_applied_for_again_and_stands(reclaim: Reclaim) -> None:
    office = reclaim.office
    first = office.in_trial()
    (stack,) = reclaim.stacks("liuzhou")
    reclaim.stands(stack)
    office.act(first, "give_up", "unit")
    office.act(first, "reclaim", "authority", reason="放弃")
    reclaim.destroy(stack)
    reclaim.complete()
    assert office.case(first).stage == "reclaimed"
    second = office.approved()
    row = office.stack(stack)
    assert (row.wanted, row.provisioning) == ("present", Provisioning.PENDING)
    reclaim.stands(stack)
    assert office.act(second, "provide", "centre", "use_agreement").stage == "trial"
    assert len(reclaim.cloud.things) == 3
    assert office.ports.estate.read(stack).metadata.request == second


def test_a_terminated_system_comes_again_and_its_ledger_and_certificates_go_on(reclaim: Reclaim) -> None:
    office = reclaim.office
    first = read(reclaim.certified().document)
    office.pass_days(1)
    stack = reclaim.in_service()
    with office.sessions() as session:
        events = session.scalars(
            select(LedgerEventRow)
            .where(LedgerEventRow.resource == f"{stack}/app-1", LedgerEventRow.item == "vcpu")
            .order_by(LedgerEventRow.sequence)
        ).all()
    assert [one.kind for one in events] == [MeterEvent.OPENED, MeterEvent.ENDED, MeterEvent.OPENED]
    office.pass_days(1)
    number = reclaim.handed_over(stack)
    reclaim.destroy(*reclaim.stacks(stack))
    reclaim.complete()
    reclaim.confirm_end(number)
    second = read(reclaim.certificate(stack).document)
    assert second.number == f"{number}-R" != first.number
    assert {one.opened_on for one in second.facts.ledger} == {date(2026, 9, 29)}, "the last life is told"


def test_a_zone_that_was_left_comes_again_on_its_old_addresses(reclaim: Reclaim) -> None:
    office = reclaim.office
    stack = reclaim.in_service()
    internet = stack.replace(".gov", ".internet")
    before = office.ports.estate.read(internet).placement
    reclaim.changed(stack, Change(remove=("web-1",)))
    assert office.stack(internet).provisioning == Provisioning.ENDED
    reclaim.changed(stack, Change(add=(machine(9, "互联网区", "WEB"),)))
    assert office.stack(internet).provisioning == Provisioning.READY
    assert office.ports.estate.read(internet).placement == before


def test_a_zone_that_was_left_is_looked_for_and_certified_with_the_rest(reclaim: Reclaim) -> None:
    stack = reclaim.in_service()
    internet = stack.replace(".gov", ".internet")
    reclaim.changed(stack, Change(remove=("web-1",)))
    number = reclaim.handed_over(stack)
    reclaim.destroy(stack)
    reclaim.complete()
    reclaim.confirm_end(number)
    told = read(reclaim.certificate(stack).document).facts
    assert [one.name for one in told.stacks] == [stack, internet]
