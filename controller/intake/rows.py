"""Reads the rows of a table, one virtual machine each: `Table` → `Row`s; called by `workbook.py`. Rule: LZ-A3."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from controller.domain.request import Machine, Owner
from controller.intake import cells
from controller.intake.cells import CellError
from controller.intake.columns import Column
from controller.intake.findings import Findings, listed
from controller.intake.rules import WorkbookRules
from controller.intake.sheets import Value
from controller.intake.tables import Table

SAMPLE_MARK = "示例"
"""A row so numbered shows how to fill the table and asks for nothing."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Row:
    """What a row says, as far as it could be read; `machine` is None where anything in the row is wrong."""

    number: int
    system: str | None
    subsystem: str | None
    zone: str | None
    cluster: str | None
    machine: Machine | None


def read_rows(table: Table, rules: WorkbookRules, findings: Findings) -> tuple[Row, ...]:
    """The rows that ask for a machine; rows that are blank but for their number are passed over."""
    asking = [row for row in table.rows if _asks(table, row, findings)]
    hidden = [row for row in asking if row in table.sheet.hidden_rows]
    for row in hidden:
        findings.warn(
            table.cell(row, min(table.columns, key=table.columns.__getitem__)), f"第 {row} 行被隐藏，已照常读取。"
        )
    covered = _refuse_merged(table, asking, findings)
    return tuple(_RowReader(table, row, rules, findings, covered).read() for row in asking)


def _asks(table: Table, row: int, findings: Findings) -> bool:
    if all(table.value(row, column) is None for column in table.columns if column is not Column.NUMBER):
        return False
    if table.value(row, Column.NUMBER) == SAMPLE_MARK:
        findings.warn(
            table.cell(row, Column.NUMBER), f"第 {row} 行的序号是“{SAMPLE_MARK}”，未作为申请读取。如是申请请改写序号。"
        )
        return False
    return True


def _refuse_merged(table: Table, asking: list[int], findings: Findings) -> frozenset[tuple[int, int]]:
    """Refuse merged ranges from the header to the last machine; returns the cells they cover."""
    if not asking:
        return frozenset()
    within = range(table.header_row, max(asking) + 1)
    covered: set[tuple[int, int]] = set()
    for area in table.sheet.merged:
        if area.rows.start < within.stop and within.start < area.rows.stop:
            findings.problem(
                area.name.partition(":")[0],
                f"{area.name} 是合并单元格；一行一台虚拟机，不能合并填写。请取消合并、逐行填写（附件3说明3，LZ-A3）。",
            )
            covered.update((row, column) for row in area.rows for column in area.columns)
    return frozenset(covered)


class _RowReader:
    """Reads one row column by column, noting every problem in it before giving the row up."""

    def __init__(
        self, table: Table, row: int, rules: WorkbookRules, findings: Findings, covered: frozenset[tuple[int, int]]
    ) -> None:
        self.table = table
        self.row = row
        self.rules = rules
        self.findings = findings
        self.covered = covered
        self.sound = True

    def read(self) -> Row:
        rules = self.rules
        self._refuse_numbers_of_several()
        system = self._optional(Column.SYSTEM, cells.label)
        subsystem = self._optional(Column.SUBSYSTEM, cells.label)
        self._require_a_name()
        zone = self._required(Column.ZONE, lambda value: cells.one_of(value, rules.zones))
        developer = self._optional(Column.DEVELOPER, cells.label)
        role = self._required(Column.ROLE, cells.server_type)
        owners = self._owners()
        vcpu = self._required(Column.VCPU, lambda value: cells.whole_number(value, rules.vcpu))
        memory = self._required(Column.MEMORY, lambda value: cells.whole_number(value, rules.memory_gb))
        system_disk = self._required(Column.SYSTEM_DISK, lambda value: cells.whole_number(value, rules.system_disk_gb))
        data_disk = self._optional(Column.DATA_DISK, lambda value: cells.whole_number(value, rules.data_disk_gb))
        image = self._required(Column.IMAGE, lambda value: cells.one_of(value, rules.images))
        cluster = self._cluster()
        remark = self._optional(Column.REMARK, cells.remark)
        machine = None
        if self.sound and zone and role and owners and vcpu and memory and system_disk and image:
            machine = Machine(
                sheet=self.table.sheet.name,
                row=self.row,
                zone=zone,
                subsystem=subsystem,
                developer=developer,
                role=role,
                owners=owners,
                vcpu=vcpu,
                memory_gb=memory,
                system_disk_gb=system_disk,
                data_disk_gb=data_disk or 0,
                image=image,
                cluster=cluster,
                remark=remark or "",
            )
        return Row(self.row, system, subsystem, zone, cluster, machine)

    def _fault(self, column: Column, message: str) -> None:
        self.sound = False
        self.findings.problem(self.table.cell(self.row, column), message)

    def _parsed(self, column: Column, value: Value, parse: Callable[[Value], _T]) -> _T | None:
        try:
            cells.refuse_multiplied(value)
            return parse(value)
        except CellError as error:
            self._fault(column, str(error))
            return None

    def _required(self, column: Column, parse: Callable[[Value], _T]) -> _T | None:
        value = self.table.value(self.row, column)
        if value is not None:
            return self._parsed(column, value, parse)
        self.sound = False
        if column in self.table.columns and not self._covered(column):
            self._fault(column, f"“{column.title}”是必填项，不能为空（LZ-A3）。")
        return None

    def _optional(self, column: Column, parse: Callable[[Value], _T]) -> _T | None:
        value = self._given(column)
        return None if value is None else self._parsed(column, value, parse)

    def _given(self, column: Column) -> Value | None:
        """The value of an optional cell; None where it is empty or says so."""
        value = self.table.value(self.row, column)
        return None if value is None or cells.is_nothing(value) else value

    def _covered(self, column: Column) -> bool:
        """Whether a merged range covers the cell, so that its emptiness is already accounted for."""
        return (self.row, self.table.columns[column]) in self.covered

    def _refuse_numbers_of_several(self) -> None:
        """A number such as 1-3 or 1~3 stands for several machines."""
        value = self.table.value(self.row, Column.NUMBER)
        if isinstance(value, str) and cells.is_span(value):
            self._fault(
                Column.NUMBER, f"序号“{value}”表示多台；一行只能填一台虚拟机，请分行填写（附件3填写说明3，LZ-A3）。"
            )

    def _require_a_name(self) -> None:
        places = [column for column in (Column.SYSTEM, Column.SUBSYSTEM) if column in self.table.columns]
        if places and not any(self._given(column) or self._covered(column) for column in places):
            self._fault(places[0], "“系统名称”和“子系统名称”至少填写一项（LZ-A3）。")

    def _owners(self) -> tuple[Owner, ...] | None:
        """The owners, matched in order with their e-mails and mobiles (annex 3, note 4)."""
        names = self._people(Column.OWNER, cells.person_name)
        emails = self._people(Column.OWNER_EMAIL, cells.email)
        mobiles = self._people(Column.OWNER_MOBILE, cells.mobile)
        if names is None or emails is None or mobiles is None:
            return None
        if not len(names) == len(emails) == len(mobiles):
            self._fault(
                Column.OWNER,
                f"负责人 {len(names)} 位、邮箱 {len(emails)} 个、手机号码 {len(mobiles)} 个，数目不一致。"
                "请按相同顺序一一对应填写（附件3填写说明4，LZ-A3）。",
            )
            return None
        people = zip(names, emails, mobiles, strict=True)
        return tuple(Owner(name=name, email=email, mobile=mobile) for name, email, mobile in people)

    def _people(self, column: Column, parse: Callable[[str], str]) -> list[str] | None:
        return self._required(column, lambda value: _each(cells.several(value), parse))

    def _cluster(self) -> str | None:
        clustered = self._required(Column.CLUSTERED, cells.yes_or_no)
        group = self._optional(Column.CLUSTER, cells.group)
        if clustered is False and group is not None:
            self._fault(Column.CLUSTER, f"“集群部署”为“否”，却填了集群组号“{group}”。请改为“是”，或清空组号。")
        if clustered and Column.CLUSTER in self.table.columns and self._given(Column.CLUSTER) is None:
            self._fault(Column.CLUSTER, "“集群部署”为“是”时，“集群组号”是必填项（LZ-A3）。")
        return group if clustered else None


def _each(parts: tuple[str, ...], parse: Callable[[str], str]) -> list[str]:
    """Every part read; all that is wrong with them in one message."""
    if not parts:
        raise CellError("没有内容。请填写，多个之间用“、”隔开。")
    good, faults = [], []
    for part in parts:
        try:
            good.append(parse(part))
        except CellError as error:
            faults.append(str(error))
    if faults:
        raise CellError(listed(faults).replace("。、", "。"))
    return good
