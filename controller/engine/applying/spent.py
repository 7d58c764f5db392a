"""What is spent stays spent, whatever the rows say: the audit trail, which only grows, tells of it.

Called by `approval.py` before an approval is used and by `taking_up.py` before an execution is gone on with. An
execution's own row tells the same, but a row can be set back to what it was, mark and all.
"""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from controller.store.audit import APPROVAL, ENDS, EXECUTION, SPENDS, AuditRow

# In the very words of the indexes, since a bound parameter in them would keep the database from using those.
_SPENDS = select(AuditRow.id).where(text(SPENDS), text(f"{APPROVAL} = :id")).limit(1)
_ENDS = select(AuditRow.id).where(text(ENDS), text(f"{EXECUTION} = :id")).limit(1)


def is_spent(session: Session, approval_id: int) -> bool:
    """Whether an approval was used or void before."""
    return session.scalar(_SPENDS, {"id": str(approval_id)}) is not None


def has_ended(session: Session, execution_id: int) -> bool:
    """Whether an execution ended before."""
    return session.scalar(_ENDS, {"id": str(execution_id)}) is not None
