"""Rows by the thousand: what a large city would have after a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.engine.plan import Purpose
from controller.reconcile.incidents import IncidentKind
from controller.store.casework import CaseRow, ClockRow, SystemRow, UnitRow
from controller.store.engine import (
    ApprovalRow,
    ExecutionRow,
    ExecutionState,
    Operating,
    PlanRow,
    Provisioning,
    ResourceRow,
    StackRow,
)
from controller.store.reconcile import IncidentRow, ScanRow

SCRIPT = "<script>alert('x')</script>"
UNITS = 40
INSTANCE = "openstack:compute/instance:Instance"


def fill(session: Session, systems: int) -> None:
    """Forty units, `systems` systems with a case and a stack each, 120 incidents, 20 scans of two clouds."""
    numbers = range(1, systems + 1)
    _insert(session, UnitRow, [_unit(number) for number in range(1, UNITS + 1)])
    _insert(session, SystemRow, [_system(number) for number in numbers])
    _insert(session, CaseRow, [_case(number) for number in numbers])
    _insert(session, ClockRow, [_clock(number) for number in numbers if number % 3])
    _insert(session, StackRow, [_stack(number) for number in numbers])
    _insert(session, IncidentRow, [_incident(number) for number in range(1, 121)])
    _insert(session, ScanRow, [_scan(number) for number in range(1, 21)])


def add_stack(
    session: Session, name: str, *, unit: str = "柳州市财政局", system: str = "财务管理系统", **columns: Any
) -> int:
    """One stack with the given columns; returns its row's id."""
    spec = _spec(unit, system, machines=1)
    given = {"cloud": "sandbox", "provisioning": Provisioning.READY, "operating": Operating.HEALTHY, "spec": spec}
    row = StackRow(name=name, changed_at=real_now(), **given | columns)
    session.add(row)
    session.flush()
    return row.id


def add_resource(session: Session, stack_id: int, name: str, parent: str = "", **columns: Any) -> str:
    """One resource of a stack; returns its URN."""
    given = {"type": INSTANCE, "custom": True, "version": "v", "physical_id": "id", "cloud": "sandbox"} | columns
    urn = f"urn:pulumi:s::yunguan::{given['type']}::{name}"
    session.add(ResourceRow(stack_id=stack_id, urn=urn, generation=1, parent=parent, changed_at=real_now(), **given))
    session.flush()
    return urn


def add_execution(session: Session, stack_id: int, digest: str, message: str = "", by: str = "vendor") -> None:
    """A plan to apply, approved by `by`, and its execution, which failed where there is a message."""
    now = real_now()
    plan = PlanRow(stack_id=stack_id, digest=digest, purpose=Purpose.APPLY, document={}, spec_commit="", made_at=now)
    session.add(plan)
    session.flush()
    approval = ApprovalRow(plan_id=plan.id, approver=by, ground="", approved_at=now, expires_at=now)
    session.add(approval)
    session.flush()
    session.add(
        ExecutionRow(
            stack_id=stack_id,
            plan_id=plan.id,
            approval_id=approval.id,
            state=ExecutionState.FAILED if message else ExecutionState.SUCCEEDED,
            message=message,
            started_at=now,
            ended_at=now,
        )
    )
    session.flush()


def _insert(session: Session, table: type[Any], rows: list[dict[str, Any]]) -> None:
    session.execute(insert(table), rows)


def _unit(number: int) -> dict[str, Any]:
    return {"city": "liuzhou", "code": f"unit{number}", "name": f"柳州市第{number}局", "kind": "municipal_organ"}


def _system(number: int) -> dict[str, Any]:
    return {"unit_id": 1 + number % UNITS, "code": f"system{number}", "name": f"业务系统{number}"}


def _case(number: int) -> dict[str, Any]:
    return {
        "number": f"LZ-2026-{number:05}",
        "city": "liuzhou",
        "procedure": "opening",
        "system_id": number,
        "stage": "assessing",
        "paused": number % 10 == 0,
        "demand": {},
        "payer": "centre",
        "applicant": "unit",
        "opened_at": real_now(),
        "closed_at": real_now() if number % 3 == 0 else None,
    }


def _clock(number: int) -> dict[str, Any]:
    due_at = real_now() + timedelta(days=number % 5 - 2, minutes=5)
    return {
        "case_id": number,
        "stage": "assessing",
        "role": "centre",
        "rule": "LZ-21-2",
        "days": 7,
        "started_on": datetime.now(UTC).date(),
        "due_on": due_at.date(),
        "due_at": due_at,
        "provisional": number % 7 == 0,
    }


def _stack(number: int) -> dict[str, Any]:
    states = list(Provisioning)
    unit = 1 + number % UNITS
    return {
        "name": f"liuzhou/unit{unit}/system{number}.gov",
        "cloud": "sandbox",
        "case_id": number,
        "spec": _spec(f"柳州市第{unit}局", f"业务系统{number}", machines=3),
        "provisioning": states[number % len(states)],
        "operating": Operating.HEALTHY,
        "changed_at": real_now(),
    }


def _spec(unit: str, system: str, *, machines: int) -> dict[str, Any]:
    metadata = {"unit_name": unit, "system_name": system, "zone_name": "公共网络区"}
    return {"metadata": metadata, "machines": [{}] * machines}


def _incident(number: int) -> dict[str, Any]:
    return {
        "kind": IncidentKind.ORPHAN,
        "subject": f"subject {number}",
        "cloud": "sandbox",
        "summary": f"无主云主机 {number}",
        "rule": "GY-22a",
        "opened_at": real_now(),
    }


def _scan(number: int) -> dict[str, Any]:
    return {
        "cloud": f"cloud{number % 2}",
        "started_at": real_now(),
        "ended_at": real_now(),
        "complete": number % 2 == 0,
        "objects": 10_000 + number,
        "api_calls": 57,
        "counts": {"same": 9990, "changed": 7, "missing": 2, "orphan": 1, "unknown": 0},
    }
