"""What a reader found: the request, or every problem with its cell; made by `workbook.py`, printed by the CLI."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter

from controller.domain.request import Request


@dataclass(frozen=True)
class Problem:
    """What is wrong, where, and what to write there. Sheet and cell are empty where the file itself is meant."""

    sheet: str
    cell: str
    message: str

    def __str__(self) -> str:
        place = f"工作表“{self.sheet}”单元格 {self.cell}：" if self.cell else ""
        return place + self.message


@dataclass(frozen=True)
class Reading:
    """A request where there is no problem, else None; warnings do not hinder it."""

    request: Request | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass
class Findings:
    """Collects what the steps of one reading find on one sheet."""

    sheet: str
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def problem(self, cell: str, message: str) -> None:
        """Note what must be corrected before the request is taken."""
        self.problems.append(Problem(self.sheet, cell, message))

    def warn(self, cell: str, message: str) -> None:
        """Note what is taken as it stands and should be looked at."""
        self.warnings.append(Problem(self.sheet, cell, message))


def cell_name(row: int, column: int) -> str:
    """The name of a cell as Excel shows it: (4, 2) → B4."""
    return f"{get_column_letter(column)}{row}"


def listed(items: Iterable[object]) -> str:
    """Items as a Chinese sentence lists them."""
    return "、".join(str(item) for item in items)
