"""One stack: its resources as the tree that the program made of them, its newest plan, and every execution.

Called by `app.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from controller.domain.place import entry_of
from controller.engine.urn import Urn
from controller.store.casework import CaseRow
from controller.store.certificate import CertificateRow
from controller.store.engine import ApprovalRow, ExecutionRow, PlanRow, ResourceRow, StackRow
from controller.store.reconcile import ScanPartRow, ScanRow, Sort
from controller.web.paging import Page, page_of, slice_of

NUL = "\0"
"""What no text of the database can hold."""


@dataclass(frozen=True)
class ResourceLine:
    """A resource in the tree, `depth` steps below the root; `state` is a word of the locale's group of that name."""

    urn: str
    parent: str
    name: str
    type: str
    id: str
    state: str
    depth: int = 0


@dataclass(frozen=True)
class ExecutionLine:
    """An execution with the plan that it carried out and whose yes that rests on."""

    id: int
    purpose: str
    digest: str
    approver: str
    ground: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    message: str


@dataclass(frozen=True)
class PlanLine:
    """The newest plan; `approver` is None while nobody has approved it."""

    digest: str
    purpose: str
    made_at: datetime
    approver: str | None


@dataclass(frozen=True)
class ScanLine:
    """The last full scan of the stack's cloud. `problems` say which kinds of the stack were not read whole, and why."""

    ended_at: datetime
    problems: Sequence[str]


@dataclass(frozen=True)
class StackView:
    """Everything on the page. `case` and `certificate` are numbers, None where there is none."""

    name: str
    unit: str
    system: str
    zone: str
    cloud: str
    provisioning: str
    operating: str
    message: str
    commit: str
    changed_at: datetime
    case: str | None
    certificate: str | None
    plan: PlanLine | None
    scan: ScanLine | None
    resources: Page[ResourceLine]
    executions: Page[ExecutionLine]


def stack_view(session: Session, name: str, *, resources: int, executions: int) -> StackView | None:
    """The stack of that name with these pages of its lists; None where there is no such stack."""
    row = session.scalar(select(StackRow).where(StackRow.name == name)) if NUL not in name else None
    if row is None:
        return None
    metadata: dict[str, str] = (row.spec or {}).get("metadata", {})
    case = session.scalar(select(CaseRow.number).where(CaseRow.id == row.case_id))
    return StackView(
        name=row.name,
        unit=metadata.get("unit_name", ""),
        system=metadata.get("system_name", ""),
        zone=metadata.get("zone_name", ""),
        cloud=row.cloud,
        provisioning=row.provisioning,
        operating=row.operating,
        message=row.message,
        commit=row.spec_commit,
        changed_at=row.changed_at,
        case=case,
        certificate=_certificate(session, row),
        plan=_newest_plan(session, row),
        scan=_last_scan(session, row),
        resources=slice_of(_tree(session, row), resources),
        executions=page_of(session, _executions(row), executions, lambda found: ExecutionLine(*found)),
    )


def _tree(session: Session, stack: StackRow) -> list[ResourceLine]:
    rows = session.execute(
        select(
            ResourceRow.urn,
            ResourceRow.parent,
            ResourceRow.type,
            ResourceRow.physical_id,
            ResourceRow.custom,
            ResourceRow.version,
            ResourceRow.missing,
            ResourceRow.unsettled,
            ResourceRow.pending_delete,
        )
        .where(ResourceRow.stack_id == stack.id)
        .order_by(ResourceRow.pending_delete, ResourceRow.position, ResourceRow.urn)
    )
    lines = [
        ResourceLine(row.urn, row.parent, Urn.parse(row.urn).name, row.type, row.physical_id, _state(row))
        for row in rows
    ]
    return list(in_tree_order(lines))


def in_tree_order(lines: Sequence[ResourceLine]) -> Iterator[ResourceLine]:
    """Each line below its parent, with its depth; one whose parent is not among them stands at the root."""
    urns = {line.urn for line in lines}
    below: dict[str, list[ResourceLine]] = defaultdict(list)
    for line in lines:
        below[line.parent if line.parent in urns and line.parent != line.urn else ""].append(line)
    waiting = [(line, 0) for line in reversed(below.pop("", []))]
    while waiting:
        line, depth = waiting.pop()
        yield ResourceLine(line.urn, line.parent, line.name, line.type, line.id, line.state, depth)
        waiting += [(child, depth + 1) for child in reversed(below.pop(line.urn, []))]


def _state(row: Any) -> str:
    if row.pending_delete:
        return "pending_delete"
    if not row.custom:
        return "component"
    if row.missing:
        return "missing"
    if row.unsettled:
        return "unsettled"
    return "settled" if row.version else "drifted"


def _newest_plan(session: Session, stack: StackRow) -> PlanLine | None:
    found = session.execute(
        select(PlanRow.digest, PlanRow.purpose, PlanRow.made_at, ApprovalRow.approver)
        .outerjoin(ApprovalRow, (ApprovalRow.plan_id == PlanRow.id) & (ApprovalRow.voided == ""))
        .where(PlanRow.stack_id == stack.id)
        .order_by(PlanRow.id.desc(), ApprovalRow.id.desc())
        .limit(1)
    ).one_or_none()
    return PlanLine(*found) if found else None


def _last_scan(session: Session, stack: StackRow) -> ScanLine | None:
    scan = session.scalar(
        select(ScanRow)
        .where(ScanRow.cloud == entry_of(stack.cloud), ScanRow.sort == Sort.FULL, ScanRow.ended_at.is_not(None))
        .order_by(ScanRow.id.desc())
        .limit(1)
    )
    if scan is None or scan.ended_at is None:
        return None
    types = select(ResourceRow.type).where(ResourceRow.stack_id == stack.id, ResourceRow.cloud == stack.cloud)
    parts = session.scalars(
        select(ScanPartRow)
        .where(
            ScanPartRow.scan_id == scan.id,
            ScanPartRow.problem != "",
            ScanPartRow.covers.contains([stack.cloud]),
            ScanPartRow.type.in_(types),
        )
        .order_by(ScanPartRow.id)
    )
    return ScanLine(scan.ended_at, [f"{part.type}: {part.problem}" for part in parts])


def _executions(stack: StackRow) -> Select[int, str, str, str, str, str, datetime, datetime | None, str]:
    return (
        select(
            ExecutionRow.id,
            PlanRow.purpose,
            PlanRow.digest,
            ApprovalRow.approver,
            ApprovalRow.ground,
            ExecutionRow.state,
            ExecutionRow.started_at,
            ExecutionRow.ended_at,
            ExecutionRow.message,
        )
        .join(PlanRow, PlanRow.id == ExecutionRow.plan_id)
        .join(ApprovalRow, ApprovalRow.id == ExecutionRow.approval_id)
        .where(ExecutionRow.stack_id == stack.id)
        .order_by(ExecutionRow.id.desc())
    )


def _certificate(session: Session, stack: StackRow) -> str | None:
    """The newest certificate of the stack's system."""
    system = select(CaseRow.system_id).where(CaseRow.id == stack.case_id).scalar_subquery()
    return session.scalar(
        select(CertificateRow.number)
        .join(CaseRow, CaseRow.id == CertificateRow.case_id)
        .where(CaseRow.system_id == system)
        .order_by(CertificateRow.id.desc())
        .limit(1)
    )
