"""Request files on the command line: a workbook becomes a reading, a table or JSON; a city becomes an empty form.

`yunguan request import` and `yunguan request template` call it. Nothing is stored here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from controller import catalogue
from controller.domain.errors import WrongUse
from controller.domain.request import Machine, Request
from controller.intake.archive import MAX_FILE_BYTES
from controller.intake.findings import Problem, Reading
from controller.intake.rules import WorkbookRules
from controller.intake.template import write_template
from controller.intake.workbook import read_workbook


def check_workbook(path: Path, city: str) -> Reading:
    """Read the workbook at `path` under the rules of the city with that code; what is wrong stands in the reading.

    Raises:
        WrongUse: there is no such file or no such city.
    """
    rules = WorkbookRules.of_city(catalogue.city(city))
    try:
        with path.open("rb") as file:
            # One byte more than is allowed tells that a file is too large without holding all of it.
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise WrongUse(f"文件无法打开：{error.strerror}", where=str(path), remedy="请核对文件路径") from error
    return read_workbook(data, rules)


def write_template_file(path: Path, city: str) -> None:
    """Write the city's empty form to `path`.

    Raises:
        WrongUse: no such city, or the file exists already: it may hold what somebody has filled in.
    """
    content = write_template(WorkbookRules.of_city(catalogue.city(city)))
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise WrongUse("文件已存在，未覆盖", where=str(path), remedy="请换一个文件名，或先移走原文件") from error
    except OSError as error:
        raise WrongUse(f"文件无法写入：{error.strerror}", where=str(path), remedy="请核对文件夹") from error


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """The document that `request import --check -o json` prints: one entry a system and zone."""
    return {
        "ok": reading.request is not None,
        "unit": reading.request.unit if reading.request else None,
        "systems": _systems(reading.request) if reading.request else [],
        "errors": [_problem(problem) for problem in reading.problems],
        "warnings": [_problem(warning) for warning in reading.warnings],
    }


def print_reading(reading: Reading, console: Console) -> None:
    """The reading for a person: what was read, or each problem with its sheet and cell, and the warnings."""
    if reading.request:
        console.print(_overview(reading.request))
    for title, found in (("需要更正", reading.problems), ("请注意", reading.warnings)):
        if found:
            console.print(_places(f"{title}（{len(found)} 处）", found))


def _systems(request: Request) -> list[dict[str, Any]]:
    return [
        {"name": system.name, "zone": zone, "machines": [_machine(machine) for machine in machines]}
        for system in request.systems
        for zone, machines in system.by_zone().items()
    ]


def _machine(machine: Machine) -> dict[str, Any]:
    return {
        "sheet": machine.sheet,
        "row": machine.row,
        "role": machine.role.value,
        "vcpu": machine.vcpu,
        "memory_gb": machine.memory_gb,
        "system_disk_gb": machine.system_disk_gb,
        "data_disk_gb": machine.data_disk_gb,
        "image": machine.image,
        "cluster": machine.cluster,
        "owners": [owner.model_dump() for owner in machine.owners],
    }


def _problem(problem: Problem) -> dict[str, str]:
    return {"sheet": problem.sheet, "cell": problem.cell, "message": problem.message}


def _overview(request: Request) -> Table:
    table = Table(
        "系统",
        "网络分区",
        "虚拟机（台）",
        "vCPU（核）",
        "内存（GB）",
        "磁盘（GB）",
        title=escape(request.unit or "未写明申请单位"),
    )
    for system in request.systems:
        for zone, machines in system.by_zone().items():
            table.add_row(
                escape(system.name),
                escape(zone),
                str(len(machines)),
                str(sum(machine.vcpu for machine in machines)),
                str(sum(machine.memory_gb for machine in machines)),
                str(sum(machine.system_disk_gb + machine.data_disk_gb for machine in machines)),
            )
    return table


def _places(title: str, found: tuple[Problem, ...]) -> Table:
    table = Table("工作表", "单元格", "说明", title=title)
    for problem in found:
        table.add_row(escape(problem.sheet), problem.cell, escape(problem.message))
    return table
