"""The audit trail's table. Only `controller.audit` writes rows; the database refuses to change or remove one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from controller.store.base import Base, Id, Instant


class AuditRow(Base):
    """One action: who did what to which object, chained by hash to the row before."""

    __tablename__ = "audit"

    id: Mapped[Id]
    at: Mapped[Instant]
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_hash: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)
