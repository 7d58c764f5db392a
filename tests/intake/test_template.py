"""The form for units: red where required, the city's drop-downs, samples that are no request; readable when filled."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from controller.intake.columns import Column
from controller.intake.form import FIRST_ROW, HEADER_ROW
from controller.intake.template import write_template
from controller.intake.workbook import GUIDE_SHEET
from tests.intake.forms import RULES, cell, machine, read

ANNEX_3 = [
    "序号",
    "网络分区",
    "开发商",
    "系统名称",
    "子系统名称",
    "服务器类型",
    "堡垒机账号负责人",
    "堡垒机账号负责人邮箱",
    "堡垒机账号负责人手机号码",
    "vCPU核",
    "内存GB",
    "系统盘GB",
    "数据盘GB",
    "操作系统",
    "集群部署",
    "集群组号",
    "备注",
]


@pytest.fixture
def workbook():
    return load_workbook(io.BytesIO(write_template(RULES)))


@pytest.fixture
def sheet(workbook) -> Worksheet:
    return workbook.active


@pytest.mark.rule("LZ-A3")
def test_the_17_titles_of_annex_3_stand_in_their_order(sheet: Worksheet):
    titles = [entry.value for entry in sheet[HEADER_ROW]]
    assert titles == ANNEX_3
    assert sheet.freeze_panes == f"A{FIRST_ROW}"


@pytest.mark.rule("LZ-A3")
def test_required_columns_are_red_and_no_others(sheet: Worksheet):
    red = {entry.value for entry in sheet[HEADER_ROW] if entry.font.color and entry.font.color.rgb == "FFC00000"}
    assert {"序号", "开发商", "数据盘GB", "备注"} == {column.title for column in Column} - red


def choices(workbook, reference: str) -> list[str]:
    title, area = reference.split("!")
    return [row[0].value for row in workbook[title.strip("'")][area.replace("$", "")]]


def test_drop_downs_offer_the_city_s_choices(workbook, sheet: Worksheet):
    offered = {
        str(validation.sqref).partition(":")[0]: validation.formula1
        for validation in sheet.data_validations.dataValidation
    }
    assert tuple(choices(workbook, offered[cell(Column.ZONE, FIRST_ROW)])) == RULES.zones
    assert tuple(choices(workbook, offered[cell(Column.IMAGE, FIRST_ROW)])) == RULES.images
    assert choices(workbook, offered[cell(Column.ROLE, FIRST_ROW)]) == ["APP", "WEB", "FTP", "DAT", "MID", "TST", "OTH"]
    assert choices(workbook, offered[cell(Column.CLUSTERED, FIRST_ROW)]) == ["是", "否"]
    assert offered[cell(Column.VCPU, FIRST_ROW)] == "1"


def test_instructions_hold_annex_3_s_notes_and_samples(workbook):
    guide = workbook[GUIDE_SHEET]
    texts = "\n".join(str(value) for row in guide.iter_rows(values_only=True) for value in row if value)
    for note in (
        "请另填新申请表",
        "红色字段为必填项",
        "一行一台虚拟机，不能合并填写",
        "与负责人的邮箱地址",
        "DAT：数据库",
    ):
        assert note in texts
    assert [row[0] for row in guide.iter_rows(values_only=True)].count("示例") == 2


def test_an_empty_form_asks_for_nothing(sheet: Worksheet):
    (problem,) = read(write_template(RULES)).problems
    assert (problem.sheet, problem.cell) == (sheet.title, f"A{FIRST_ROW}")


@pytest.mark.rule("LZ-A3")
def test_a_filled_form_is_read(workbook, sheet: Worksheet):
    sheet["D2"] = "柳州市财政局"
    sheet["D3"] = "王五 13700000000 wangwu@example.com"
    sheet["L3"] = "赵六 13600000000 zhaoliu@example.com"
    for number, column in enumerate(Column, start=1):
        sheet.cell(FIRST_ROW, number, machine().get(column))
    reading = read(workbook)
    assert reading.problems == reading.warnings == ()
    assert reading.request.unit == "柳州市财政局"
    assert len(reading.request.systems[0].machines) == 1


@pytest.mark.rule("LZ-A3")
def test_a_copied_form_holds_a_second_system(workbook, sheet: Worksheet):
    copy = workbook.copy_worksheet(sheet)
    for form, system in ((sheet, "财务管理系统"), (copy, "人事管理系统")):
        form["D2"] = "柳州市财政局"
        form["D3"] = "王五 13700000000 wangwu@example.com"
        form["L3"] = "赵六 13600000000 zhaoliu@example.com"
        for number, column in enumerate(Column, start=1):
            form.cell(FIRST_ROW, number, (machine() | {Column.SYSTEM: system}).get(column))
    assert [system.name for system in read(workbook).request.systems] == ["财务管理系统", "人事管理系统"]
