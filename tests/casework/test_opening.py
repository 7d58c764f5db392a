"""From application to confirmed opening in Liuzhou: each rule holding, and each broken and caught."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from controller.casework.casefile.declarations import declare, record_exception
from controller.casework.casefile.outcome import Confirmation
from controller.casework.cases import show_case
from controller.casework.opening import Application, apply
from controller.casework.people import Grant, grant, register_unit
from controller.cli.case_view import print_case
from controller.domain.errors import Refused, WrongUse
from controller.domain.funding import UnitKind
from controller.domain.request import Request
from controller.domain.roles import Role
from controller.domain.spec import Phase, Power
from controller.store.casework import CaseRow
from tests.casework.conftest import UNIT, Office, machine, system

EXISTING = {"origin": "existing", "classified": "no", "own_resources": "no"}
REPORTS = ("migration_plan", "performance_report", "security_report")


def test_a_request_walks_to_service(office: Office) -> None:
    rows = (machine(1, cluster="集群1"), machine(2, cluster="集群1"), machine(3, "互联网区", "WEB"))
    number = office.prepared(system("财务管理系统", *rows))
    assert office.act(number, "provide", "centre", "use_agreement", days=20).stage == "trial"
    outcome = office.act(number, "open", "centre", "confidentiality_agreement")
    assert outcome.merged is not None
    assert [spec.stack_name for spec in outcome.merged.put] == [
        "liuzhou/liuzhoushicaizhengju/caiwuguanlixitong.gov",
        "liuzhou/liuzhoushicaizhengju/caiwuguanlixitong.internet",
    ]
    assert {spec.phase for spec in outcome.merged.put} == {Phase.SERVICE}
    office.ready(outcome)
    assert not office.act(number, "confirm", "unit").completed
    outcome = office.act(number, "confirm", "centre")
    assert outcome.confirmed is not None
    assert outcome.confirmed.what is Confirmation.OPENING
    assert outcome.confirmed.on == date(2026, 9, 28)
    assert outcome.confirmed.by == ("unit", "centre")
    assert outcome.confirmed.payer == "centre"
    assert office.case(number).closed_at is not None


def test_the_specs_are_resolved_and_hold_no_personal_data(office: Office) -> None:
    rows = (machine(1, cluster="集群1"), machine(2, cluster="集群1"), machine(3, "互联网区", "WEB", data_disk_gb=0))
    number = office.approved(system("财务管理系统", *rows))
    stack = "liuzhou/liuzhoushicaizhengju/caiwuguanlixitong"
    gov, internet = office.ports.estate.read(f"{stack}.gov"), office.ports.estate.read(f"{stack}.internet")
    assert (gov.phase, gov.power, gov.metadata.request) == (Phase.TRIAL, Power.RUNNING, number)
    assert [one.name for one in gov.machines] == ["app-1", "app-2"]
    assert {one.cluster for one in gov.machines} == {"jiqun1"}
    assert gov.machines[0].flavor.id == "flavor-8-16"
    assert gov.machines[0].image.id == "image-CentOS 7.0"
    assert gov.machines[0].owners[0].startswith("p-")
    assert gov.placement.external_network is not None
    assert (gov.placement.floating_ips, internet.placement.floating_ips) == (False, True)
    assert gov.placement.cidr == "10.64.0.0/24"
    assert internet.placement.cidr == "172.16.0.0/24"
    text = gov.model_dump_json() + internet.model_dump_json()
    assert not [word for word in ("张三", "zhangsan", "13800000000", "李四") if word in text]


def test_the_commit_names_author_approver_request_and_rule(office: Office) -> None:
    number = office.approved()
    (revision,) = office.ports.estate.history("liuzhou/liuzhoushicaizhengju/caiwuguanlixitong.gov")
    assert revision.account == "authority"
    assert revision.trailers["Request"] == number
    assert revision.trailers["Approval-rule"] == "LZ-21-3"


class TestDeclarations:
    """LZ-2: only systems that are not classified; no resources of one's own, in principle."""

    @pytest.mark.rule("LZ-2")
    def test_a_declared_system_is_accepted(self, office: Office) -> None:
        (number,) = office.apply()
        assert office.act(number, "accept", "authority").stage == "assessing"

    @pytest.mark.rule("LZ-2")
    @pytest.mark.breaks
    @pytest.mark.parametrize(
        "facts", [{"origin": "new"}, {"origin": "new", "classified": "yes", "own_resources": "no"}]
    )
    def test_undeclared_or_classified_is_refused(self, office: Office, facts: dict[str, str]) -> None:
        (number,) = office.apply(**facts)
        with pytest.raises(Refused) as refused:
            office.act(number, "accept", "authority")
        assert refused.value.rule == "LZ-2"
        assert office.case(number).stage == "applied"

    @pytest.mark.rule("LZ-2")
    @pytest.mark.breaks
    def test_no_exception_lets_a_classified_system_in(self, office: Office) -> None:
        (number,) = office.apply(origin="new", classified="yes", own_resources="no")
        with office.sessions.begin() as session:
            record_exception(session, number, rule="LZ-2", reason="领导同意", actor="authority")
        with pytest.raises(Refused, match="条件不齐"):
            office.act(number, "accept", "authority")

    @pytest.mark.rule("LZ-2")
    def test_own_resources_need_an_exception_that_is_then_shown(self, office: Office) -> None:
        (number,) = office.apply(origin="new", classified="no", own_resources="yes")
        with pytest.raises(Refused):
            office.act(number, "accept", "authority")
        with office.sessions.begin() as session:
            record_exception(session, number, rule="LZ-2", reason="原合同未到期", actor="authority")
        assert office.act(number, "accept", "authority").stage == "assessing"
        with office.sessions() as session:
            shown = show_case(session, number, actor="centre")
        assert shown.exceptions == ("LZ-2",)
        assert "原合同未到期" in [event.reason for event in shown.timeline]

    @pytest.mark.parametrize(
        ("rule", "reason", "actor"),
        [("LZ-21-3", "理由", "authority"), ("LZ-2", " ", "authority"), ("LZ-2", "理由", "centre")],
    )
    def test_an_exception_needs_a_rule_that_allows_one_a_reason_and_the_authority(
        self, office: Office, rule: str, reason: str, actor: str
    ) -> None:
        (number,) = office.apply()
        with pytest.raises(Refused), office.sessions.begin() as session:
            record_exception(session, number, rule=rule, reason=reason, actor=actor)

    def test_a_later_declaration_replaces_and_both_stay_in_the_timeline(self, office: Office) -> None:
        (number,) = office.apply(origin="new")
        for value in ("yes", "no"):
            with office.sessions.begin() as session:
                declare(session, number, {"classified": value}, actor="unit")
        assert office.case(number).facts["classified"] == "no"
        with office.sessions() as session:
            events = show_case(session, number, actor="unit").timeline
        assert [event.details for event in events if event.kind == "declaration"] == [
            {"classified": "yes"},
            {"classified": "no"},
        ]

    @pytest.mark.parametrize(
        ("facts", "actor", "error"),
        [
            ({"classified": "no"}, "authority", Refused),
            ({"classified": "perhaps"}, "unit", WrongUse),
            ({"weather": "fine"}, "unit", WrongUse),
        ],
    )
    def test_a_declaration_needs_a_known_value_and_the_right_party(
        self, office: Office, facts: dict[str, str], actor: str, error: type[Exception]
    ) -> None:
        (number,) = office.apply(origin="new")
        with pytest.raises(error), office.sessions.begin() as session:
            declare(session, number, facts, actor=actor)

    def test_who_may_declare_is_named_as_the_city_calls_it(self, office: Office) -> None:
        (number,) = office.apply(origin="new")
        with pytest.raises(Refused) as refused, office.sessions.begin() as session:
            declare(session, number, {"classified": "no"}, actor="authority")
        assert "使用单位" in refused.value.remedy


class TestDocuments:
    """LZ-21-1, LZ-21-2, LZ-26a: what must lie in the file."""

    @pytest.mark.rule("LZ-21-1")
    def test_an_existing_system_brings_plan_and_reports(self, office: Office) -> None:
        (number,) = office.apply(**EXISTING)
        assert office.act(number, "accept", "authority", *REPORTS).stage == "assessing"

    @pytest.mark.rule("LZ-21-1")
    @pytest.mark.breaks
    @pytest.mark.parametrize("lacking", REPORTS)
    def test_an_existing_system_without_one_of_them_is_refused(self, office: Office, lacking: str) -> None:
        (number,) = office.apply(**EXISTING)
        with pytest.raises(Refused) as refused:
            office.act(number, "accept", "authority", *(one for one in REPORTS if one != lacking))
        assert refused.value.rule == "LZ-21-1"
        assert lacking in refused.value.remedy

    @pytest.mark.rule("LZ-21-2")
    @pytest.mark.parametrize(
        ("origin", "document"), [("new", "approved_plan"), ("extended", "approved_plan"), ("existing", "site_visit")]
    )
    def test_the_assessment_rests_on_plan_or_visit(self, office: Office, origin: str, document: str) -> None:
        (number,) = office.apply(origin=origin, classified="no", own_resources="no")
        office.act(number, "accept", "authority", *REPORTS)
        assert office.act(number, "assess", "centre", document).stage == "approving"

    @pytest.mark.rule("LZ-21-2")
    @pytest.mark.breaks
    @pytest.mark.parametrize(
        ("origin", "document"), [("new", "site_visit"), ("extended", "site_visit"), ("existing", "approved_plan")]
    )
    def test_the_other_evidence_does_not_do(self, office: Office, origin: str, document: str) -> None:
        (number,) = office.apply(origin=origin, classified="no", own_resources="no")
        office.act(number, "accept", "authority", *REPORTS)
        with pytest.raises(Refused) as refused:
            office.act(number, "assess", "centre", document)
        assert refused.value.rule == "LZ-21-2"

    @pytest.mark.rule("LZ-26a")
    def test_opened_with_the_confidentiality_agreement(self, office: Office) -> None:
        number = office.in_trial()
        assert office.act(number, "open", "centre", "confidentiality_agreement").stage == "opening"

    @pytest.mark.rule("LZ-26a")
    @pytest.mark.breaks
    def test_not_opened_without_it(self, office: Office) -> None:
        number = office.in_trial()
        with pytest.raises(Refused) as refused:
            office.act(number, "open", "centre")
        assert refused.value.rule == "LZ-26a"
        stack = office.ports.estate.read("liuzhou/liuzhoushicaizhengju/caiwuguanlixitong.gov")
        assert stack.phase is Phase.TRIAL

    def test_a_document_handed_in_before_counts(self, office: Office) -> None:
        (number,) = office.apply(**EXISTING)
        with pytest.raises(Refused):
            office.act(number, "accept", "authority")
        office.act(number, "return", "authority", reason="缺材料")
        office.act(number, "resubmit", "unit", *REPORTS)
        assert office.act(number, "accept", "authority").stage == "assessing"


class TestFunding:
    """LZ-5: who applies and who pays."""

    @pytest.mark.rule("LZ-5")
    def test_a_municipal_organ_applies_itself_and_the_centre_pays(self, office: Office) -> None:
        (number,) = office.apply()
        assert office.case(number).payer == "centre"

    @pytest.mark.rule("LZ-5")
    def test_a_county_government_applies_for_its_department_and_the_county_pays(self, office: Office) -> None:
        self.county(office)
        (case,) = self.apply(office, "county")
        assert case.payer == "county"

    @pytest.mark.rule("LZ-5")
    @pytest.mark.breaks
    def test_a_county_department_does_not_apply_itself(self, office: Office) -> None:
        self.county(office)
        with pytest.raises(Refused) as refused:
            self.apply(office, "department")
        assert refused.value.rule == "LZ-5"
        assert "柳江区人民政府" in refused.value.remedy

    @pytest.mark.rule("LZ-5")
    @pytest.mark.breaks
    def test_no_other_unit_applies_for_one(self, office: Office) -> None:
        self.county(office)
        with pytest.raises(Refused):
            office.apply(actor="county")

    def county(self, office: Office) -> None:
        with office.sessions.begin() as session:
            county = register_unit(
                session, city="liuzhou", name="柳江区人民政府", kind=UnitKind.COUNTY_GOVERNMENT, by="operator"
            )
            department = register_unit(
                session,
                city="liuzhou",
                name="柳江区民政局",
                kind=UnitKind.COUNTY_DEPARTMENT,
                county="柳江区人民政府",
                by="operator",
            )
            grant(session, Grant("county", "liuzhou", Role.UNIT, county.code), by="operator")
            grant(session, Grant("department", "liuzhou", Role.UNIT, department.code), by="operator")

    def apply(self, office: Office, actor: str) -> list[CaseRow]:
        asked = Request(city="liuzhou", unit="柳江区民政局", systems=(system("低保系统"),))
        with office.sessions.begin() as session:
            return apply(session, Application(asked, actor, {"origin": "new"}), office.ports)


class TestClocks:
    """LZ-21-2, LZ-21-3: working days are counted, warned of, and overdue is shown, never closed."""

    @pytest.mark.rule("LZ-21-2")
    def test_seven_working_days_to_assess(self, office: Office) -> None:
        (number,) = office.apply()
        office.act(number, "accept", "authority")
        with office.sessions() as session:
            summary = show_case(session, number, actor="centre").summary
        assert (summary.due, summary.overdue, summary.provisional) == (date(2026, 10, 13), False, False)

    @pytest.mark.rule("LZ-21-3")
    def test_five_working_days_to_approve_over_the_national_day(self, office: Office) -> None:
        (number,) = office.apply()
        office.act(number, "accept", "authority")
        office.act(number, "assess", "centre", "approved_plan")
        with office.sessions() as session:
            assert show_case(session, number, actor="authority").summary.due == date(2026, 10, 10)

    @pytest.mark.rule("LZ-21-3")
    @pytest.mark.breaks
    def test_overdue_is_escalated_and_shown_and_the_case_stays_open(self, office: Office) -> None:
        (number,) = office.apply()
        office.act(number, "accept", "authority")
        office.act(number, "assess", "centre", "approved_plan")
        office.set_clock(datetime(2026, 10, 10, 16, tzinfo=UTC))
        assert office.tend() == []
        with office.sessions() as session:
            shown = show_case(session, number, actor="finance")
        assert shown.summary.overdue
        assert not shown.summary.closed
        assert [(event.kind, event.rule) for event in shown.timeline[-3:]] == [
            ("warning", "LZ-21-3"),
            ("warning", "LZ-21-3"),
            ("overdue", "LZ-21-3"),
        ]
        assert shown.timeline[-1].details["for"] == "authority"
        assert office.act(number, "approve", "authority").stage == "preparing_trial"

    @pytest.mark.rule("LZ-21-2")
    @pytest.mark.breaks
    def test_an_overdue_assessment_is_the_centres(self, office: Office) -> None:
        (number,) = office.apply()
        office.act(number, "accept", "authority")
        office.set_clock(datetime(2026, 10, 13, 16, tzinfo=UTC))
        office.tend()
        with office.sessions() as session:
            last = show_case(session, number, actor="unit").timeline[-1]
        assert (last.kind, last.rule, last.details["for"]) == ("overdue", "LZ-21-2", "centre")

    def test_warnings_come_at_half_and_a_day_before_and_once(self, office: Office) -> None:
        (number,) = office.apply()
        office.act(number, "accept", "authority")
        seen: list[tuple[str, date]] = []
        for _ in range(20):
            office.pass_days(1)
            office.tend()
        with office.sessions() as session:
            for event in show_case(session, number, actor="unit").timeline:
                if event.kind in ("warning", "overdue"):
                    seen.append((event.kind, (event.at + timedelta(hours=8)).date()))
        assert seen == [
            ("warning", date(2026, 10, 9)),
            ("warning", date(2026, 10, 13)),
            ("overdue", date(2026, 10, 14)),
        ]

    def test_returned_days_do_not_count(self, office: Office) -> None:
        (number,) = office.apply()
        office.act(number, "accept", "authority")
        office.act(number, "return", "centre", reason="缺少批复")
        with office.sessions() as session:
            assert show_case(session, number, actor="unit").summary.due is None
        office.pass_days(30)
        office.act(number, "resubmit", "unit")
        with office.sessions() as session:
            summary = show_case(session, number, actor="unit").summary
        assert summary.due == date(2026, 11, 6)
        assert not summary.overdue


class TestConfirming:
    """An opening is confirmed by both parties, as of one day, once the resources stand."""

    def test_not_before_the_resources_are_ready(self, office: Office) -> None:
        number = office.in_trial()
        merged = office.act(number, "open", "centre", "confidentiality_agreement")
        for party in ("unit", "centre"):
            with pytest.raises(Refused, match="尚未就绪"):
                office.act(number, "confirm", party)
        office.ready(merged)
        office.pass_days(2)
        office.act(number, "confirm", "unit")
        opened = office.act(number, "confirm", "centre").confirmed
        assert opened is not None
        assert opened.on == date(2026, 9, 30), "nobody's word is for a day on which nothing stood"

    def test_an_earlier_day_may_be_named_and_both_must_name_the_same(self, office: Office) -> None:
        number = office.at_opening()
        office.pass_days(2)
        office.act(number, "confirm", "unit", on=date(2026, 9, 29))
        with pytest.raises(Refused, match="不一致"):
            office.act(number, "confirm", "centre", on=date(2026, 9, 30))
        outcome = office.act(number, "confirm", "centre")
        assert outcome.confirmed is not None
        assert outcome.confirmed.on == date(2026, 9, 29)

    @pytest.mark.parametrize("day", [date(2026, 9, 29), date(2026, 9, 27)])
    def test_no_day_ahead_or_before_the_case(self, office: Office, day: date) -> None:
        number = office.at_opening()
        with pytest.raises(Refused, match="确认日期"):
            office.act(number, "confirm", "unit", on=day)

    def test_one_person_does_not_confirm_for_both(self, office: Office) -> None:
        with office.sessions.begin() as session:
            grant(session, Grant("unit", "liuzhou", Role.CENTRE), by="operator")
        number = office.at_opening()
        office.act(number, "confirm", "unit")
        with pytest.raises(Refused, match="不同人员"):
            office.act(number, "confirm", "unit")

    def test_another_unit_does_not_confirm(self, office: Office) -> None:
        with office.sessions.begin() as session:
            other = register_unit(
                session, city="liuzhou", name="柳州市教育局", kind=UnitKind.MUNICIPAL_ORGAN, by="operator"
            )
            grant(session, Grant("other", "liuzhou", Role.UNIT, other.code), by="operator")
        number = office.at_opening()
        with pytest.raises(Refused, match="角色"):
            office.act(number, "confirm", "other")


def test_several_systems_are_filed_together_or_not_at_all(office: Office) -> None:
    first, second = office.apply(system("一号系统"), system("二号系统"))
    assert (first, second) == ("LZ-2026-00001", "LZ-2026-00002")
    with pytest.raises(Refused, match="在办"):
        office.apply(system("三号系统"), system("二号系统"))
    assert office.apply(system("三号系统"))


def test_a_system_in_service_is_changed_not_opened_again(office: Office) -> None:
    office.opened()
    with pytest.raises(Refused, match="已在服务中"):
        office.apply()


def test_a_request_of_an_unregistered_unit_is_refused(office: Office) -> None:
    for unit, message in ((None, "没有写明"), ("不存在局", "没有登记")):
        asked = Request(city="liuzhou", unit=unit, systems=(system(),))
        with pytest.raises(WrongUse, match=message), office.sessions.begin() as session:
            apply(session, Application(asked, "unit"), office.ports)


@pytest.mark.parametrize(("asked", "said"), [({"vcpu": 64}, "64 核"), ({"system_disk_gb": 10}, "20 GB 系统盘")])
def test_a_machine_that_the_cloud_cannot_make_stops_the_approval(
    office: Office, asked: dict[str, int], said: str
) -> None:
    (number,) = office.apply(system(UNIT, machine(**asked)))
    office.act(number, "accept", "authority")
    office.act(number, "assess", "centre", "approved_plan")
    with pytest.raises(Refused, match=said):
        office.act(number, "approve", "authority")
    assert office.case(number).stage == "approving"
    assert office.ports.estate.stacks() == []


def test_once_approved_a_case_shows_the_flavor_of_each_machine(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sizes between two flavors run on the larger one: the unit is told on which."""
    (number,) = office.apply(system("财务管理系统", machine(1, vcpu=3, memory_gb=5)))
    with office.sessions() as session:
        assert show_case(session, number).flavors == {}
    office.act(number, "accept", "authority")
    office.act(number, "assess", "centre", "approved_plan")
    office.act(number, "approve", "authority")
    with office.sessions() as session:
        shown = show_case(session, number)
    assert shown.flavors == {"app-1": office.ports.cloud("").flavor(3, 5).name}
    print_case(shown)
    assert f"配置规格：app-1 {shown.flavors['app-1']}" in capsys.readouterr().out
