"""Opens a workbook and hands on plain sheets: bytes → `Sheet`s with cleaned values; called by `workbook.py`.

From here on nobody knows of openpyxl. A formula stands for the value that Excel saved with it; nothing is computed.
"""

import io
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.worksheet.worksheet import Worksheet

from controller.domain.errors import Refused
from controller.intake.archive import inspect_archive

MAX_SHEETS = 50
MAX_ROWS = 10_000
MAX_COLUMNS = 64

# openpyxl warns of what it drops when a workbook is saved again (images, extended drop-downs); here nothing is saved.
warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")


@dataclass(frozen=True)
class Unreadable:
    """A cell that holds something from which no value can be taken; the message (zh-CN) says what and what to write."""

    message: str


Value = str | int | float | bool | Unreadable
"""What a cell holds; texts are free of odd spaces and never empty."""


@dataclass(frozen=True)
class MergedRange:
    """A merged range: its name, such as B5:B7, and the rows and columns it covers."""

    name: str
    rows: range
    columns: range


@dataclass(frozen=True)
class Sheet:
    """A sheet's filled cells by (row, column), both from 1, with the merged ranges and the hidden rows."""

    name: str
    hidden: bool
    cells: Mapping[tuple[int, int], Value]
    merged: tuple[MergedRange, ...]
    hidden_rows: frozenset[int]

    def filled_rows(self) -> dict[int, dict[int, Value]]:
        """The rows that hold anything, in order, each with its values by column."""
        by_row = groupby(sorted(self.cells), key=lambda place: place[0])
        return {row: {column: self.cells[row, column] for _, column in places} for row, places in by_row}


def open_sheets(data: bytes) -> tuple[Sheet, ...]:
    """The sheets of a workbook in their order, hidden ones too.

    Raises:
        Refused: the file is not a workbook that can be read safely, or is too large.
    """
    has_formulas = inspect_archive(data)
    computed = _load(data, cached_values=True)
    worksheets = computed.worksheets
    with_formulas: list[Worksheet | None] = [None] * len(worksheets)
    if has_formulas:
        with_formulas = [*_load(data, cached_values=False).worksheets]
    if not worksheets:
        raise Refused("文件中没有工作表。请使用下载的模板重新填写。")
    if len(worksheets) > MAX_SHEETS:
        raise Refused(f"文件有 {len(worksheets)} 个工作表，最多 {MAX_SHEETS} 个。请分成几个文件提交。")
    return tuple(_sheet(sheet, formulas) for sheet, formulas in zip(worksheets, with_formulas, strict=True))


def _load(data: bytes, *, cached_values: bool) -> Workbook:
    try:
        return load_workbook(io.BytesIO(data), data_only=cached_values, keep_links=False)
    except Exception as error:  # openpyxl raises whatever a malformed part happens to trip over
        raise Refused("文件内容不合 Excel 工作簿的格式，无法读取。请使用下载的模板重新填写。") from error


def _sheet(computed: Worksheet, formulas: Worksheet | None) -> Sheet:
    if computed.max_row > MAX_ROWS:
        raise Refused(
            f"工作表“{computed.title}”用到第 {computed.max_row} 行，最多 {MAX_ROWS} 行。"
            "请删除表格下方带格式的空行，或分成几个文件提交。"
        )
    cells: dict[tuple[int, int], Value] = {}
    for row, row_cells in enumerate(computed.iter_rows(max_col=min(computed.max_column, MAX_COLUMNS)), start=1):
        for column, cell in enumerate(row_cells, start=1):
            is_formula = formulas is not None and formulas.cell(row, column).data_type == "f"
            if (value := _value(cell, is_formula=is_formula)) is not None:
                cells[row, column] = value
    return Sheet(
        name=computed.title,
        hidden=computed.sheet_state != "visible",
        cells=cells,
        merged=tuple(
            MergedRange(area.coord, range(area.min_row, area.max_row + 1), range(area.min_col, area.max_col + 1))
            for area in computed.merged_cells.ranges
        ),
        hidden_rows=frozenset(row for row, dimension in computed.row_dimensions.items() if dimension.hidden),
    )


def _value(cell: Cell | MergedCell, *, is_formula: bool) -> Value | None:
    value = cell.value
    if value is None:
        if is_formula:
            return Unreadable("公式没有保存计算结果。请在 Excel 中打开并保存一次，或直接填写数值。")
        return None
    if cell.data_type == "e":
        return Unreadable(f"公式的结果是错误值 {value}。请改正公式，或直接填写内容。")
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _clean(value) or None
    return Unreadable("内容被 Excel 当成了日期或时间。请先把单元格格式设为“文本”，再重新填写。")


def _clean(text: str) -> str:
    """The text with its spaces made ordinary (ideographic, non-breaking), invisible characters gone, lines trimmed."""
    text = text.replace("_x000D_", "\n").replace("\r", "\n")
    text = "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cf"})
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
