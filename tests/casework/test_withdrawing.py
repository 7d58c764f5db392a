"""An approved request that the cloud refuses is withdrawn: what was made goes, what ran before stays as it was."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from controller.casework import change
from controller.casework.cases import StackStanding, show_case
from controller.casework.certificate.issue import read
from controller.domain.demand import Change, Resize
from controller.domain.errors import Refused
from controller.domain.roles import CONTROLLER_ACTOR
from controller.domain.spec import Phase, SystemSpec
from controller.engine.plan import Purpose
from controller.store.audit import AuditRow
from controller.store.engine import Provisioning, StackRow
from controller.store.metering import LedgerEventRow
from controller.store.vault import Vault
from tests.casework.conftest import Office, machine
from tests.casework.reclaims import Reclaim
from tests.engine.double import DoubleProvider

LARGER = Change(resize=(Resize(machine="app-1", vcpu=16),))
WIDER = Change(resize=(Resize(machine="app-1", vcpu=16),), add=(machine(9, "互联网区", "WEB"),))


@pytest.fixture
def reclaim(office: Office, vault: Vault) -> Reclaim:
    return Reclaim(office, vault, DoubleProvider())


def refused(office: Office) -> str:
    """An approved case whose resources the cloud has refused."""
    number = office.approved()
    office.be(office.ports.estate.stacks(), Provisioning.ERRORED)
    return number


def changing(office: Office, stack: str, wanted: Change = LARGER) -> str:
    """A change that the cloud refuses after its approval."""
    with office.sessions.begin() as session:
        number = change.apply(session, stack, wanted, office.ports, actor="unit").number
    office.act(number, "assess", "centre", "assessment")
    outcome = office.act(number, "approve", "authority")
    assert outcome.merged is not None
    office.be([spec.stack_name for spec in outcome.merged.put], Provisioning.ERRORED)
    return number


def standing(office: Office) -> dict[str, SystemSpec]:
    return {name: office.ports.estate.read(name) for name in office.ports.estate.stacks()}


def ledger(office: Office) -> list[tuple[str, str]]:
    with office.sessions() as session:
        rows = session.scalars(select(LedgerEventRow).order_by(LedgerEventRow.id))
        return [(row.resource, row.kind) for row in rows]


@pytest.mark.parametrize("actor", ["unit", "centre"])
def test_an_opening_that_the_cloud_refuses_is_withdrawn_and_leaves_nothing(reclaim: Reclaim, actor: str) -> None:
    office = reclaim.office
    number = refused(office)
    (stack,) = office.ports.estate.stacks()
    reclaim.stands(stack)
    office.be([stack], Provisioning.ERRORED)
    outcome = office.act(number, "withdraw", actor, reason="云平台配额不足")
    assert (outcome.stage, office.ports.estate.stacks()) == ("withdrawing", [])
    reclaim.complete()
    assert office.case(number).stage == "withdrawing", "what was made stands still"
    reclaim.destroy(stack)
    reclaim.complete()
    closed = office.case(number)
    assert (closed.stage, closed.closed_at is not None) == ("withdrawn", True)
    assert not reclaim.cloud.things
    assert ledger(office) == [], "nothing was confirmed, so nothing is billed"
    assert [one.stack for one in read(reclaim.certificate(stack).document).facts.ledger] == []
    assert office.apply(), "the unit may apply again"


def test_the_case_says_why_it_does_not_go_on_and_what_can_be_done(office: Office) -> None:
    (number,) = office.apply()
    with office.sessions() as session:
        assert show_case(session, number).standings == ()
    office.act(number, "accept", "authority")
    office.act(number, "assess", "centre", "approved_plan")
    office.act(number, "approve", "authority")
    (stack,) = office.ports.estate.stacks()
    with office.sessions.begin() as session:
        row = session.scalars(select(StackRow).where(StackRow.name == stack)).one()
        row.provisioning, row.message = Provisioning.ERRORED, "403: quota exceeded"
    with office.sessions() as session:
        shown = show_case(session, number, actor="centre")
    assert shown.standings == (StackStanding(stack, "errored", "403: quota exceeded"),)
    assert [offer.action for offer in shown.offers] == ["provide", "withdraw"]


def test_the_audit_trail_tells_who_withdrew_and_why_the_case_ended(office: Office) -> None:
    number = refused(office)
    outcome = office.act(number, "withdraw", "centre", reason="云平台配额不足")
    office.ended(outcome)
    office.searched(number)
    office.act(number, "complete", CONTROLLER_ACTOR)
    with office.sessions() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.target == number).order_by(AuditRow.id)).all()
    assert [(row.actor, row.action) for row in rows if row.action.startswith("opening.")][-2:] == [
        ("centre", "opening.withdraw"),
        (CONTROLLER_ACTOR, "opening.complete"),
    ]


@pytest.mark.parametrize(("actor", "reason"), [("vendor", "配额不足"), ("authority", "配额不足"), ("unit", " ")])
def test_nobody_else_withdraws_and_nobody_without_a_reason(office: Office, actor: str, reason: str) -> None:
    number = refused(office)
    before = standing(office)
    with pytest.raises(Refused):
        office.act(number, "withdraw", actor, reason=reason)
    assert (office.case(number).stage, standing(office)) == ("preparing_trial", before)


def test_what_was_handed_over_is_not_withdrawn_but_given_up(office: Office) -> None:
    number = office.in_trial()
    with pytest.raises(Refused, match="放弃开通"):
        office.act(number, "withdraw", "unit", reason="不需要了")
    assert office.case(number).stage == "trial"


def test_an_opening_after_the_trial_is_given_up_and_the_authority_decides(office: Office) -> None:
    number = office.at_opening()
    (stack,) = office.ports.estate.stacks()
    office.be([stack], Provisioning.ERRORED)
    assert office.act(number, "give_up", "unit").stage == "reclaim_proposed"
    assert office.ports.estate.stacks() == [stack], "data is kept until a person decides"
    outcome = office.act(number, "reclaim", "authority", reason="无法开通")
    office.ended(outcome)
    office.searched(number)
    assert office.act(number, "complete", CONTROLLER_ACTOR).stage == "reclaimed"
    assert ledger(office) == []


def test_an_opening_that_is_taken_up_again_is_confirmed_anew(office: Office) -> None:
    number = office.at_opening()
    office.act(number, "confirm", "unit")
    office.act(number, "give_up", "unit")
    office.ready(office.act(number, "open", "centre"))
    assert not office.act(number, "confirm", "centre").completed, "the unit's word was for what it gave up"
    confirmed = office.act(number, "confirm", "unit").confirmed
    assert confirmed is not None
    assert confirmed.by == ("centre", "unit")


@pytest.mark.parametrize("actor", ["unit", "centre"])
def test_a_change_that_the_cloud_refuses_goes_back_to_what_was_approved_before(office: Office, actor: str) -> None:
    stack = office.opened()
    before, charged = standing(office), ledger(office)
    number = changing(office, stack)
    assert standing(office) != before
    outcome = office.act(number, "withdraw", actor, reason="云平台没有此规格")
    assert outcome.stage == "restoring"
    assert standing(office) == before
    assert office.stack(stack).spec_digest == before[stack].digest
    with pytest.raises(Refused, match="尚未就绪"):
        office.act(number, "confirm_restored", "centre")
    office.ready(outcome)
    assert office.act(number, "confirm_restored", "centre").stage == "withdrawn"
    assert ledger(office) == charged, "the ledger never knew of the change"
    office.be([stack], Provisioning.READY)
    again = changing(office, stack)
    assert office.case(again).demand["machines"][0]["vcpu"] == 16, "the system is in service, and may be changed"


def test_a_zone_that_the_withdrawn_change_added_ends(office: Office) -> None:
    stack = office.opened()
    before = standing(office)
    number = changing(office, stack, WIDER)
    outcome = office.act(number, "withdraw", "unit", reason="云平台配额不足")
    assert outcome.merged is not None
    (added,) = outcome.merged.removed
    assert (added, standing(office)) == (stack.replace(".gov", ".internet"), before)
    office.ready(outcome)
    with pytest.raises(Refused, match="尚未回收"):
        office.act(number, "confirm_restored", "centre")
    office.ended(outcome)
    assert office.act(number, "confirm_restored", "centre").stage == "withdrawn"


def test_a_second_change_goes_back_to_the_first(office: Office) -> None:
    stack = office.opened()
    first = changing(office, stack, WIDER)
    office.be(office.ports.estate.stacks(), Provisioning.READY)
    office.act(first, "confirm", "unit")
    office.act(first, "confirm", "centre")
    before = standing(office)
    second = changing(office, stack, Change(resize=(Resize(machine="app-1", vcpu=32),)))
    office.act(second, "withdraw", "unit", reason="云平台配额不足")
    assert standing(office) == before
    assert before[stack].phase is Phase.SERVICE


def test_a_zone_that_the_change_takes_out_stays_while_its_end_has_not_begun(reclaim: Reclaim) -> None:
    office = reclaim.office
    stack = reclaim.in_service()
    before, things = standing(office), dict(reclaim.cloud.things)
    number = changing(office, stack, Change(remove=("web-1",)))
    outcome = office.act(number, "withdraw", "unit", reason="云平台配额不足")
    assert (standing(office), reclaim.cloud.things) == (before, things)
    internet = office.stack(stack.replace(".gov", ".internet"))
    assert (internet.wanted, internet.provisioning) == ("present", Provisioning.PENDING)
    office.ready(outcome)
    assert office.act(number, "confirm_restored", "centre").stage == "withdrawn"


def test_a_zone_whose_end_has_begun_does_not_come_back_as_it_was(reclaim: Reclaim) -> None:
    office = reclaim.office
    stack = reclaim.in_service()
    number = changing(office, stack, Change(remove=("web-1",)))
    ended = reclaim.standing(stack.replace(".gov", ".internet"))
    ended.be(Provisioning.ENDING)
    ended.apply(None, Purpose.DESTROY)
    present = standing(office)
    with pytest.raises(Refused, match="不能恢复原状"):
        office.act(number, "withdraw", "unit", reason="不需要了")
    assert (office.case(number).stage, standing(office)) == ("changing", present)
