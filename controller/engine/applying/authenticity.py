"""The marks of approvals and decisions: a MAC over what was said, by whom and when, under the home's key.

`approval.py` and `decisions.py` put them on, and ask for them before anything is done on the strength of what was said.
So whoever can write to the database cannot make a yes that was not given, nor have one that was given stand for another
plan or resource (invariants 1 and 4).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from controller.store.engine import ApprovalRow, DecisionRow, PlanRow


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


def _mac(said: Sequence[str], key: bytes) -> str:
    return hmac.new(key, json.dumps(said).encode(), hashlib.sha256).hexdigest()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
