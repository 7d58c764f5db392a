"""What was carried out, read as far as its marks prove it: a ground for doing something without asking anybody.

Called by `reconcile`, which brings a stack back to what was applied last, and goes on with an end that failed
(invariants 1 and 4).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from controller.engine.applying import authenticity
from controller.engine.applying.approval import ForgedPlan, read_plan
from controller.engine.plan import Plan
from controller.store.engine import ApprovalRow, ExecutionRow, ExecutionState, PlanRow
from controller.store.vault import Vault


@dataclass(frozen=True)
class Proven:
    """An execution as it stands: its plan, the commit that the plan was made for, and whose yes it rests on."""

    state: ExecutionState
    plan: Plan
    spec_commit: str
    approver: str
    ground: str


def proven_execution(session: Session, stack_id: int, vault: Vault, *only: ColumnElement[bool]) -> Proven | None:
    """The stack's last execution, of those that `only` leaves, as conditions on its row and its plan's.

    None, so that a person is asked, also where it, its yes or its plan is not what its mark says.
    """
    found = session.execute(
        select(ExecutionRow, PlanRow, ApprovalRow)
        .join(PlanRow, PlanRow.id == ExecutionRow.plan_id)
        .join(ApprovalRow, ApprovalRow.id == ExecutionRow.approval_id)
        .where(ExecutionRow.stack_id == stack_id, *only)
        .order_by(ExecutionRow.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    execution, plan_row, approval = found
    try:
        plan = read_plan(plan_row, vault)
    except ForgedPlan:
        return None
    if not authenticity.is_genuine_execution(execution, plan_row, vault.hmac_key):
        return None
    if not authenticity.is_genuine(approval, plan_row, vault.hmac_key):
        return None
    return Proven(ExecutionState(execution.state), plan, plan_row.spec_commit, approval.approver, approval.ground)
