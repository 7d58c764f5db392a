"""Makes annex-3 workbooks as people make them, right by default, with one thing changed by each test."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from controller.intake.columns import Column
from controller.intake.findings import Reading
from controller.intake.rules import WorkbookRules
from controller.intake.workbook import read_workbook

RULES = WorkbookRules(
    city="liuzhou",
    zones=("公共网络区", "互联网区"),
    images=("CentOS 7.0", "CentOS 7.9", "openEuler 22.03", "Kylin V10", "Ubuntu 22.04", "Windows Server 2019"),
)
TITLES = tuple(column.title for column in Column)
CONTACTS = (
    "申请单位联系人及手机号码、邮箱：王五 13700000000 wangwu@example.com      "
    "信息系统厂商联系人及手机号码、邮箱：赵六 13600000000 zhaoliu@example.com"
)
UNIT = "申请单位：柳州市财政局"
FIRST = 4
"""Row of the first machine in a form made here: unit, contacts and header stand above it."""

Row = dict[Column, object]


def machine(changes: Row | None = None) -> Row:
    """A row that is right, but for the changes."""
    return {
        Column.NUMBER: 1,
        Column.ZONE: "公共网络区",
        Column.DEVELOPER: "华为",
        Column.SUBSYSTEM: "财务管理系统",
        Column.ROLE: "APP",
        Column.OWNER: "张三",
        Column.OWNER_EMAIL: "zhangsan@example.com",
        Column.OWNER_MOBILE: "13800000000",
        Column.VCPU: 8,
        Column.MEMORY: 16,
        Column.SYSTEM_DISK: 60,
        Column.DATA_DISK: 300,
        Column.IMAGE: "CentOS 7.0",
        Column.CLUSTERED: "否",
    } | (changes or {})


def print_table(
    sheet: Worksheet,
    rows: Sequence[Row],
    *,
    lines: Sequence[str] = (UNIT, CONTACTS),
    columns: Sequence[Column] = tuple(Column),
) -> int:
    """Print lines, header and rows below what the sheet holds; returns the row of the first machine."""
    start = 1 if sheet.max_row == 1 and sheet["A1"].value is None else sheet.max_row + 2
    for offset, line in enumerate(lines):
        sheet.cell(start + offset, 1, line)
    header = start + len(lines)
    for number, column in enumerate(columns, start=1):
        sheet.cell(header, number, column.title)
        for offset, row in enumerate(rows, start=1):
            sheet.cell(header + offset, number, row.get(column))
    return header + 1


def form(*rows: Row) -> Workbook:
    """A workbook of one table with these rows, from row 4 on."""
    workbook = Workbook()
    print_table(workbook.worksheets[0], rows)
    return workbook


def saved(workbook: Workbook) -> bytes:
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def read(workbook: Workbook | bytes) -> Reading:
    return read_workbook(workbook if isinstance(workbook, bytes) else saved(workbook), RULES)


def read_row(changes: Row) -> Reading:
    """The reading of a form whose only row has these changes."""
    return read(form(machine(changes)))


def cell(column: Column, row: int = FIRST) -> str:
    """The name of a column's cell in a form with the printed order of columns."""
    return f"{chr(ord('A') + list(Column).index(column))}{row}"


def problems(reading: Reading) -> dict[str, str]:
    """Messages by cell of a reading whose problems all lie on one sheet."""
    return {problem.cell: problem.message for problem in reading.problems}


def rewritten(data: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The workbook with one part's XML changed by hand, for what openpyxl does not write."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            content = source.read(info)
            target.writestr(info.filename, change(content.decode()).encode() if info.filename == part else content)
    return out.getvalue()


def with_cell_xml(data: bytes, name: str, xml: str) -> bytes:
    """The workbook with the XML of one cell of its first sheet replaced."""

    def change(sheet: str) -> str:
        changed, count = re.subn(rf'<c r="{name}"[^>]*?(?:/>|>.*?</c>)', xml, sheet)
        assert count == 1
        return changed

    return rewritten(data, "xl/worksheets/sheet1.xml", change)
