"""The marks of approvals, decisions and executions: a MAC over what was said or done, under the home's key.

`approval.py` and `decisions.py` put them on. They are asked for before anything is done on the strength of a yes, an
execution is taken up (`taking_up.py`), or one that has ended is a ground for a repair (`reconcile`). So whoever can
write to the database cannot make a yes that was not given, nor have one that was given, or what was carried out, stand
for another plan or resource (invariants 1 and 4).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from controller.domain.digests import keyed_digest
from controller.store.engine import ApprovalRow, DecisionRow, ExecutionRow, PlanRow


def mac_of(approval: ApprovalRow, plan: PlanRow, key: bytes) -> str:
    """HMAC-SHA256, hexadecimal, over the approval's id, its plan's stack and digest, the person, ground and moments."""
    plan_of = (str(approval.id), str(plan.stack_id), plan.digest)
    moments = (_instant(approval.approved_at), _instant(approval.expires_at))
    return _mac(["approval", *plan_of, approval.approver, approval.ground, *moments], key)


def is_genuine(approval: ApprovalRow, plan: PlanRow, key: bytes) -> bool:
    """Whether the approval was given as it stands there, to this plan."""
    return approval.plan_id == plan.id and hmac.compare_digest(
        approval.mac.encode(), mac_of(approval, plan, key).encode()
    )


def mac_of_decision(decision: DecisionRow, key: bytes) -> str:
    """HMAC-SHA256, hexadecimal, over the decision's stack, URN and id, the person, the ground and the moment."""
    about = (str(decision.stack_id), decision.urn, decision.physical_id)
    return _mac(["decision", *about, decision.person, decision.ground, _instant(decision.decided_at)], key)


def is_genuine_decision(decision: DecisionRow, key: bytes) -> bool:
    """Whether the decision was taken as it stands there."""
    return hmac.compare_digest(decision.mac.encode(), mac_of_decision(decision, key).encode())


def mac_of_execution(execution: ExecutionRow, plan: PlanRow, key: bytes) -> str:
    """HMAC-SHA256, hexadecimal, over the execution's id, stack, plan, approval and state: another one in each state."""
    rests_on = (str(execution.stack_id), plan.digest, str(execution.approval_id))
    return _mac(["execution", str(execution.id), *rests_on, execution.state], key)


def is_genuine_execution(execution: ExecutionRow, plan: PlanRow, key: bytes) -> bool:
    """Whether the execution of this plan is in the state to which this controller brought it."""
    return execution.plan_id == plan.id and hmac.compare_digest(
        execution.mac.encode(), mac_of_execution(execution, plan, key).encode()
    )


def _mac(said: Sequence[str], key: bytes) -> str:
    return keyed_digest(json.dumps(said), key)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
