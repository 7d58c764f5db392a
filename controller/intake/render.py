"""Writes a request as a filled annex-3 workbook: `Request` → an .xlsx file that `workbook.py` reads back.

Called by the demo and by whoever wants a request on paper. Rule: LZ-A3.
"""

import io

from openpyxl import Workbook

from controller.domain.request import Contact, Machine, Request, System
from controller.intake.columns import Column
from controller.intake.form import FIRST_ROW, offer_choices, print_form, print_row
from controller.intake.rules import WorkbookRules


def write_request(request: Request, rules: WorkbookRules) -> bytes:
    """A workbook with a sheet a system; the machines' `sheet` and `row` tell where they came from and are not kept."""
    workbook = Workbook()
    sheets = [workbook.worksheets[0], *(workbook.create_sheet() for _ in request.systems[1:])]
    for number, (sheet, system) in enumerate(zip(sheets, request.systems, strict=True), start=1):
        sheet.title = f"系统{number}"
        print_form(
            sheet,
            unit=request.unit or "",
            unit_contact=_contact(system.unit_contact),
            vendor_contact=_contact(system.vendor_contact),
        )
        for offset, machine in enumerate(system.machines):
            print_row(sheet, FIRST_ROW + offset, {Column.NUMBER: offset + 1, **_values(system, machine)})
    offer_choices(workbook, sheets, rules, max(len(system.machines) for system in request.systems))
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _contact(person: Contact) -> str:
    return f"{person.name} {person.mobile} {person.email}"


def _values(system: System, machine: Machine) -> dict[Column, str | int]:
    return {
        Column.ZONE: machine.zone,
        Column.DEVELOPER: machine.developer or "",
        Column.SYSTEM: system.name,
        Column.SUBSYSTEM: machine.subsystem or "",
        Column.ROLE: machine.role.value,
        Column.OWNER: "、".join(owner.name for owner in machine.owners),
        Column.OWNER_EMAIL: "、".join(owner.email for owner in machine.owners),
        Column.OWNER_MOBILE: "、".join(owner.mobile for owner in machine.owners),
        Column.VCPU: machine.vcpu,
        Column.MEMORY: machine.memory_gb,
        Column.SYSTEM_DISK: machine.system_disk_gb,
        Column.DATA_DISK: machine.data_disk_gb,
        Column.IMAGE: machine.image,
        Column.CLUSTERED: "是" if machine.clustered else "否",
        Column.CLUSTER: machine.cluster or "",
        Column.REMARK: machine.remark,
    }
