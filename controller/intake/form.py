"""Prints annex 3's form on a worksheet: the lines above the table, the header, drop-downs, and rows.

Shared by `template.py` (a form to fill) and `render.py` (a form that is filled). Required columns are red (note 2).
"""

from typing import Final

from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from controller.domain.spec import ServerType
from controller.intake.columns import Column
from controller.intake.parties import UNIT_CONTACT_LABEL, UNIT_LABEL, VENDOR_CONTACT_LABEL
from controller.intake.rules import Bounds, WorkbookRules

TITLE = "云资源使用需求表"
HEADER_ROW: Final = 4
FIRST_ROW: Final = HEADER_ROW + 1
_CHOICES_SHEET = "选项"
_RED = "FFC00000"
_LINE = Side(style="thin", color="FF808080")
_GRID = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEADER_FILL = PatternFill("solid", fgColor="FFF2F2F2")
_CENTRED = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(vertical="center", wrap_text=True)
_COLUMN_NUMBERS = {column: number for number, column in enumerate(Column, start=1)}


def print_form(sheet: Worksheet, *, unit: str = "", unit_contact: str = "", vendor_contact: str = "") -> None:
    """The title, the lines of unit and contacts, and the header, as rows 1 to 4; the header stays in view."""
    _line(sheet, "A1:Q1", TITLE, Font(size=16, bold=True))
    sheet["A1"].alignment = _CENTRED
    sheet.row_dimensions[1].height = 30
    bold = Font(bold=True)
    _line(sheet, "A2:C2", UNIT_LABEL, bold)
    _line(sheet, "D2:Q2", unit)
    _line(sheet, "A3:C3", UNIT_CONTACT_LABEL, bold)
    _line(sheet, "D3:H3", unit_contact)
    _line(sheet, "I3:K3", VENDOR_CONTACT_LABEL, bold)
    _line(sheet, "L3:Q3", vendor_contact)
    sheet.row_dimensions[3].height = 32
    print_header(sheet, HEADER_ROW)
    sheet.freeze_panes = f"A{FIRST_ROW}"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def print_header(sheet: Worksheet, row: int) -> None:
    """The 17 titles, the required ones in red, and the widths of their columns."""
    for column, number in _COLUMN_NUMBERS.items():
        cell = sheet.cell(row, number, column.title)
        cell.font = Font(bold=True, color=_RED if column.required else None)
        cell.fill, cell.border, cell.alignment = _HEADER_FILL, _GRID, _CENTRED
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    sheet.row_dimensions[row].height = 36


def print_row(sheet: Worksheet, row: int, values: dict[Column, str | int]) -> None:
    """One row; texts stay texts, whatever they begin with."""
    for column, number in _COLUMN_NUMBERS.items():
        cell = sheet.cell(row, number)
        cell.border, cell.alignment = _GRID, _LEFT
        if column is Column.OWNER_MOBILE:
            cell.number_format = "@"
        if column in values:
            _put(cell, values[column])


def offer_choices(workbook: Workbook, sheets: list[Worksheet], rules: WorkbookRules, rows: int) -> None:
    """Drop-downs and bounds for as many rows below the header; the choices stand on a hidden sheet of their own."""
    choices = workbook.create_sheet(_CHOICES_SHEET)
    choices.sheet_state = "hidden"
    lists = {
        Column.ZONE: rules.zones,
        Column.ROLE: tuple(kind.value for kind in ServerType),
        Column.IMAGE: rules.images,
        Column.CLUSTERED: ("是", "否"),
    }
    for number, (column, items) in enumerate(lists.items(), start=1):
        for row, item in enumerate(items, start=1):
            _put(choices.cell(row, number), item)
        letter = get_column_letter(number)
        _validate(sheets, column, rows, _one_of(f"'{_CHOICES_SHEET}'!${letter}$1:${letter}${len(items)}"))
    for column, bounds in (
        (Column.VCPU, rules.vcpu),
        (Column.MEMORY, rules.memory_gb),
        (Column.SYSTEM_DISK, rules.system_disk_gb),
        (Column.DATA_DISK, rules.data_disk_gb),
    ):
        _validate(sheets, column, rows, _whole(bounds))


def _one_of(reference: str) -> DataValidation:
    validation = DataValidation(type="list", formula1=reference, allow_blank=True)
    validation.error = "请从下拉列表中选择。"
    return validation


def _whole(bounds: Bounds) -> DataValidation:
    validation = DataValidation(type="whole", formula1=str(bounds.low), formula2=str(bounds.high), allow_blank=True)
    validation.error = f"请填写 {bounds.low} 至 {bounds.high} 的整数。"
    return validation


def _validate(sheets: list[Worksheet], column: Column, rows: int, validation: DataValidation) -> None:
    letter = get_column_letter(_COLUMN_NUMBERS[column])
    validation.errorTitle = column.title
    validation.showErrorMessage = True
    validation.add(f"{letter}{FIRST_ROW}:{letter}{FIRST_ROW + rows - 1}")
    for sheet in sheets:
        sheet.add_data_validation(validation)


def _line(sheet: Worksheet, area: str, content: str, font: Font | None = None) -> None:
    """A text across several columns above the table."""
    sheet.merge_cells(area)
    cell = sheet[area.partition(":")[0]]
    cell.alignment = _LEFT
    if font is not None:
        cell.font = font
    _put(cell, content)


def _put(cell: Cell | MergedCell, value: str | int) -> None:
    cell.value = value or None if isinstance(value, str) else value
    if isinstance(value, str) and value:
        cell.data_type = "s"  # openpyxl takes a text that begins with = for a formula
