"""Tables of reconcile: work that is due, scans with their findings, incidents left for a person, what the guard counts
and by what it knows a cloud.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from controller.store.base import Base, Id, Instant


class Sort(StrEnum):
    """What a scan covers: everything, or only what the cloud says has changed since the scan before."""

    FULL = "full"
    CHANGES = "changes"


class WorkRow(Base):
    """A subject to look at (`stack:<id>`, `scan:<cloud>` or `changes:<cloud>`), why, and from when on (real clock).

    `reclaim:<case>` is one that a worker's sweep has taken, and from when on another may.
    `asked` counts how often it was asked for: whoever did the work removes the row only if nobody asked meanwhile.
    """

    __tablename__ = "work"

    id: Mapped[Id]
    subject: Mapped[str] = mapped_column(Text, unique=True)
    reason: Mapped[str] = mapped_column(Text)
    due_at: Mapped[Instant] = mapped_column(index=True)
    asked: Mapped[int] = mapped_column(Integer, default=1)


class ScanRow(Base):
    """One drift scan of a cloud: an entry of clouds.yaml with all that its credentials reach.

    Without `complete` it has not seen all that. `sort` is one of `Sort`. Figures and counts are written when it has
    ended; until then its parts tell how far it is. `followed_up`: what it found was acted upon; a scan that somebody
    only looked at does not count as the controller's.
    """

    __tablename__ = "scan"

    id: Mapped[Id]
    cloud: Mapped[str] = mapped_column(Text, index=True)
    sort: Mapped[str] = mapped_column(Text, default=Sort.FULL)
    started_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    complete: Mapped[bool] = mapped_column(Boolean, default=False)
    followed_up: Mapped[bool] = mapped_column(Boolean, default=False)
    incomplete: Mapped[list[str]] = mapped_column(JSONB, default=list)
    objects: Mapped[int] = mapped_column(Integer, default=0)
    api_calls: Mapped[int] = mapped_column(Integer, default=0)
    seconds: Mapped[float] = mapped_column(Float, default=0.0)
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)


class ScanPartRow(Base):
    """One list of one scan, written with every page: how far it is, and what of it is the same.

    It was made at the place `cloud` and tells of the places `covers`; `seen` are those of which it has shown something
    of ours, `projects` are the ids of the projects in which that lies. `problem` says why the list is not whole, ""
    where it is.
    """

    __tablename__ = "scan_part"
    __table_args__ = (UniqueConstraint("scan_id", "type", "cloud"),)

    id: Mapped[Id]
    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"))
    type: Mapped[str] = mapped_column(Text)
    started_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    pages: Mapped[int] = mapped_column(Integer, default=0)
    objects: Mapped[int] = mapped_column(Integer, default=0)
    same: Mapped[int] = mapped_column(Integer, default=0)
    cloud: Mapped[str] = mapped_column(Text, default="")
    covers: Mapped[list[str]] = mapped_column(JSONB, default=list)
    seen: Mapped[list[str]] = mapped_column(JSONB, default=list)
    projects: Mapped[list[str]] = mapped_column(JSONB, default=list)
    problem: Mapped[str] = mapped_column(Text, default="")


class FindingRow(Base):
    """Something a scan found to differ: `verdict` is changed, missing, orphan or unknown (see `verdict.Finding`).

    `part_id` is the list that told it.
    """

    __tablename__ = "finding"

    id: Mapped[Id]
    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"), index=True)
    part_id: Mapped[int | None] = mapped_column(ForeignKey("scan_part.id"), index=True)
    stack_id: Mapped[int | None] = mapped_column(ForeignKey("stack.id"), index=True)
    urn: Mapped[str] = mapped_column(Text, default="")
    type: Mapped[str] = mapped_column(Text)
    physical_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text, default="")
    verdict: Mapped[str] = mapped_column(Text)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    resource_id: Mapped[int | None] = mapped_column(BigInteger)
    version: Mapped[str] = mapped_column(Text, default="")
    owner_urn: Mapped[str] = mapped_column(Text, default="")
    identity: Mapped[str] = mapped_column(Text, default="")
    cloud: Mapped[str] = mapped_column(Text, default="")
    project: Mapped[str] = mapped_column(Text, default="")


class IncidentRow(Base):
    """What the guard or a scan left for a person. `subject` keeps one trouble from being reported twice while open.

    `digest` names the set of things that it is about, and never changes: a person decides about what was shown.
    """

    __tablename__ = "incident"
    __table_args__ = (
        Index("uq_incident_open", "kind", "subject", unique=True, postgresql_where=text("state = 'open'")),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text, default="")
    stack_id: Mapped[int | None] = mapped_column(ForeignKey("stack.id"), index=True)
    cloud: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    state: Mapped[str] = mapped_column(Text, default="open")
    rule: Mapped[str] = mapped_column(Text, default="")
    opened_at: Mapped[Instant]
    decided_by: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str] = mapped_column(Text, default="")


class RepairRow(Base):
    """A repair that was begun without a person: on which day (domain clock), and how much it deletes and replaces."""

    __tablename__ = "repair"
    __table_args__ = (Index("ix_repair_day", "day", "cloud"),)

    id: Mapped[Id]
    stack_id: Mapped[int] = mapped_column(ForeignKey("stack.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    cloud: Mapped[str] = mapped_column(Text)
    day: Mapped[date] = mapped_column(Date)
    destructive: Mapped[int] = mapped_column(Integer)


class KnownCloudRow(Base):
    """A cloud of clouds.yaml, and by what it is known again: taken down at its first use, or accepted by a person."""

    __tablename__ = "known_cloud"

    id: Mapped[Id]
    cloud: Mapped[str] = mapped_column(Text, unique=True)
    fingerprint: Mapped[dict[str, str]] = mapped_column(JSONB)
    accepted_by: Mapped[str] = mapped_column(Text)
    accepted_at: Mapped[Instant]
