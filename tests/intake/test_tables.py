"""Where tables stand: several a sheet, several sheets, columns in any order, headers as people retype them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from controller.intake.columns import Column
from tests.intake.forms import (
    CONTACTS,
    FIRST,
    UNIT,
    Row,
    cell,
    form,
    machine,
    print_table,
    problems,
    read,
)


def of_system(name: str, **changes: object) -> Row:
    return machine(
        {Column.SYSTEM: name, Column.SUBSYSTEM: None} | {Column[key]: value for key, value in changes.items()}
    )


@pytest.mark.rule("LZ-A3")
def test_one_sheet_may_hold_several_tables_and_a_workbook_several_sheets():
    workbook = Workbook()
    print_table(workbook.worksheets[0], [of_system("财务管理系统"), of_system("财务管理系统")])
    print_table(workbook.worksheets[0], [of_system("人事管理系统")])
    print_table(workbook.create_sheet("网站"), [of_system("门户网站")])
    reading = read(workbook)
    assert reading.problems == reading.warnings == ()
    assert [(system.name, len(system.machines)) for system in reading.request.systems] == [
        ("财务管理系统", 2),
        ("人事管理系统", 1),
        ("门户网站", 1),
    ]
    assert [system.machines[0].row for system in reading.request.systems] == [4, 10, 4]


@pytest.mark.rule("LZ-A3")
@settings(max_examples=10)
@given(columns=st.permutations(list(Column)))
def test_columns_are_found_in_any_order(columns: list[Column]):
    workbook = Workbook()
    print_table(workbook.worksheets[0], [machine({Column.REMARK: "备用"})], columns=columns)
    assert read(workbook).request == read(form(machine({Column.REMARK: "备用"}))).request


@pytest.mark.parametrize(
    ("column", "title"),
    [
        (Column.OWNER, "堡垒机账  号\n负责人"),
        (Column.VCPU, "ｖＣＰＵ（核）"),
        (Column.MEMORY, " 内存 (GB) "),
        (Column.MEMORY, "内存"),
        (Column.ZONE, "*网络分区"),
        (Column.ROLE, "服务器类型（必填）"),
    ],
)
def test_titles_are_known_whatever_their_spaces_and_brackets(column: Column, title: str):
    workbook = form(machine())
    workbook.worksheets[0][cell(column, FIRST - 1)] = title
    assert read(workbook).problems == ()


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_missing_titles_are_named_and_the_rest_is_read_all_the_same():
    columns = [column for column in Column if column not in {Column.IMAGE, Column.ZONE}]
    workbook = Workbook()
    print_table(workbook.worksheets[0], [machine({Column.VCPU: 0})], columns=columns)
    found = problems(read(workbook))
    assert "表头缺少“网络分区”、“操作系统”" in found[f"A{FIRST - 1}"]
    assert list(found) == [f"A{FIRST - 1}", f"I{FIRST}"]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_a_title_that_comes_twice_is_refused():
    workbook = form(machine())
    workbook.worksheets[0][cell(Column.REMARK, FIRST - 1)] = "操作系统"
    assert "重复" in problems(read(workbook))[cell(Column.REMARK, FIRST - 1)]


def test_columns_that_annex_3_does_not_require_may_be_missing():
    columns = [c for c in Column if c not in {Column.NUMBER, Column.DEVELOPER, Column.SYSTEM, Column.DATA_DISK}]
    workbook = Workbook()
    print_table(workbook.worksheets[0], [machine()], columns=columns)
    reading = read(workbook)
    assert reading.problems == ()
    assert reading.request.systems[0].machines[0].data_disk_gb == 0


def test_notes_below_a_table_are_no_rows():
    workbook = form(machine())
    sheet = workbook.worksheets[0]
    for offset, note in enumerate(
        ["填写说明：", "1．同一用户申请多个系统的，请另填新申请表；", "2．红色字段为必填项；"]
    ):
        sheet.cell(FIRST + 2 + offset, 1, note)
    assert read(workbook).problems == ()


def test_a_full_row_is_a_machine_whatever_its_number_says():
    assert len(read(form(machine(), machine({Column.NUMBER: "填写说明："}))).request.systems[0].machines) == 2


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_a_machine_written_below_the_notes_is_not_lost_silently():
    workbook = form(machine())
    sheet = workbook.worksheets[0]
    sheet.cell(FIRST + 2, 1, "填写说明：")
    for number, column in enumerate(Column, start=1):
        sheet.cell(FIRST + 4, number, machine().get(column))
    assert "移到表头下方" in problems(read(workbook))[f"A{FIRST + 4}"]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_sheets_with_only_blank_numbered_rows_ask_for_nothing():
    blank = dict.fromkeys(Column)
    empty = [blank | {Column.NUMBER: number} for number in range(1, 4)]
    assert "没有填写任何虚拟机" in problems(read(form(*empty)))[f"A{FIRST}"]
    workbook = form(machine())
    print_table(workbook.create_sheet("空表"), empty, lines=("申请单位：", "申请单位联系人及手机号码、邮箱："))
    reading = read(workbook)
    assert reading.problems == ()
    assert len(reading.request.systems) == 1


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_a_workbook_without_the_table_is_told_what_the_header_is():
    workbook = Workbook()
    workbook.worksheets[0]["A1"] = "采购清单"
    (problem,) = read(workbook).problems
    assert (problem.sheet, problem.cell) == ("Sheet", "A1")
    assert "堡垒机账号负责人手机号码" in problem.message


def test_a_sheet_that_is_not_read_is_named():
    workbook = form(machine())
    workbook.create_sheet("附图")["A1"] = "拓扑图"
    assert [(warning.sheet, warning.cell) for warning in read(workbook).warnings] == [("附图", "A1")]


def test_a_hidden_sheet_is_read_and_named():
    workbook = form(of_system("财务管理系统"))
    hidden = workbook.create_sheet("隐藏")
    print_table(hidden, [of_system("门户网站")])
    hidden.sheet_state = "hidden"
    reading = read(workbook)
    assert len(reading.request.systems) == 2
    assert [warning.sheet for warning in reading.warnings] == ["隐藏"]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_two_systems_in_one_table_are_refused():
    found = problems(read(form(of_system("财务管理系统"), of_system("人事管理系统"))))
    assert "一张表只填一个系统" in found[cell(Column.SYSTEM, FIRST + 1)]
    found = problems(read(form(machine(), machine({Column.SUBSYSTEM: "人事管理系统"}))))
    assert "一张表只填一个系统" in found[cell(Column.SUBSYSTEM, FIRST + 1)]


def test_subsystems_of_one_system_share_its_table():
    rows = [machine({Column.SYSTEM: "财务管理系统", Column.SUBSYSTEM: part}) for part in ("预算", "决算", None)]
    (system,) = read(form(*rows, machine({Column.SUBSYSTEM: "报表"}))).request.systems
    assert system.name == "财务管理系统"
    assert [row.subsystem for row in system.machines] == ["预算", "决算", None, "报表"]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_one_system_in_two_tables_is_refused():
    workbook = form(of_system("财务管理系统"))
    print_table(workbook.create_sheet("再来"), [of_system("财务管理系统")])
    (problem,) = read(workbook).problems
    assert (problem.sheet, problem.cell) == ("再来", "A3")
    assert "一个系统只填一张表" in problem.message
    assert "工作表“Sheet”第 3 行" in problem.message


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_two_units_in_one_file_are_refused():
    workbook = form(of_system("财务管理系统"))
    print_table(workbook.create_sheet("别家"), [of_system("门户网站")], lines=("申请单位：柳州市教育局", CONTACTS))
    assert "一个文件只能由一个单位申请" in read(workbook).problems[0].message


@pytest.mark.rule("LZ-A3")
def test_the_rows_of_a_system_may_lie_in_several_zones():
    cluster = {Column.CLUSTERED: "是", Column.CLUSTER: "集群1"}
    rows = [machine(cluster), machine(cluster | {Column.ZONE: "互联网区"})]
    reading = read(form(*rows))
    (system,) = reading.request.systems
    assert {zone: len(machines) for zone, machines in system.by_zone().items()} == {"公共网络区": 1, "互联网区": 1}
    (warning,) = reading.warnings
    assert warning.cell == cell(Column.CLUSTER)
    assert "跨网络分区（公共网络区 1 台、互联网区 1 台）" in warning.message


def test_a_cluster_of_one_is_warned_of_and_a_whole_one_is_not():
    alone = {Column.CLUSTERED: "是", Column.CLUSTER: "集群1"}
    pair = {Column.CLUSTERED: "是", Column.CLUSTER: "集群２"}
    rows = [machine(alone), machine(pair), machine(pair | {Column.CLUSTER: "集群2"})]
    reading = read(form(*rows))
    assert [(warning.cell, "只有一台" in warning.message) for warning in reading.warnings] == [
        (cell(Column.CLUSTER), True)
    ]


def test_lines_of_a_second_table_are_its_own():
    workbook = form(of_system("财务管理系统"))
    others = (
        "申请单位联系人及手机号码、邮箱：孙七 13500000000 sun@example.com",
        "信息系统厂商联系人及手机号码、邮箱：周八 13400000000 zhou@example.com",
    )
    print_table(workbook.worksheets[0], [of_system("门户网站")], lines=(UNIT, *others))
    first, second = read(workbook).request.systems
    assert (first.unit_contact.name, first.vendor_contact.name) == ("王五", "赵六")
    assert (second.unit_contact.name, second.vendor_contact.name) == ("孙七", "周八")
