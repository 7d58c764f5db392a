"""Finds the tables of a sheet by their header texts: `Sheet` → `Table`s; called by `workbook.py`. Rule: LZ-A3.

A sheet may hold several tables one below another, each with the lines of the unit and the contacts above it, and the
columns in any order. What stands below a table (notes, the next title) is told from its rows by its first words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from controller.intake.columns import ALTERNATIVES, MAY_BE_ABSENT, Column, column_of_title
from controller.intake.findings import Findings, cell_name, listed
from controller.intake.sheets import Sheet, Value

MIN_TITLES = 5
"""A row that bears as many known titles is a header; one sentence in a note never does."""

MAX_CELLS_OF_A_LINE = 9
"""The lines of unit and contacts fill 8 cells at most, a machine 11 at least: a fuller row is always a machine's."""

_NOT_A_ROW = re.compile(
    r"填写说明|以下空白|云资源使用需求表|附件\s*\d|申请单位(?:名称)?\s*[:：]|申请单位联系人|(?:信息)?系统厂商联系人"
)


@dataclass(frozen=True)
class Table:
    """One system's table: where its columns stand, its rows with values by column number, and the lines above it."""

    sheet: Sheet
    header_row: int
    columns: Mapping[Column, int]
    rows: Mapping[int, Mapping[int, Value]]
    lines_above: Mapping[int, Mapping[int, Value]]

    def cell(self, row: int, column: Column) -> str:
        """The name of the cell in which this row's value stands or should stand."""
        return cell_name(row, self.columns[column])

    def value(self, row: int, column: Column) -> Value | None:
        """The value of a row in a column; None where the cell is empty or the table lacks the column."""
        return self.rows[row].get(self.columns[column]) if column in self.columns else None


def find_tables(sheet: Sheet, findings: Findings) -> tuple[Table, ...]:
    """The tables of a sheet from top to bottom; missing and repeated titles are noted."""
    filled = sheet.filled_rows()
    headers = [row for row, values in filled.items() if len(_titles(values)) >= MIN_TITLES]
    tables = []
    first_line = 1
    for header, following in pairwise([*headers, max(filled, default=0) + 1]):
        end = _end_of_rows(filled, header, following)
        tables.append(
            Table(
                sheet=sheet,
                header_row=header,
                columns=_columns(filled[header], header, findings),
                rows={row: values for row, values in filled.items() if header < row < end},
                lines_above={row: values for row, values in filled.items() if first_line <= row < header},
            )
        )
        _refuse_strays(filled, range(end, following), findings)
        first_line = end
    return tuple(tables)


def _titles(values: Mapping[int, Value]) -> dict[int, Column]:
    found = {place: column_of_title(value) for place, value in values.items() if isinstance(value, str)}
    return {place: column for place, column in found.items() if column is not None}


def _columns(values: Mapping[int, Value], header: int, findings: Findings) -> dict[Column, int]:
    columns: dict[Column, int] = {}
    for place, column in _titles(values).items():
        if column in columns:
            first = cell_name(header, columns[column])
            findings.problem(cell_name(header, place), f"表头“{column.title}”重复（已在 {first}）。请只保留一列。")
        else:
            columns[column] = place
    missing = [column for column in Column if column not in columns and column not in MAY_BE_ABSENT | ALTERNATIVES]
    if not ALTERNATIVES & columns.keys():
        missing.append(Column.SYSTEM)
    if missing:
        titles = listed(f"“{column.title}”" for column in missing)
        findings.problem(cell_name(header, min(values)), f"表头缺少{titles}。请在本行补上，文字与附件3一致（LZ-A3）。")
    return columns


def _end_of_rows(filled: Mapping[int, Mapping[int, Value]], header: int, following: int) -> int:
    """The first row after the header that no longer belongs to the table."""
    for row, values in filled.items():
        if header < row < following and _ends_table(values):
            return row
    return following


def _ends_table(values: Mapping[int, Value]) -> bool:
    first = values[min(values)]
    return isinstance(first, str) and len(values) <= MAX_CELLS_OF_A_LINE and _NOT_A_ROW.match(first) is not None


def _refuse_strays(filled: Mapping[int, Mapping[int, Value]], below: range, findings: Findings) -> None:
    """Refuse a full row below the notes: it would be lost without a word."""
    for row, values in filled.items():
        if row in below and len(values) >= MIN_TITLES and not _ends_table(values):
            findings.problem(
                cell_name(row, min(values)), f"第 {row} 行在表格结束之后，不能读取。请把它移到表头下方的表格中。"
            )
