"""Checks what no single row can tell and joins rows to systems: `FilledTable` → `System`; called by `workbook.py`.

Rule LZ-A3: one table a system, cluster groups within a system and zone.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from controller.domain.request import System
from controller.intake.columns import Column
from controller.intake.findings import Findings, cell_name, listed
from controller.intake.parties import Parties
from controller.intake.rows import Row
from controller.intake.tables import Table


@dataclass(frozen=True)
class FilledTable:
    """A table in which somebody asks for something: at least one row."""

    table: Table
    parties: Parties
    rows: tuple[Row, ...]
    findings: Findings

    @property
    def name(self) -> str | None:
        """The system's name: of the first row that names a system, else of the first that names a subsystem."""
        names = [row.system for row in self.rows if row.system] or [row.subsystem for row in self.rows if row.subsystem]
        return names[0] if names else None

    @property
    def place(self) -> str:
        """Where the table stands, for a message about another one."""
        return f"工作表“{self.table.sheet.name}”第 {self.table.header_row} 行起的表"


def check_tables(tables: list[FilledTable]) -> None:
    """Note what is wrong within a table and between tables."""
    for table in tables:
        _check_one_system(table)
        _check_clusters(table)
    _check_names_differ(tables)
    _check_one_unit(tables)


def system_of(filled: FilledTable) -> System | None:
    """The system of a table; None where anything needed was found wrong."""
    machines = tuple(row.machine for row in filled.rows if row.machine)
    parties = filled.parties
    if filled.name is None or parties.unit_contact is None or parties.vendor_contact is None or not machines:
        return None
    if not any(row.system for row in filled.rows):
        # The only name there is has become the system's; it does not name a part of it as well.
        machines = tuple(machine.model_copy(update={"subsystem": None}) for machine in machines)
    return System(
        name=filled.name,
        unit_contact=parties.unit_contact,
        vendor_contact=parties.vendor_contact,
        machines=machines,
    )


def _check_one_system(filled: FilledTable) -> None:
    column = Column.SYSTEM if any(row.system for row in filled.rows) else Column.SUBSYSTEM
    for row in filled.rows:
        name = row.system if column is Column.SYSTEM else row.subsystem
        if name is not None and name != filled.name:
            filled.findings.problem(
                filled.table.cell(row.number, column),
                f"“{name}”与本表的系统“{filled.name}”不同；一张表只填一个系统，另一个系统请另填一张表"
                "（附件3填写说明1，LZ-A3）。",
            )


def _check_names_differ(tables: list[FilledTable]) -> None:
    first: dict[str, FilledTable] = {}
    for filled in tables:
        if filled.name is None:
            continue
        known = first.setdefault(filled.name, filled)
        if known is not filled:
            filled.findings.problem(
                cell_name(filled.table.header_row, 1),
                f"系统“{filled.name}”已填在{known.place}；一个系统只填一张表，请合并到一张表中（LZ-A3）。",
            )


def _check_one_unit(tables: list[FilledTable]) -> None:
    named = [filled for filled in tables if filled.parties.unit]
    for filled in named[1:]:
        if filled.parties.unit != named[0].parties.unit:
            filled.findings.problem(
                cell_name(max(filled.table.header_row - 1, 1), 1),
                f"申请单位“{filled.parties.unit}”与{named[0].place}的“{named[0].parties.unit}”不同；"
                "一个文件只能由一个单位申请，请分成两个文件。",
            )


def _check_clusters(filled: FilledTable) -> None:
    """Warn of groups that span zones (they fall apart into one group a zone) and of groups of one."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in filled.rows:
        if row.cluster and row.zone:
            groups[row.cluster].append(row)
    for name, members in groups.items():
        cell = filled.table.cell(members[0].number, Column.CLUSTER)
        by_zone = Counter(str(row.zone) for row in members)
        if len(by_zone) > 1:
            counts = listed(f"{zone} {count} 台" for zone, count in by_zone.items())
            filled.findings.warn(
                cell, f"集群组“{name}”跨网络分区（{counts}）；集群在同一网络分区内组建，将在各区分别成组。"
            )
        elif len(members) == 1:
            filled.findings.warn(cell, f"集群组“{name}”只有一台虚拟机，起不到集群作用。请核对组号。")
