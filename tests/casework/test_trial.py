"""LZ-21-4: a trial within two working days, of 15 to 30 natural days, ended by rule, reclaimed only by a person."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from controller.casework.casefile.declarations import record_exception
from controller.casework.cases import show_case
from controller.domain.errors import Refused
from controller.domain.roles import CONTROLLER_ACTOR
from controller.domain.spec import Phase, Power
from controller.store.engine import Provisioning
from tests.casework.conftest import Office

STACK = "liuzhou/liuzhoushicaizhengju/caiwuguanlixitong.gov"


def due(office: Office, number: str) -> date | None:
    with office.sessions() as session:
        return show_case(session, number, actor="centre").summary.due


@pytest.mark.rule("LZ-21-4")
def test_two_working_days_to_provide_it(office: Office) -> None:
    assert due(office, office.approved()) == date(2026, 9, 30)


@pytest.mark.rule("LZ-21-4")
@pytest.mark.breaks
def test_provided_late_is_overdue_and_the_centres(office: Office) -> None:
    number = office.approved()
    office.set_clock(datetime(2026, 9, 30, 16, tzinfo=UTC))
    office.tend()
    with office.sessions() as session:
        last = show_case(session, number, actor="unit").timeline[-1]
    assert (last.kind, last.rule, last.details["for"]) == ("overdue", "LZ-21-4", "centre")


@pytest.mark.rule("LZ-21-4")
@pytest.mark.parametrize(
    ("days", "end"), [(15, date(2026, 10, 13)), (30, date(2026, 10, 28)), (None, date(2026, 10, 28))]
)
def test_fifteen_to_thirty_natural_days(office: Office, days: int | None, end: date) -> None:
    number = office.prepared()
    office.act(number, "provide", "centre", "use_agreement", days=days)
    assert due(office, number) == end


@pytest.mark.rule("LZ-21-4")
@pytest.mark.breaks
def test_its_days_do_not_begin_before_it_stands_ready(office: Office) -> None:
    number = office.approved()
    with pytest.raises(Refused, match="尚未就绪") as refused:
        office.act(number, "provide", "centre", "use_agreement")
    assert refused.value.rule == "LZ-21-4"
    assert office.case(number).stage == "preparing_trial"
    office.be([STACK], Provisioning.READY)
    assert office.act(number, "provide", "centre", "use_agreement").stage == "trial"


def test_the_end_of_a_trial_does_not_move_off_a_day_off(office: Office) -> None:
    number = office.in_trial(days=19)
    assert due(office, number) == date(2026, 10, 17), "a Saturday: a favour at public cost is not prolonged"


@pytest.mark.rule("LZ-21-4")
@pytest.mark.breaks
@pytest.mark.parametrize("days", [0, 14, 31])
def test_other_lengths_are_refused(office: Office, days: int) -> None:
    number = office.prepared()
    with pytest.raises(Refused) as refused:
        office.act(number, "provide", "centre", "use_agreement", days=days)
    assert refused.value.rule == "LZ-21-4"


@pytest.mark.rule("LZ-21-4")
def test_a_recorded_exception_allows_another_length(office: Office) -> None:
    number = office.prepared()
    with office.sessions.begin() as session:
        record_exception(session, number, rule="LZ-21-4", reason="压力测试需要", actor="authority")
    office.act(number, "provide", "centre", "use_agreement", days=45)
    assert due(office, number) == date(2026, 11, 12)


@pytest.mark.rule("LZ-21-4")
@pytest.mark.breaks
def test_no_trial_without_the_use_agreement(office: Office) -> None:
    number = office.prepared()
    with pytest.raises(Refused, match="条件不齐") as refused:
        office.act(number, "provide", "centre")
    assert refused.value.rule == "LZ-21-4"


def test_the_trial_is_opened_as_a_plan_of_its_own_on_the_same_machines(office: Office) -> None:
    number = office.in_trial()
    trial = office.ports.estate.read(STACK)
    office.act(number, "open", "centre", "confidentiality_agreement")
    service = office.ports.estate.read(STACK)
    assert (trial.phase, service.phase) == (Phase.TRIAL, Phase.SERVICE)
    assert trial.digest != service.digest
    assert service.model_copy(update={"phase": Phase.TRIAL}) == trial


@pytest.mark.rule("LZ-21-4")
def test_an_expired_trial_is_stopped_by_rule_then_proposed_for_reclaim(office: Office) -> None:
    office.in_trial(days=15)
    assert office.pass_days(15) == [], "the last day is not over yet"
    (stopped,) = office.pass_days(1)
    assert stopped.stage == "trial_expired"
    assert office.ports.estate.read(STACK).power is Power.STOPPED
    revision = next(iter(office.ports.estate.history(STACK)))
    assert (revision.account, revision.trailers["Approval-rule"]) == (CONTROLLER_ACTOR, "LZ-21-4")
    assert office.pass_days(7) == []
    (proposed,) = office.pass_days(1)
    assert proposed.stage == "reclaim_proposed"
    assert office.ports.estate.stacks() == [STACK], "data is kept until a person decides"


@pytest.mark.rule("LZ-21-4")
@pytest.mark.breaks
@pytest.mark.parametrize("actor", [CONTROLLER_ACTOR, "unit", "centre", "vendor"])
def test_only_the_authority_approves_the_reclaim(office: Office, actor: str) -> None:
    number = office.in_trial(days=15)
    office.pass_days(16)
    office.pass_days(8)
    with pytest.raises(Refused, match="角色"):
        office.act(number, "reclaim", actor, reason="到期未开通")
    assert office.case(number).stage == "reclaim_proposed"


def test_an_approved_reclaim_takes_the_specs_out_and_ends_when_nothing_is_left(office: Office) -> None:
    number = office.in_trial(days=15)
    office.pass_days(16)
    office.pass_days(8)
    outcome = office.act(number, "reclaim", "authority", reason="到期未开通")
    assert outcome.merged is not None
    assert outcome.merged.removed == (STACK,)
    assert office.ports.estate.stacks() == []
    office.ended(outcome)
    office.searched(number)
    assert office.act(number, "complete", CONTROLLER_ACTOR).stage == "reclaimed"
    assert office.apply(), "the unit may apply again"


@pytest.mark.parametrize("later", [0, 8])
def test_an_expired_trial_can_still_be_opened_and_runs_again(office: Office, later: int) -> None:
    number = office.in_trial(days=15)
    office.pass_days(16)
    office.pass_days(later)
    office.act(number, "open", "centre", "confidentiality_agreement")
    spec = office.ports.estate.read(STACK)
    assert (spec.phase, spec.power) == (Phase.SERVICE, Power.RUNNING)


def test_a_clock_that_jumped_over_everything_still_goes_step_by_step(office: Office) -> None:
    number = office.in_trial(days=15)
    outcomes = office.pass_days(200)
    assert [outcome.stage for outcome in outcomes] == ["trial_expired"], "the grace runs from the stop on"
    assert [outcome.stage for outcome in office.pass_days(8)] == ["reclaim_proposed"]
    with office.sessions() as session:
        kinds = [event.kind for event in show_case(session, number, actor="unit").timeline]
    assert "overdue" not in kinds, "a trial ends, it is nobody's delay"
