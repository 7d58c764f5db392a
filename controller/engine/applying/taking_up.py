"""A running execution is taken up: its stack claimed, and what its row says believed as far as it can be proven.

`execute.py` calls it whenever it begins or goes on. An approval carries out once: an execution that was set back to
running in the database, or pointed at something else, ends here, and nothing of it is done (invariant 1).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from controller import audit
from controller.domain.errors import Refused
from controller.engine.applying import approval, authenticity, decisions, fence, spent
from controller.engine.applying.fence import Claim
from controller.engine.plan import Plan
from controller.store.database import Sessions
from controller.store.engine import ApprovalRow, ExecutionRow, ExecutionState, PlanRow
from controller.store.vault import Vault


class NotRunning(Refused):
    """The execution has ended, or there is none: nothing is to go on."""

    def __init__(self, execution_id: int) -> None:
        super().__init__(f"execution {execution_id} is not running", remedy="have a plan approved, and start it")


@dataclass(frozen=True)
class Started:
    """An execution that is running, the claim on its stack, its plan, and the resources (URN, id) that persons gave
    up.
    """

    execution_id: int
    held: Claim
    plan: Plan
    given_up: frozenset[tuple[str, str]]


def take_up(sessions: Sessions, execution_id: int, vault: Vault) -> Started:
    """Claims the stack of a running execution, and reads what that rests on.

    Raises NotRunning, or Refused where its plan was changed, and claims nothing then. One that is not what was
    started here, has ended before, or has nobody's yes to that very plan fails for good, with an entry in the audit
    trail, and Refused says why.
    """
    with sessions.begin() as session:
        row = session.get(ExecutionRow, execution_id)
        if row is None:
            raise NotRunning(execution_id)
        held = fence.claim(session, row.stack_id)
        session.refresh(row)  # whoever was about to end it has done so before the claim
        if row.state != ExecutionState.RUNNING:
            raise NotRunning(execution_id)
        plan_row = session.get_one(PlanRow, row.plan_id)
        plan = approval.read_plan(plan_row, vault)  # first: with another home's key nothing is genuine
        disproof = _disproof(session, row, plan_row, vault)
        if disproof is None:
            return Started(execution_id, held, plan, decisions.given_up(session, row.stack_id, vault))
        failed = ExecutionState.FAILED
        approval.end(session, execution_id, plan, failed, failures={"": disproof}, outputs=None, vault=vault)
        row.mac = ""  # how it ends here is no ground for anything
        audit.record(
            session,
            actor="engine",
            action="execution.refused",
            target=held.stack,
            details={"execution": execution_id, "reason": disproof},
        )
    raise Refused(
        f"execution {execution_id} is not carried out: {disproof}",
        where=held.stack,
        remedy="find out who changed it in the database, and have a new plan approved",
    )


def _disproof(session: Session, row: ExecutionRow, plan_row: PlanRow, vault: Vault) -> str | None:
    """Why the row is not to be believed."""
    if spent.has_ended(session, row.id):
        return "it has ended before"
    if not authenticity.is_genuine_execution(row, plan_row, vault.hmac_key):
        return "it is not what was started, or an earlier version started it"
    if not authenticity.is_genuine(session.get_one(ApprovalRow, row.approval_id), plan_row, vault.hmac_key):
        return "it does not rest on an approval of its plan"
    return None
