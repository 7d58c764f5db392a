"""Writes the annex-3 form for a unit to fill: a city's rules → an .xlsx file; called by `yunguan request template`.

The form is the first sheet; the second carries annex 3's notes and its sample and is never read as a request. Rule:
LZ-A3.
"""

import io

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from controller.domain.request import SERVER_TYPE_TERMS
from controller.domain.spec import ServerType
from controller.intake.columns import Column
from controller.intake.form import FIRST_ROW, TITLE, offer_choices, print_form, print_header, print_row
from controller.intake.rows import SAMPLE_MARK
from controller.intake.rules import WorkbookRules
from controller.intake.workbook import GUIDE_SHEET

NUMBERED_ROWS = 20
ROWS_WITH_CHOICES = 1000

_NOTES = (
    "同一用户申请多个系统的，请另填新申请表：可复制“云资源使用需求表”工作表，一个系统一张。",
    "红色字段为必填项；“系统名称”与“子系统名称”至少填一项；“集群部署”为“是”时须填“集群组号”。",
    "请务必一行一台虚拟机，不能合并填写：不要合并单元格，不要写“x2”“2台”。",
    "堡垒机账号负责人，可填写多人，用“、”隔开，并与负责人的邮箱地址、手机号码按相同顺序一一对应。",
    "类型说明。" + "；".join(f"{kind.value}：{term}" for kind, term in SERVER_TYPE_TERMS.items()) + "。",
    "申请单位写单位全称；两个联系人各写姓名、手机号码、邮箱，如：张三 13800000000 zhangsan@example.com。",
    "内存、系统盘、数据盘以 GB 为单位，只写整数；没有数据盘的可不填。",
    "同一集群的虚拟机填相同的集群组号；集群在同一网络分区内组建。",
    "手机号码请以文本格式填写；填写后请保存为 .xlsx 文件。",
)


def write_template(rules: WorkbookRules) -> bytes:
    """An empty form with drop-downs of the city's zones and operating systems, and a sheet of instructions."""
    workbook = Workbook()
    form = workbook.worksheets[0]
    form.title = TITLE
    print_form(form)
    for number in range(1, NUMBERED_ROWS + 1):
        print_row(form, FIRST_ROW + number - 1, {Column.NUMBER: number})
    _print_guide(workbook.create_sheet(GUIDE_SHEET), rules)
    offer_choices(workbook, [form], rules, ROWS_WITH_CHOICES)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _print_guide(sheet: Worksheet, rules: WorkbookRules) -> None:
    sheet["A1"] = GUIDE_SHEET
    sheet["A1"].font = Font(size=14, bold=True)
    for number, note in enumerate(_NOTES, start=1):
        row = number + 1
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(Column))
        cell = sheet.cell(row, 1, f"{number}．{note}")
        cell.alignment = Alignment(vertical="center", wrap_text=True)
    header = len(_NOTES) + 3
    print_header(sheet, header)
    for offset, sample in enumerate(_samples(rules), start=1):
        print_row(sheet, header + offset, sample)


def _samples(rules: WorkbookRules) -> list[dict[Column, str | int]]:
    """Annex 3's sample: two machines of one cluster, the second with several owners."""
    sample: dict[Column, str | int] = {
        Column.NUMBER: SAMPLE_MARK,
        Column.ZONE: rules.zones[0],
        Column.DEVELOPER: "某软件公司",
        Column.SYSTEM: "财务管理系统",
        Column.ROLE: ServerType.APP.value,
        Column.OWNER: "张三",
        Column.OWNER_EMAIL: "zhangsan@example.com",
        Column.OWNER_MOBILE: "13800000000",
        Column.VCPU: 8,
        Column.MEMORY: 16,
        Column.SYSTEM_DISK: 60,
        Column.DATA_DISK: 300,
        Column.IMAGE: rules.images[0],
        Column.CLUSTERED: "是",
        Column.CLUSTER: "集群1",
    }
    second: dict[Column, str | int] = {
        Column.OWNER: "张三、李四",
        Column.OWNER_EMAIL: "zhangsan@example.com、lisi@example.com",
        Column.OWNER_MOBILE: "13800000000、13988888888",
    }
    return [sample, sample | second]
