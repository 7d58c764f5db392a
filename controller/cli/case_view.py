"""A case as an official reads it on a terminal: where it stands, what is missing, its machines and its timeline."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from controller.casework.cases import Detail
from controller.catalogue import term
from controller.cli.output import stdout
from controller.domain.calendar import minute_of
from controller.domain.demand import Difference
from controller.domain.roles import Role


def print_case(detail: Detail) -> None:
    """Prints all of it, in zh-CN as the case itself is."""
    summary = detail.summary
    due = f"，期限 {summary.due}" if summary.due else ""
    late = "，[red]已超期[/red]" if summary.overdue else ""
    paused = "，[yellow]待补正（计时暂停）[/yellow]" if summary.paused else ""
    about = escape(f"{summary.title}：{summary.unit} · {summary.system}")
    stdout.print(f"[bold]{summary.number}[/bold] {about}")
    stdout.print(f"{escape(summary.stage_title)}{due}{late}{paused}")
    for offer in detail.offers:
        missing = f"，尚缺：{'；'.join(offer.missing)}" if offer.missing else ""
        word = "待系统自动办理" if offer.roles == (Role.CONTROLLER.value,) else "可办理"
        stdout.print(
            f"  {word}：{offer.title}（{offer.action}，{'、'.join(offer.role_titles)}）{missing}", markup=False
        )
    for stack in detail.standings:
        why = f"：{stack.message}" if stack.message else ""
        stdout.print(f"  资源：{stack.name} {term('provisioning', stack.provisioning)}{why}", markup=False)
    for change in detail.changes:
        stdout.print(f"  变更：{_words(change)}", markup=False)
    stdout.print(_machines(detail))
    if detail.flavors:
        flavors = "，".join(f"{machine} {flavor}" for machine, flavor in detail.flavors.items())
        stdout.print(f"  配置规格：{flavors}", markup=False)
    if detail.evidence:
        stdout.print(_documents(detail))
    stdout.print(_timeline(detail))


def _words(change: Difference) -> str:
    if change.comes or change.goes:
        return f"{change.machine} {'新增' if change.comes else '退回'}"
    sizes = (f"{term('size', size)} {old} → {new}" for size, (old, new) in change.sizes.items())
    return f"{change.machine} {'，'.join(sizes)}"


def _machines(detail: Detail) -> Table:
    table = Table(
        "名称", "类型", "分区", "vCPU", "内存 GiB", "系统盘 GiB", "数据盘 GiB", "操作系统", "集群", title="虚拟机"
    )
    for one in detail.machines:
        table.add_row(
            escape(one.name),
            one.role.value,
            escape(one.zone),
            str(one.vcpu),
            str(one.memory_gb),
            str(one.system_disk_gb),
            str(one.data_disk_gb),
            escape(one.image),
            escape(one.cluster or ""),
        )
    return table


def _documents(detail: Detail) -> Table:
    table = Table("代码", "文件", "SHA-256", "提交人", "时间", title="材料")
    for one in detail.evidence:
        table.add_row(one.document, escape(one.file_name), one.sha256[:12], one.handed_by, minute_of(one.handed_at))
    return table


def _timeline(detail: Detail) -> Table:
    table = Table("时间", "人员", "角色", "事项", "依据", "说明", title="办理记录")
    for event in detail.timeline:
        table.add_row(
            minute_of(event.at),
            event.actor,
            escape(event.role_title),
            escape(event.title),
            event.rule,
            escape(event.reason),
        )
    return table
