"""The mark of an approval: a MAC over what was said yes to, by whom and when, under the home's key.

`approval.py` puts it on and asks for it before anything is done on the approval's strength. So whoever can write to the
database cannot make a yes that was not given, nor have one that was given stand for another plan (invariant 1).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

from controller.store.engine import ApprovalRow, PlanRow


def mac_of(approval: ApprovalRow, plan: PlanRow, key: bytes) -> str:
    """HMAC-SHA256, hexadecimal, over the approval's id, its plan's stack and digest, the person, ground and moments."""
    said = [
        str(approval.id),
        str(plan.stack_id),
        plan.digest,
        approval.approver,
        approval.ground,
        _instant(approval.approved_at),
        _instant(approval.expires_at),
    ]
    return hmac.new(key, b"approval" + json.dumps(said).encode(), hashlib.sha256).hexdigest()


def is_genuine(approval: ApprovalRow, plan: PlanRow, key: bytes) -> bool:
    """Whether the approval was given as it stands there, to this plan."""
    return hmac.compare_digest(approval.mac, mac_of(approval, plan, key))


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
