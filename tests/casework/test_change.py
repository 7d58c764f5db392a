"""LZ-21-6: a change approved within three working days of its assessment, done within three of the approval."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from controller.casework import change
from controller.casework.casefile.outcome import Confirmation
from controller.casework.cases import show_case
from controller.domain.demand import Change, Resize
from controller.domain.errors import Refused, WrongUse
from controller.domain.spec import Phase
from controller.store.engine import Provisioning
from tests.casework.conftest import Office, machine, system

LARGER = Change(resize=(Resize(machine="app-1", vcpu=16, data_disk_gb=500),))
BOTH_ZONES = system("财务管理系统", machine(1), machine(2, "互联网区", "WEB"))


def apply(office: Office, stack: str, wanted: Change = LARGER, actor: str = "unit") -> str:
    with office.sessions.begin() as session:
        return change.apply(session, stack, wanted, office.ports, actor=actor).number


def approved(office: Office, stack: str, wanted: Change = LARGER) -> str:
    number = apply(office, stack, wanted)
    office.act(number, "assess", "centre", "assessment")
    office.ready(office.act(number, "approve", "authority"))
    return number


def due(office: Office, number: str) -> date | None:
    with office.sessions() as session:
        return show_case(session, number, actor="centre").summary.due


@pytest.mark.rule("LZ-21-6")
def test_three_working_days_to_approve_and_three_to_do_it(office: Office) -> None:
    number = apply(office, office.opened())
    office.act(number, "assess", "centre", "assessment")
    assert due(office, number) == date(2026, 10, 8)
    office.pass_days(1)
    office.act(number, "approve", "authority")
    assert due(office, number) == date(2026, 10, 9)


@pytest.mark.rule("LZ-21-6")
@pytest.mark.breaks
@pytest.mark.parametrize(("done", "party"), [(False, "authority"), (True, "centre")])
def test_a_late_approval_is_the_authoritys_and_late_work_the_centres(office: Office, done: bool, party: str) -> None:
    stack = office.opened()
    number = approved(office, stack) if done else apply(office, stack)
    if not done:
        office.act(number, "assess", "centre", "assessment")
    office.set_clock(datetime(2026, 10, 8, 16, tzinfo=UTC))
    office.tend()
    with office.sessions() as session:
        shown = show_case(session, number, actor="unit")
    assert (shown.timeline[-1].kind, shown.timeline[-1].details["for"]) == ("overdue", party)
    assert not shown.summary.closed


@pytest.mark.rule("LZ-21-6")
def test_an_approved_change_keeps_what_runs_and_alters_only_what_was_asked(office: Office) -> None:
    stack = office.opened()
    before = office.ports.estate.read(stack)
    approved(office, stack)
    after = office.ports.estate.read(stack)
    assert (after.machines[0].vcpu, after.machines[0].data_disk_gb) == (16, 500)
    assert after.machines[0].flavor.name == "yg.c16m16"
    assert (after.placement, after.machines[0].image, after.phase) == (
        before.placement,
        before.machines[0].image,
        Phase.SERVICE,
    )


@pytest.mark.rule("LZ-21-6")
@pytest.mark.breaks
def test_not_without_the_centres_assessment(office: Office) -> None:
    number = apply(office, office.opened())
    with pytest.raises(Refused):
        office.act(number, "approve", "authority")
    with pytest.raises(Refused, match="条件不齐") as refused:
        office.act(number, "assess", "centre")
    assert refused.value.rule == "LZ-21-6"


def test_confirmed_the_new_sizes_count(office: Office) -> None:
    stack = office.opened()
    number = approved(office, stack)
    office.pass_days(1)
    office.act(number, "confirm", "centre")
    outcome = office.act(number, "confirm", "unit")
    assert outcome.confirmed is not None
    assert (outcome.confirmed.what, outcome.confirmed.on) == (Confirmation.CHANGE, date(2026, 9, 29))
    assert outcome.confirmed.specs[0].machines[0].vcpu == 16
    second = apply(office, stack, Change(resize=(Resize(machine="app-1", vcpu=32),)))
    assert second != number


def test_a_zone_in_which_nothing_changes_is_not_approved_anew(office: Office) -> None:
    """It stands as it was approved, so that nobody has to say yes to a plan in which nothing is done."""
    internet = office.opened(BOTH_ZONES).replace(".gov", ".internet")
    before = office.stack(internet)
    number = apply(office, internet)
    office.act(number, "assess", "centre", "assessment")
    outcome = office.act(number, "approve", "authority")
    after = office.stack(internet)
    assert (after.spec_digest, after.provisioning) == (before.spec_digest, Provisioning.READY)
    with pytest.raises(Refused, match=r"尚未就绪：[^、]*\.gov\n"):
        office.act(number, "confirm", "unit")
    office.ready(outcome)
    office.act(number, "confirm", "unit")
    assert office.act(number, "confirm", "centre").stage == "changed"


def test_a_zone_that_loses_its_last_machine_is_taken_out(office: Office) -> None:
    stack = office.opened(BOTH_ZONES)
    number = apply(office, stack, Change(remove=("web-1",)))
    office.act(number, "assess", "centre", "assessment")
    outcome = office.act(number, "approve", "authority")
    assert outcome.merged is not None
    assert outcome.merged.removed == (stack.replace(".gov", ".internet"),)
    assert office.ports.estate.stacks() == [stack]


def test_a_change_is_not_done_while_what_it_takes_out_still_stands(office: Office) -> None:
    stack = office.opened(BOTH_ZONES)
    number = apply(office, stack, Change(remove=("web-1",)))
    office.act(number, "assess", "centre", "assessment")
    outcome = office.act(number, "approve", "authority")
    office.ready(outcome)
    for party in ("unit", "centre"):
        with pytest.raises(Refused, match=r"尚未回收.*\.internet") as refused:
            office.act(number, "confirm", party)
        assert refused.value.rule == "LZ-21-6"
    office.ended(outcome)
    office.act(number, "confirm", "unit")
    assert office.act(number, "confirm", "centre").stage == "changed"


def test_a_machine_may_come_in_a_new_zone(office: Office) -> None:
    stack = office.opened()
    approved(office, stack, Change(add=(machine(9, "互联网区", "WEB"),)))
    assert office.ports.estate.read(stack.replace(".gov", ".internet")).machines[0].name == "web-1"


def test_one_case_a_system_at_a_time(office: Office) -> None:
    stack = office.opened()
    first = apply(office, stack)
    with pytest.raises(Refused, match="在办") as refused:
        apply(office, stack)
    assert refused.value.where == first
    office.act(first, "withdraw", "unit")
    assert apply(office, stack)


def test_a_refused_change_leaves_the_system_as_it_is(office: Office) -> None:
    stack = office.opened()
    before = office.ports.estate.read(stack)
    number = apply(office, stack)
    office.act(number, "assess", "centre", "assessment")
    office.act(number, "reject", "authority", reason="利用率不足")
    assert office.ports.estate.read(stack) == before
    again = approved(office, stack, Change(resize=(Resize(machine="app-1", memory_gb=32),)))
    assert office.ports.estate.read(stack).machines[0].vcpu == 8, again


@pytest.mark.parametrize("stack", ["liuzhou/x/y.gov", "nonsense", "liuzhou/liuzhoushicaizhengju/z"])
def test_an_unknown_system_is_wrong_use(office: Office, stack: str) -> None:
    with pytest.raises(WrongUse, match="没有系统"):
        apply(office, stack)


def test_a_system_not_in_service_is_not_changed(office: Office) -> None:
    office.in_trial()
    with pytest.raises(Refused, match="不在服务中"):
        apply(office, "liuzhou/liuzhoushicaizhengju/caiwuguanlixitong")


def test_a_stranger_does_not_ask(office: Office) -> None:
    stack = office.opened()
    with pytest.raises(Refused) as refused:
        apply(office, stack, actor="vendor")
    assert refused.value.rule == "LZ-5"


def test_a_return_stops_the_authoritys_clock(office: Office) -> None:
    number = apply(office, office.opened())
    office.act(number, "assess", "centre", "assessment")
    office.act(number, "return", "authority", reason="说明不清")
    office.pass_days(10)
    office.act(number, "resubmit", "unit")
    assert due(office, number) == date(2026, 10, 12)


@pytest.mark.rule("LZ-21-6")
def test_the_case_tells_what_changes_from_what_to_what(office: Office) -> None:
    stack = office.opened(BOTH_ZONES)
    wanted = Change(resize=(Resize(machine="app-1", vcpu=16),), add=(machine(3, "互联网区", "WEB"),), remove=("web-1",))
    number = approved(office, stack, wanted)
    with office.sessions() as session:
        shown = show_case(session, number, actor="unit")
    told = {one.machine: one for one in shown.changes}
    assert told["app-1"].sizes == {"vcpu": (8, 16)}
    assert (told["web-1"].goes, told["web-2"].comes) == (True, True)
    assert len(told) == 3
    assert [event.title for event in shown.timeline[:2]] == ["提出申请", "提出评估意见"]
