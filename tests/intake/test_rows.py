"""One row, one machine: what must be filled, and what Excel does to numbers and texts."""

from __future__ import annotations

import pytest

from controller.domain.spec import ServerType
from controller.intake.columns import Column
from controller.intake.findings import Reading
from tests.intake.forms import FIRST, cell, form, machine, problems, read, read_row, saved, with_cell_xml

REQUIRED = [
    Column.ZONE,
    Column.ROLE,
    Column.OWNER,
    Column.OWNER_EMAIL,
    Column.OWNER_MOBILE,
    Column.VCPU,
    Column.MEMORY,
    Column.SYSTEM_DISK,
    Column.IMAGE,
    Column.CLUSTERED,
]


def only(reading: Reading):
    """The one machine of a reading without problems."""
    assert reading.problems == ()
    (system,) = reading.request.systems
    (row,) = system.machines
    return row


@pytest.mark.rule("LZ-A3")
def test_a_row_of_annex_3_is_a_machine():
    found = only(read_row({}))
    assert (found.zone, found.role, found.image) == ("公共网络区", ServerType.APP, "CentOS 7.0")
    assert (found.vcpu, found.memory_gb, found.system_disk_gb, found.data_disk_gb) == (8, 16, 60, 300)
    assert [owner.model_dump() for owner in found.owners] == [
        {"name": "张三", "email": "zhangsan@example.com", "mobile": "13800000000"}
    ]
    assert (found.sheet, found.row, found.cluster, found.developer) == ("Sheet", FIRST, None, "华为")


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize("column", REQUIRED, ids=lambda column: column.name)
def test_an_empty_required_cell_is_named(column: Column):
    reading = read_row({column: None})
    assert reading.request is None
    assert problems(reading) == {cell(column): f"“{column.title}”是必填项，不能为空（LZ-A3）。"}


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_a_row_without_system_and_subsystem_is_refused():
    assert "至少填写一项" in problems(read_row({Column.SUBSYSTEM: None}))[cell(Column.SYSTEM)]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_every_problem_of_every_row_is_told_at_once():
    reading = read(form(machine({Column.ZONE: None, Column.VCPU: "八"}), machine({Column.IMAGE: None}), machine()))
    assert list(problems(reading)) == [
        cell(Column.ZONE, FIRST),
        cell(Column.VCPU, FIRST),
        cell(Column.IMAGE, FIRST + 1),
    ]


@pytest.mark.rule("LZ-A3")
@pytest.mark.parametrize("kind", ServerType)
def test_the_seven_server_types_are_read_by_code_and_by_term(kind: ServerType):
    assert only(read_row({Column.ROLE: kind.value.lower()})).role is kind


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize(
    ("written", "meant"), [("APPP", "APP"), ("数据库服务器", "DAT"), ("MySQL", "DAT"), ("ＷＥＢ1", "WEB")]
)
def test_an_unknown_server_type_is_refused_with_a_suggestion(written: str, meant: str):
    message = problems(read_row({Column.ROLE: written}))[cell(Column.ROLE)]
    assert f"“{written}”不存在，是否为“{meant}”" in message
    assert "OTH（其他）" in message


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("８", 8), ("8", 8), (" 8 ", 8), (8.0, 8), ("8.0", 8), ("８核", 8), ("8 核", 8), ("\u30008\u00a0", 8), ("08", 8)],
)
def test_numbers_are_read_through_excel_s_disguises(written: object, read_as: int):
    assert only(read_row({Column.VCPU: written})).vcpu == read_as


@pytest.mark.parametrize(
    ("written", "read_as"), [("1,024", 1024), ("300GB", 300), ("300 g", 300), (None, 0), ("无", 0), ("/", 0)]
)
def test_data_disks_are_read_with_their_unit_or_as_none(written: object, read_as: int):
    assert only(read_row({Column.DATA_DISK: written})).data_disk_gb == read_as


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize("written", [0, -4, 129, 8.5, "8.5", "八", "8-16", True, "1e1", "8" * 5000, "1T"])
def test_a_size_that_is_no_whole_number_within_bounds_is_refused(written: object):
    assert "1 至 128 的整数" in problems(read_row({Column.VCPU: written}))[cell(Column.VCPU)]


@pytest.mark.parametrize(
    "written",
    [
        13800000000,
        13800000000.0,
        "13800000000",
        "１３８００００００００",
        "138 0000 0000",
        "138-0000-0000",
        "+8613800000000",
        "13800000000.0",
        "\u00a013800000000\u3000",
    ],
)
def test_mobiles_are_read_through_excel_s_disguises(written: object):
    assert only(read_row({Column.OWNER_MOBILE: written})).owners[0].mobile == "13800000000"


def test_a_mobile_that_excel_saved_with_an_exponent_is_read():
    place = cell(Column.OWNER_MOBILE)
    data = with_cell_xml(saved(form(machine())), place, f'<c r="{place}"><v>1.38E10</v></c>')
    assert only(read(data)).owners[0].mobile == "13800000000"


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize("written", ["1380000000", "138000000000", "02812345678", "12800000000", 13800000000.5, "电话"])
def test_a_wrong_mobile_is_refused(written: object):
    assert "11 位号码" in problems(read_row({Column.OWNER_MOBILE: written}))[cell(Column.OWNER_MOBILE)]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_a_mobile_in_scientific_notation_is_refused_since_digits_may_be_lost():
    assert "科学计数法" in problems(read_row({Column.OWNER_MOBILE: "1.38E+10"}))[cell(Column.OWNER_MOBILE)]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize(
    "written", ["zhangsan", "zhang san@example.com", "zhangsan@", "@example.com", "a@b", "a@b@c.cn"]
)
def test_a_wrong_email_is_refused(written: str):
    assert "格式不对" in problems(read_row({Column.OWNER_EMAIL: written}))[cell(Column.OWNER_EMAIL)]


def test_a_full_width_email_is_read():
    assert only(read_row({Column.OWNER_EMAIL: "ｚｈａｎｇ＠example．com"})).owners[0].email == "zhang@example.com"


@pytest.mark.rule("LZ-A3")
@pytest.mark.parametrize("mark", ["、", ",", "，", ";", "；", "/", "／", "\n", "、\n", " ; "])
def test_several_owners_are_matched_in_order(mark: str):
    people = [("张三", "zhangsan@example.com", "13800000000"), ("李四", "lisi@example.com", "13988888888")]
    names, emails, mobiles = (mark.join(parts) for parts in zip(*people, strict=True))
    found = only(read_row({Column.OWNER: names, Column.OWNER_EMAIL: emails, Column.OWNER_MOBILE: mobiles}))
    assert [(owner.name, owner.email, owner.mobile) for owner in found.owners] == people


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize(
    "changes",
    [
        {Column.OWNER: "张三、李四"},
        {Column.OWNER_EMAIL: "a@example.com、b@example.com"},
        {Column.OWNER_MOBILE: "13800000000/13988888888"},
    ],
)
def test_owners_emails_and_mobiles_in_different_numbers_are_refused(changes: dict[Column, object]):
    assert "数目不一致" in problems(read_row(changes))[cell(Column.OWNER)]


def test_the_gap_in_a_name_of_two_characters_is_closed():
    assert only(read_row({Column.OWNER: "张\u3000三"})).owners[0].name == "张三"


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize(
    ("column", "written"),
    [
        (Column.REMARK, "x2"),
        (Column.REMARK, "×2"),
        (Column.REMARK, "2台"),
        (Column.REMARK, "共 2 台，配置相同"),
        (Column.REMARK, "同样配置两台"),
        (Column.REMARK, "以上＊３"),
        (Column.ROLE, "APP×2"),
        (Column.ROLE, "APP*2"),
        (Column.SUBSYSTEM, "财务管理系统 X2"),
        (Column.VCPU, "8x2"),
        (Column.VCPU, "2台"),
        (Column.IMAGE, "CentOS 7.0 x2台"),
    ],
)
def test_a_row_for_several_machines_is_refused(column: Column, written: str):
    assert "一行只能填一台虚拟机" in problems(read_row({column: written}))[cell(column)]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize("written", ["1-3", "1~3", "1、2", "１－３"])
def test_a_number_that_spans_rows_is_refused(written: str):
    assert "一行只能填一台虚拟机" in problems(read_row({Column.NUMBER: written}))[cell(Column.NUMBER)]


@pytest.mark.parametrize("remark", ["nginx2", "第2台", "x64 版本", "与数据库2台服务器互通", "3x4 区"])
def test_a_remark_that_only_looks_like_several_machines_is_kept(remark: str):
    assert only(read_row({Column.REMARK: remark})).remark == remark


@pytest.mark.parametrize("written", ["centos7.0", "CentOS\u00a07.0", "ＣｅｎｔＯＳ　７．０", "CENTOS  7.0"])
def test_an_operating_system_is_found_whatever_its_spelling(written: str):
    assert only(read_row({Column.IMAGE: written})).image == "CentOS 7.0"


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
@pytest.mark.parametrize(("column", "written"), [(Column.IMAGE, "CentOS 7.8"), (Column.ZONE, "公共网络")])
def test_what_the_city_does_not_offer_is_refused_with_what_it_does(column: Column, written: str):
    message = problems(read_row({column: written}))[cell(column)]
    assert f"“{written}”不在可选范围内，是否为“" in message


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_a_cluster_needs_its_group_and_a_group_its_cluster():
    assert "必填" in problems(read_row({Column.CLUSTERED: "是"}))[cell(Column.CLUSTER)]
    assert "却填了集群组号" in problems(read_row({Column.CLUSTER: "集群1"}))[cell(Column.CLUSTER)]
    assert "“是”或“否”" in problems(read_row({Column.CLUSTERED: "也许"}))[cell(Column.CLUSTERED)]


@pytest.mark.parametrize("written", [1, 1.0, "1", " １ "])
def test_a_group_may_be_a_number(written: object):
    found = only(read_row({Column.CLUSTERED: "是", Column.CLUSTER: written}))
    assert found.cluster == "1"


def test_rows_with_only_a_number_are_passed_over():
    blank = dict.fromkeys(Column)
    rows = [blank | {Column.NUMBER: 1}, machine(), blank | {Column.NUMBER: 3}, blank | {Column.ZONE: "\u3000 \u00a0"}]
    assert only(read(form(*rows))).row == FIRST + 1


def test_a_hidden_row_is_read_and_named():
    workbook = form(machine(), machine())
    workbook.worksheets[0].row_dimensions[FIRST + 1].hidden = True
    reading = read(workbook)
    assert len(reading.request.systems[0].machines) == 2
    assert [(warning.cell, "被隐藏" in warning.message) for warning in reading.warnings] == [(f"A{FIRST + 1}", True)]


def test_a_row_marked_as_a_sample_is_no_request_and_said_so():
    reading = read(form(machine({Column.NUMBER: "示例"}), machine()))
    assert [row.row for row in reading.request.systems[0].machines] == [FIRST + 1]
    assert [warning.cell for warning in reading.warnings] == [f"A{FIRST}"]


@pytest.mark.rule("LZ-A3")
@pytest.mark.breaks
def test_merged_cells_among_the_rows_are_refused_by_their_range():
    workbook = form(machine(), machine(), machine())
    workbook.worksheets[0].merge_cells(f"B{FIRST}:B{FIRST + 2}")
    reading = read(workbook)
    assert problems(reading).keys() == {f"B{FIRST}"}
    assert f"B{FIRST}:B{FIRST + 2} 是合并单元格" in problems(reading)[f"B{FIRST}"]


def test_merged_cells_above_and_below_the_rows_are_nobody_s_harm():
    workbook = form(machine())
    sheet = workbook.worksheets[0]
    sheet.merge_cells("A1:Q1")
    sheet["A10"] = "填写说明：1．同一用户申请多个系统的，请另填新申请表"
    sheet.merge_cells("A10:Q12")
    assert only(read(workbook)).row == FIRST


def test_a_formula_counts_by_the_value_that_excel_saved():
    data = with_cell_xml(
        saved(form(machine())), cell(Column.VCPU), f'<c r="{cell(Column.VCPU)}"><f>2*4</f><v>4</v></c>'
    )
    assert only(read(data)).vcpu == 4


@pytest.mark.breaks
@pytest.mark.rule("LZ-A3")
@pytest.mark.parametrize("column", [Column.VCPU, Column.REMARK, Column.CLUSTER])
def test_a_formula_without_a_saved_value_is_refused(column: Column):
    assert "公式没有保存计算结果" in problems(read_row({column: "=1+1"}))[cell(column)]


@pytest.mark.breaks
@pytest.mark.rule("LZ-A3")
def test_a_formula_that_ends_in_an_error_is_refused():
    data = with_cell_xml(
        saved(form(machine())), cell(Column.VCPU), f'<c r="{cell(Column.VCPU)}" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    )
    assert "#DIV/0!" in problems(read(data))[cell(Column.VCPU)]


@pytest.mark.breaks
@pytest.mark.rule("LZ-A3")
def test_what_excel_took_for_a_date_is_refused():
    workbook = form(machine({Column.CLUSTERED: "是", Column.CLUSTER: 45000}))
    workbook.worksheets[0][cell(Column.CLUSTER)].number_format = "m-d"
    assert "日期" in problems(read(workbook))[cell(Column.CLUSTER)]


@pytest.mark.breaks
@pytest.mark.rule("LZ-A3")
def test_a_text_that_is_too_long_is_refused():
    assert "过长" in problems(read_row({Column.SUBSYSTEM: "系统" * 60}))[cell(Column.SUBSYSTEM)]
