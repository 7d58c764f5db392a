"""LZ-21-7: offline and data moved, approved within five working days, reclaimed within three, confirmed by both."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from controller.casework import exit
from controller.casework.casefile.outcome import Confirmation
from controller.casework.cases import show_case
from controller.domain.errors import Refused
from controller.domain.roles import CONTROLLER_ACTOR
from controller.store.casework import CidrRow
from tests.casework.conftest import Office, machine, system

RECORDS = ("offline_record", "data_migration_record")
BOTH_ZONES = system("财务管理系统", machine(1), machine(2, "互联网区", "WEB"))


def apply(office: Office, stack: str) -> str:
    with office.sessions.begin() as session:
        return exit.apply(session, stack, office.ports, actor="unit").number


def approved(office: Office, stack: str) -> str:
    number = apply(office, stack)
    office.act(number, "assess", "centre", *RECORDS)
    office.act(number, "approve", "authority")
    return number


def due(office: Office, number: str) -> date | None:
    with office.sessions() as session:
        return show_case(session, number, actor="centre").summary.due


@pytest.mark.rule("LZ-21-7")
def test_five_working_days_to_approve_and_three_to_reclaim(office: Office) -> None:
    number = apply(office, office.opened())
    office.act(number, "assess", "centre", *RECORDS)
    assert due(office, number) == date(2026, 10, 10)
    office.act(number, "approve", "authority")
    assert due(office, number) == date(2026, 10, 8)
    office.act(number, "hand_over", "centre", "handover_record")
    assert due(office, number) == date(2026, 10, 8), "the hand-over is part of the three days"


@pytest.mark.rule("LZ-21-7")
@pytest.mark.rule("LZ-26b")
def test_handed_over_reclaimed_and_confirmed(office: Office) -> None:
    stack = office.opened(BOTH_ZONES)
    number = approved(office, stack)
    outcome = office.act(number, "hand_over", "centre", "handover_record")
    assert outcome.merged is not None
    assert outcome.merged.removed == (stack, stack.replace(".gov", ".internet"))
    assert office.ports.estate.stacks() == []
    with pytest.raises(Refused, match="尚未回收"):
        office.act(number, "complete", CONTROLLER_ACTOR)
    with office.sessions() as session:
        assert len(session.scalars(select(CidrRow)).all()) == 2, "what may still stand keeps its addresses"
    office.ended(outcome)
    with pytest.raises(Refused, match="尚未在云平台上查验"):
        office.act(number, "complete", CONTROLLER_ACTOR)
    office.searched(number)
    office.act(number, "complete", CONTROLLER_ACTOR)
    with office.sessions() as session:
        assert session.scalars(select(CidrRow)).all() == [], "the subnets are free again"
    office.act(number, "confirm", "unit")
    outcome = office.act(number, "confirm", "centre")
    assert outcome.confirmed is not None
    assert outcome.confirmed.what is Confirmation.END
    assert outcome.confirmed.specs == ()
    assert outcome.confirmed.on == date(2026, 9, 28)
    assert office.apply(BOTH_ZONES), "the system may come again"


@pytest.mark.rule("LZ-21-7")
@pytest.mark.breaks
@pytest.mark.parametrize("lacking", RECORDS)
def test_not_before_it_is_offline_and_its_data_moved(office: Office, lacking: str) -> None:
    number = apply(office, office.opened())
    with pytest.raises(Refused) as refused:
        office.act(number, "assess", "centre", *(one for one in RECORDS if one != lacking))
    assert refused.value.rule == "LZ-21-7"
    assert lacking in refused.value.remedy


@pytest.mark.rule("LZ-21-7")
@pytest.mark.breaks
def test_an_overdue_reclaim_is_the_centres_and_stays_open(office: Office) -> None:
    number = approved(office, office.opened())
    office.set_clock(datetime(2026, 10, 8, 16, tzinfo=UTC))
    office.tend()
    with office.sessions() as session:
        shown = show_case(session, number, actor="unit")
    assert (shown.timeline[-1].kind, shown.timeline[-1].details["for"]) == ("overdue", "centre")
    assert shown.summary.overdue
    assert not shown.summary.closed


@pytest.mark.rule("LZ-26b")
@pytest.mark.breaks
def test_nothing_is_destroyed_without_a_hand_over(office: Office) -> None:
    stack = office.opened()
    number = approved(office, stack)
    assert office.ports.estate.stacks() == [stack], "the approval alone takes nothing away"
    with pytest.raises(Refused) as refused:
        office.act(number, "hand_over", "centre")
    assert refused.value.rule == "LZ-26b"
    with pytest.raises(Refused) as refused:
        office.act(number, "complete", CONTROLLER_ACTOR)
    assert refused.value.rule == "LZ-26b"
    assert office.ports.estate.stacks() == [stack]


def test_only_the_controller_says_that_nothing_is_left(office: Office) -> None:
    number = approved(office, office.opened())
    office.act(number, "hand_over", "centre", "handover_record")
    for actor in ("centre", "authority", "unit", "vendor"):
        with pytest.raises(Refused, match="角色"):
            office.act(number, "complete", actor)


def test_a_system_that_has_ended_is_not_ended_again(office: Office) -> None:
    stack = office.opened()
    number = approved(office, stack)
    office.ended(office.act(number, "hand_over", "centre", "handover_record"))
    office.searched(number)
    office.act(number, "complete", CONTROLLER_ACTOR)
    office.act(number, "confirm", "unit")
    office.act(number, "confirm", "centre")
    with pytest.raises(Refused, match="不在服务中"):
        apply(office, stack)
