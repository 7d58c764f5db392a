"""The lines above a table: unit and contacts, in all the ways in which people fill that line."""

from __future__ import annotations

import pytest
from openpyxl import Workbook

from controller.domain.request import Contact
from controller.intake.findings import Reading
from tests.intake.forms import CONTACTS, UNIT, machine, print_table, problems, read

WANG = Contact(name="王五", mobile="13700000000", email="wangwu@example.com")
ZHAO = Contact(name="赵六", mobile="13600000000", email="zhaoliu@example.com")
LABEL = "申请单位联系人及手机号码、邮箱："
VENDOR = "信息系统厂商联系人及手机号码、邮箱：赵六 13600000000 zhaoliu@example.com"


def read_lines(*lines: str) -> Reading:
    workbook = Workbook()
    print_table(workbook.worksheets[0], [machine()], lines=lines)
    return read(workbook)


def read_contact(written: str) -> Reading:
    return read_lines(UNIT, LABEL + written, VENDOR)


@pytest.mark.rule("LZ-A3")
def test_both_contacts_on_one_line_as_annex_3_prints_them():
    reading = read_lines(UNIT, CONTACTS)
    (system,) = reading.request.systems
    assert (system.unit_contact, system.vendor_contact) == (WANG, ZHAO)
    assert reading.request.unit == "柳州市财政局"


@pytest.mark.parametrize(
    "written",
    [
        "王五 13700000000 wangwu@example.com",
        "王五、13700000000、wangwu@example.com",
        "王五，手机：13700000000，邮箱：wangwu@example.com",
        "姓名：王\u3000五；电话：１３７００００００００；电子邮箱：wangwu@example.com",
        "王五（13700000000）wangwu@example.com",
        "wangwu@example.com 王五 137-0000-0000",
        "王五+86 13700000000 wangwu@example.com",
    ],
)
def test_a_contact_is_read_however_it_is_written(written: str):
    reading = read_contact(written)
    assert reading.problems == ()
    assert reading.request.systems[0].unit_contact == WANG


def test_a_contact_may_stand_in_the_cells_beside_its_label():
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    print_table(sheet, [machine()], lines=("申请单位名称：", LABEL, ""))
    sheet["D1"] = "柳州市财政局"
    for place, value in {"D2": "王五", "F2": 13700000000.0, "H2": "wangwu@example.com"}.items():
        sheet[place] = value
    sheet["A3"], sheet["K3"] = "信息系统厂商联系人", "赵六 13600000000 zhaoliu@example.com"
    reading = read(workbook)
    assert reading.problems == reading.warnings == ()
    assert (reading.request.unit, reading.request.systems[0].unit_contact) == ("柳州市财政局", WANG)
    assert reading.request.systems[0].vendor_contact == ZHAO


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("", "缺少姓名、应有一个 11 位手机号码、应有一个正确的邮箱"),
        ("13700000000 wangwu@example.com", "缺少姓名"),
        ("王五 wangwu@example.com", "应有一个 11 位手机号码"),
        ("王五 1370000000 wangwu@example.com", "应有一个 11 位手机号码"),
        ("王五 13700000000", "应有一个正确的邮箱"),
        ("王五 13700000000 wangwu@example", "应有一个正确的邮箱"),
        ("王五 13700000000 13800000000 wangwu@example.com", "只能写一个手机号码"),
        ("王五 13700000000 a@example.com b@example.com", "只能写一个邮箱"),
        ("王五" * 30 + " 13700000000 wangwu@example.com", "过长"),
    ],
)
def test_what_a_contact_lacks_is_told_at_its_label(written: str, fault: str):
    reading = read_contact(written)
    assert reading.request is None
    assert fault in problems(reading)["A2"]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_a_table_without_the_contacts_line_is_refused():
    (unit, vendor) = read_lines(UNIT).problems
    assert (unit.cell, vendor.cell) == ("A1", "A1")
    assert "缺少“申请单位联系人及手机号码、邮箱：”" in unit.message
    assert "缺少“信息系统厂商联系人及手机号码、邮箱：”" in vendor.message


@pytest.mark.parametrize("lines", [(CONTACTS,), ("申请单位：", CONTACTS)])
def test_a_sheet_without_the_unit_is_read_and_warned_of_since_annex_3_has_no_field_for_it(lines: tuple[str, ...]):
    reading = read_lines(*lines)
    assert reading.request.unit is None
    (warning,) = reading.warnings
    assert "没有写明申请单位" in warning.message


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_a_name_of_the_unit_that_is_too_long_is_refused():
    assert "申请单位" in problems(read_lines("申请单位：" + "局" * 101, CONTACTS))["A1"]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_a_contacts_line_that_cannot_be_read_is_told():
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    print_table(sheet, [machine()], lines=(UNIT, LABEL, VENDOR))
    sheet["D2"] = "=B9"
    assert "公式没有保存计算结果" in problems(read(workbook))["D2"]
