"""The audit trail's table. Only `controller.audit` writes rows; the database refuses to change or remove one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from controller.store.base import Base, Id, Instant

APPROVAL, SPENDS = "details ->> 'approval'", "action IN ('execution.started', 'approval.voided')"
"""Of which approval an entry tells, and which entries tell that one is spent."""

EXECUTION, ENDS = "details ->> 'execution'", "action = 'execution.ended'"
"""Of which execution an entry tells, and which entries tell that one has ended."""


class AuditRow(Base):
    """One action: who did what to which object, chained by hash to the row before."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_spent", text(f"({APPROVAL})"), postgresql_where=text(SPENDS)),
        Index("ix_audit_ended", text(f"({EXECUTION})"), postgresql_where=text(ENDS)),
    )

    id: Mapped[Id]
    at: Mapped[Instant]
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_hash: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)
