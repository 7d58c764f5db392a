"""Tables of certificates: what was looked at after a reclaim, and the certificate as it was issued."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from controller.store.base import Base, Id, Instant


class ReclaimSearchRow(Base):
    """A search that found nothing left of the stacks of a case. The database refuses to change or remove it.

    `searches` are `domain.reclaim.Searched`, one a kind and cloud.
    """

    __tablename__ = "reclaim_search"

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), unique=True)
    stacks: Mapped[list[str]] = mapped_column(JSONB)
    searches: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class CertificateRow(Base):
    """A certificate. `document` is the signed JSON, byte for byte; the database refuses to change or remove it."""

    __tablename__ = "certificate"

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), unique=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    document: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[Instant]
