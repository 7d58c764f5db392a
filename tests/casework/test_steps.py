"""What holds of every step: one transaction, one after the other, in the timeline and the audit trail, and by role."""

from __future__ import annotations

import threading
from dataclasses import astuple, replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import MetaData, Table, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from controller import audit, catalogue
from controller.casework.casefile.evidence import MAX_BYTES
from controller.casework.casefile.handing import handed_in
from controller.casework.cases import case_of_stack, list_cases, show_case
from controller.casework.people import Grant, grant, register_unit
from controller.casework.timers import due_clocks, tend
from controller.domain.errors import Failed, Refused, WrongUse
from controller.domain.funding import UnitKind
from controller.domain.roles import CONTROLLER_ACTOR, Role
from controller.store.audit import AuditRow
from controller.store.casework import CaseEventRow, ClockRow
from tests.casework.conftest import Office, machine, system

PERSONAL = ("张三", "zhangsan@example.com", "13800000000", "李四", "lisi@example.com", "13988888888")


def test_two_who_act_at_once_one_wins_and_the_other_is_told(office: Office) -> None:
    (number,) = office.apply()
    office.act(number, "accept", "authority")
    office.act(number, "assess", "centre", "approved_plan")
    results: list[object] = []
    together = threading.Barrier(2)

    def decide(action: str, reason: str) -> None:
        together.wait()
        try:
            results.append(office.act(number, action, "authority", reason=reason))
        except Refused as refused:
            results.append(refused)

    threads = [threading.Thread(target=decide, args=one) for one in (("approve", ""), ("reject", "重复建设"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(result).__name__ for result in results) == ["CaseOutcome", "Refused"]
    with office.sessions() as session:
        events = show_case(session, number, actor="authority").timeline
    assert len([event for event in events if event.action in ("approve", "reject")]) == 1


def test_two_who_file_the_same_system_at_once_open_one_case(office: Office) -> None:
    results: list[object] = []
    together = threading.Barrier(2)

    def file() -> None:
        together.wait()
        try:
            results.extend(office.apply())
        except Refused as refused:
            results.append(refused)

    threads = [threading.Thread(target=file) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(result).__name__ for result in results) == ["Refused", "str"]


def test_someone_who_saw_an_older_stage_is_refused(office: Office) -> None:
    (number,) = office.apply()
    office.act(number, "accept", "authority")
    with pytest.raises(Refused, match="已由他人办理"):
        office.act(number, "return", "authority", reason="缺材料", expected_stage="applied")


def test_a_refused_step_leaves_no_row(office: Office) -> None:
    (number,) = office.apply(origin="existing", classified="no", own_resources="no")
    with office.sessions() as session:
        before = len(session.scalars(select(CaseEventRow)).all())
    with pytest.raises(Refused):
        office.act(number, "accept", "authority", "migration_plan")
    with office.sessions() as session:
        assert len(session.scalars(select(CaseEventRow)).all()) == before
        assert show_case(session, number, actor="unit").evidence == ()


def test_every_step_is_in_the_timeline_and_the_chained_audit_trail(office: Office) -> None:
    number = office.approved()
    with office.sessions() as session:
        events = show_case(session, number, actor="unit").timeline
        rows = session.scalars(select(AuditRow).where(AuditRow.target == number).order_by(AuditRow.id)).all()
        assert audit.verify(session).broken_at is None
    assert [event.action for event in events] == ["apply", "accept", "assess", "approve"]
    assert [row.action for row in rows] == [f"opening.{event.action}" for event in events]
    assert [row.actor for row in rows] == ["unit", "authority", "centre", "authority"]
    assert rows[-1].details["commit"]


def test_the_timeline_only_grows(office: Office) -> None:
    office.apply()
    for statement in ("UPDATE case_event SET actor = 'nobody'", "DELETE FROM case_event"):
        with pytest.raises(DBAPIError, match="only grows"), office.sessions.begin() as session:
            session.execute(text(statement))


def test_the_rule_itself_cannot_be_played_by_a_person(office: Office) -> None:
    with pytest.raises(WrongUse), office.sessions.begin() as session:
        grant(session, Grant(CONTROLLER_ACTOR, "liuzhou", Role.AUTHORITY), by="operator")
    with pytest.raises(WrongUse), office.sessions.begin() as session:
        grant(session, Grant("someone", "liuzhou", Role.CONTROLLER), by="operator")


@pytest.mark.parametrize(
    "given",
    [
        Grant("Bad Account", "liuzhou", Role.CENTRE),
        Grant("zhao", "liuzhou", Role.UNIT),
        Grant("zhao", "liuzhou", Role.UNIT, "no-such-unit"),
        Grant("zhao", "liuzhou", Role.COMPETENT_DEPARTMENT),
        Grant("zhao", "atlantis", Role.CENTRE),
    ],
)
def test_a_role_that_makes_no_sense_is_not_granted(office: Office, given: Grant) -> None:
    with pytest.raises(WrongUse), office.sessions.begin() as session:
        grant(session, given, by="operator")


def test_a_county_department_needs_its_county(office: Office) -> None:
    with office.sessions() as session:
        for county in (None, "没有的区"):
            with pytest.raises(WrongUse):
                register_unit(
                    session, city="liuzhou", name="某局", kind=UnitKind.COUNTY_DEPARTMENT, county=county, by="operator"
                )


def reflected(session: Session) -> dict[str, Table]:
    metadata = MetaData()
    metadata.reflect(session.connection())
    return metadata.tables


class TestViews:
    """What people read is cut to their role."""

    def test_a_unit_sees_its_own_cases_and_the_citys_parties_all(self, office: Office) -> None:
        (number,) = office.apply()
        with office.sessions.begin() as session:
            other = register_unit(
                session, city="liuzhou", name="柳州市教育局", kind=UnitKind.MUNICIPAL_ORGAN, by="operator"
            )
            grant(session, Grant("other", "liuzhou", Role.UNIT, other.code), by="operator")
        with office.sessions() as session:
            for actor, seen in (
                ("unit", [number]),
                ("centre", [number]),
                (None, [number]),
                ("other", []),
                ("nobody", []),
            ):
                assert [one.number for one in list_cases(session, city="liuzhou", actor=actor)] == seen, actor
            with pytest.raises(Refused):
                show_case(session, number, actor="other")
            with pytest.raises(WrongUse):
                show_case(session, "LZ-2026-99999", actor="unit")

    @pytest.mark.parametrize(
        ("actor", "sees"), [("unit", True), ("authority", True), ("vendor", False), ("finance", False)]
    )
    def test_people_are_shown_only_to_roles_that_may_see_them(self, office: Office, actor: str, sees: bool) -> None:
        number = office.approved()
        with office.sessions() as session:
            shown = show_case(session, number, actor=actor)
        said = str(astuple(shown))
        assert all((word in said) is sees for word in PERSONAL)
        assert shown.machines[0].owners[0] in said

    def test_personal_data_is_in_its_table_alone(self, office: Office) -> None:
        office.in_trial()
        with office.sessions() as session:
            for name, table in reflected(session).items():
                rows = str(session.execute(select(table)).all())
                assert any(word in rows for word in PERSONAL) is (name == "person"), name

    def test_what_lacks_is_offered_to_be_handed_in(self, office: Office) -> None:
        (number,) = office.apply(origin="existing")
        with office.sessions() as session:
            offers = {offer.action: offer for offer in show_case(session, number, actor="unit").offers}
        assert set(offers) == {"accept", "return", "reject", "withdraw"}
        assert [
            word
            for word in ("classified", "own_resources", "migration_plan", "security_report")
            if not any(word in one for one in offers["accept"].missing)
        ] == []
        assert (offers["accept"].roles, offers["accept"].role_titles) == (("authority",), ("市大数据发展局",))

    def test_a_stack_names_its_open_case(self, office: Office) -> None:
        number = office.in_trial()
        with office.sessions() as session:
            assert case_of_stack(session, "liuzhou/liuzhoushicaizhengju/caiwuguanlixitong.gov") == number
            with pytest.raises(WrongUse):
                case_of_stack(session, "liuzhou/liuzhoushicaizhengju/other.gov")

    def test_a_stack_without_an_open_case_names_the_last_one(self, office: Office) -> None:
        """Somebody confirms a system's second zone, where the first was confirmed for all of it."""
        stack = office.opened(system("财务管理系统", machine(1), machine(2, "互联网区", "WEB")))
        with office.sessions() as session:
            with pytest.raises(WrongUse) as refused:
                case_of_stack(session, stack.replace(".gov", ".internet"))
            (case,) = list_cases(session)
        assert case.closed
        assert f"{case.number} 已办结：{case.stage_title}" in refused.value.message
        assert "不必逐个分区办理" in refused.value.remedy


def test_an_account_that_nobody_has_is_named(office: Office) -> None:
    (number,) = office.apply()
    with pytest.raises(Refused, match="没有账号 dajs"):
        office.act(number, "accept", "dajs")
    with pytest.raises(Refused, match="您的角色不能办理"):
        office.act(number, "accept", "vendor")


class TestEvidence:
    """Files are kept by their hash, bounded, and checked when read."""

    def test_kept_once_by_hash_with_who_handed_it_in(self, office: Office) -> None:
        (number,) = office.apply(origin="existing", classified="no", own_resources="no")
        office.act(number, "accept", "authority", "migration_plan", "performance_report", "security_report")
        with office.sessions() as session:
            kept = show_case(session, number, actor="unit").evidence
        assert {one.document for one in kept} == {"migration_plan", "performance_report", "security_report"}
        assert {one.handed_by for one in kept} == {"authority"}
        content = office.ports.evidence.read(kept[0].sha256)
        assert content.decode().startswith(kept[0].document)
        again = office.ports.evidence.put(office.papers / kept[0].file_name)
        assert again.sha256 == kept[0].sha256

    def test_empty_missing_and_oversized_files_are_refused(self, office: Office) -> None:
        empty, large = office.papers / "empty.pdf", office.papers / "large.pdf"
        empty.touch()
        with large.open("wb") as handle:
            handle.truncate(MAX_BYTES + 1)
        for path, error in (
            (empty, Refused),
            (large, Refused),
            (office.papers / "none.pdf", WrongUse),
            (office.papers, WrongUse),
        ):
            with pytest.raises(error):
                office.ports.evidence.put(path)
        folder = office.papers.parent / "evidence"
        assert not list(folder.glob("tmp*")), "nothing half-copied is left"

    def test_a_file_altered_afterwards_is_noticed(self, office: Office) -> None:
        kept = office.ports.evidence.put(office.paper("site_visit").path)
        (office.papers.parent / "evidence" / kept.sha256).write_text("别的")
        with pytest.raises(Failed, match="改动"):
            office.ports.evidence.read(kept.sha256)


def test_a_deadline_is_counted_anew_when_the_notice_is_loaded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    (number,) = office.apply()
    office.set_clock(datetime(2026, 12, 30, 1, tzinfo=UTC))
    office.act(number, "accept", "authority")
    assert office.tend() == []
    with office.sessions() as session:
        before = show_case(session, number, actor="centre").summary
        assert due_clocks(session) == [], "as long as nothing has changed there is nothing to do"
    assert (before.due, before.provisional) == (date(2027, 1, 11), True)
    provisional = catalogue.work_calendar("liuzhou")
    loaded = replace(
        provisional,
        days_off=provisional.days_off | {date(2027, 1, 4)},
        make_up_days=provisional.make_up_days | {date(2027, 1, 9)},
        provisional=frozenset(day for day in provisional.provisional if day.year != 2027),
    )
    monkeypatch.setattr(catalogue, "work_calendar", lambda code: loaded)
    assert office.tend() == []
    with office.sessions() as session:
        shown = show_case(session, number, actor="centre")
        assert due_clocks(session) == []
    assert not shown.summary.provisional
    assert shown.summary.due == date(2027, 1, 11), "a day off for a make-up Saturday: the same day, now settled"


def test_a_deadline_that_moves_is_told_in_the_timeline(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    (number,) = office.apply()
    office.set_clock(datetime(2026, 12, 30, 1, tzinfo=UTC))
    office.act(number, "accept", "authority")
    provisional = catalogue.work_calendar("liuzhou")
    loaded = replace(provisional, days_off=provisional.days_off | {date(2027, 1, 4)}, provisional=frozenset())
    monkeypatch.setattr(catalogue, "work_calendar", lambda code: loaded)
    office.tend()
    with office.sessions() as session:
        shown = show_case(session, number, actor="centre")
    assert (shown.summary.due, shown.summary.provisional) == (date(2027, 1, 12), False)
    (event,) = [event for event in shown.timeline if event.kind == "recomputed"]
    assert event.details == {"from": "2027-01-11", "to": "2027-01-12"}


def test_tending_twice_does_no_harm(office: Office) -> None:
    number = office.in_trial(days=15)
    office.pass_days(16)
    with office.sessions() as session:
        ids = session.scalars(select(ClockRow.id).order_by(ClockRow.id)).all()
    for clock_id in [*ids, *ids, 999]:
        with office.sessions.begin() as session:
            assert tend(session, clock_id, office.ports) is None
    assert office.case(number).stage == "trial_expired"


def test_two_tenders_at_once_take_one_step(office: Office) -> None:
    number = office.in_trial(days=15)
    with office.sessions() as session:
        clock_id = session.scalars(select(ClockRow.id).where(ClockRow.ended_at.is_(None))).one()
    office.set_clock(datetime(2026, 11, 1, tzinfo=UTC))
    outcomes: list[object] = []
    together = threading.Barrier(2)

    def run() -> None:
        together.wait()
        with office.sessions.begin() as session:
            outcomes.append(tend(session, clock_id, office.ports))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    assert office.case(number).stage == "trial_expired"


def test_systems_get_subnets_of_their_own_and_free_ones_are_used_again(office: Office) -> None:
    (first, second) = office.apply(system("甲系统"), system("乙系统", machine(1), machine(2, "互联网区")))
    for number in (first, second):
        office.act(number, "accept", "authority")
        office.act(number, "assess", "centre", "approved_plan")
        office.act(number, "approve", "authority")
    estate = office.ports.estate
    assert {name: estate.read(name).placement.cidr for name in estate.stacks()} == {
        "liuzhou/liuzhoushicaizhengju/jiaxitong.gov": "10.64.0.0/24",
        "liuzhou/liuzhoushicaizhengju/yixitong.gov": "10.64.1.0/24",
        "liuzhou/liuzhoushicaizhengju/yixitong.internet": "172.16.0.0/24",
    }


class TestHandingIn:
    """Files on the command line find their document."""

    def test_by_name_or_as_the_one_that_lacks(self, office: Office) -> None:
        (number,) = office.apply()
        office.act(number, "accept", "authority")
        with office.sessions() as session:
            (bare,) = handed_in(session, number, "assess", ["plan.pdf"])
            named, other = handed_in(session, number, "assess", ["approved_plan=a=b.pdf", "more.pdf"])
        assert (bare.document, str(bare.path)) == ("approved_plan", "plan.pdf")
        assert (named.document, str(named.path)) == ("approved_plan", "a=b.pdf")
        assert other.document == "other"

    def test_an_ambiguous_file_is_wrong_use_and_names_the_documents(self, office: Office) -> None:
        (number,) = office.apply(origin="existing", classified="no", own_resources="no")
        with office.sessions() as session, pytest.raises(WrongUse) as refused:
            handed_in(session, number, "accept", ["plan.pdf"])
        assert "migration_plan" in refused.value.remedy

    def test_an_unknown_document_is_wrong_use_wherever_it_is_handed_in(self, office: Office) -> None:
        (number,) = office.apply()
        with pytest.raises(WrongUse, match="没有材料 diploma") as refused:
            office.act(number, "accept", "authority", "diploma")
        assert "approved_plan" in refused.value.remedy

    def test_a_typing_error_in_its_code_is_named_before_what_lacks(self, office: Office) -> None:
        (number,) = office.apply()
        office.act(number, "accept", "authority")
        with pytest.raises(WrongUse, match="没有材料 approvd_plan"):
            office.act(number, "assess", "centre", "approvd_plan")

    def test_a_bare_file_is_the_one_that_still_lacks(self, office: Office) -> None:
        (number,) = office.apply(origin="existing", classified="no", own_resources="no")
        with office.sessions() as session:
            handed = handed_in(session, number, "accept", ["migration_plan=a", "security_report=b", "c"])
        assert [one.document for one in handed] == ["migration_plan", "security_report", "performance_report"]
