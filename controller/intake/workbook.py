"""Reads an annex-3 workbook: bytes + the city's rules → `Reading`; called by the command line and the web. Rule: LZ-A3.

The steps, a module each: `archive` (is it safe), `sheets` (values), `tables` (where they stand), `parties` and `rows`
(what they say), `systems` (what they say together). Every step goes on as far as it can, so that one reading tells
every problem; a request comes out only where there is none.
"""

from collections.abc import Iterable

from openpyxl.utils.cell import coordinate_to_tuple

from controller.domain.errors import Refused
from controller.domain.request import Request
from controller.intake.columns import Column
from controller.intake.findings import Findings, Problem, Reading, cell_name, listed
from controller.intake.parties import UNIT_LABEL, read_parties
from controller.intake.rows import read_rows
from controller.intake.rules import WorkbookRules
from controller.intake.sheets import Sheet, open_sheets
from controller.intake.systems import FilledTable, check_tables, system_of
from controller.intake.tables import find_tables

GUIDE_SHEET = "填写说明"
"""The template's sheet of instructions and samples; nothing in it is a request."""


def read_workbook(data: bytes, rules: WorkbookRules) -> Reading:
    """Read a workbook, or say everything that is wrong with it (zh-CN), each with its sheet and cell."""
    try:
        sheets = [sheet for sheet in open_sheets(data) if sheet.name != GUIDE_SHEET]
    except Refused as refused:
        return Reading(None, problems=(Problem("", "", refused.message),))
    findings = [Findings(sheet.name) for sheet in sheets]
    filled = [
        table for sheet, found in zip(sheets, findings, strict=True) for table in _filled_tables(sheet, rules, found)
    ]
    check_tables(filled)
    if not filled and not any(found.problems for found in findings):
        return Reading(None, problems=(_nothing_asked(sheets),))
    problems = _in_order(found.problems for found in findings)
    if not problems and not any(table.parties.unit for table in filled):
        _warn_of_no_unit(filled[0])
    return Reading(
        request=None if problems else _request(filled, rules),
        problems=problems,
        warnings=_in_order(found.warnings for found in findings),
    )


def _filled_tables(sheet: Sheet, rules: WorkbookRules, findings: Findings) -> list[FilledTable]:
    tables = find_tables(sheet, findings)
    if not tables and sheet.cells and not sheet.hidden:
        findings.warn("A1", "没有找到附件3的表头，本工作表未读取。")
    filled = []
    for table in tables:
        if rows := read_rows(table, rules, findings):
            filled.append(FilledTable(table, read_parties(table, findings), rows, findings))
    if filled and sheet.hidden:
        findings.warn("A1", "本工作表被隐藏，已照常读取。")
    return filled


def _request(filled: list[FilledTable], rules: WorkbookRules) -> Request:
    systems = [system_of(table) for table in filled]
    unit = next((table.parties.unit for table in filled if table.parties.unit), None)
    return Request(city=rules.city, unit=unit, systems=tuple(system for system in systems if system))


def _nothing_asked(sheets: Iterable[Sheet]) -> Problem:
    for sheet in sheets:
        for table in find_tables(sheet, Findings(sheet.name)):
            place = cell_name(table.header_row + 1, min(table.columns.values()))
            return Problem(sheet.name, place, "表中没有填写任何虚拟机。请从本行起逐行填写，一行一台。")
    titles = listed(column.title for column in Column)
    name = next((sheet.name for sheet in sheets), GUIDE_SHEET)
    return Problem(name, "A1", f"没有找到附件3的表头。请使用下载的模板，表头为：{titles}（LZ-A3）。")


def _warn_of_no_unit(first: FilledTable) -> None:
    place = cell_name(max(first.table.header_row - 1, 1), 1)
    first.findings.warn(place, f"没有写明申请单位。请在表头上方写“{UNIT_LABEL}单位全称”，或在提交时指定申请单位。")


def _in_order(noted: Iterable[list[Problem]]) -> tuple[Problem, ...]:
    """Sheet by sheet, row by row, as a person walks through the file."""
    return tuple(
        problem for problems in noted for problem in sorted(problems, key=lambda noted: coordinate_to_tuple(noted.cell))
    )
