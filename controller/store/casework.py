"""Tables of casework: units, persons, roles, systems, and case files with their timeline, clocks and evidence.

Personal data (names, e-mails, telephones) stands in `person` alone; everything else refers to it by id.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import CIDR, JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from controller.store.base import Base, Id, Instant


class UnitRow(Base):
    """A using unit of a city. `county_id` is the county government that applies for it, where it is a county's."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("city", "code"), UniqueConstraint("city", "name"))

    id: Mapped[Id]
    city: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    county_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))


class PersonRow(Base):
    """A natural person. The account id `p-<id>` is all that leaves this table."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("name", "email", "mobile"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    mobile: Mapped[str] = mapped_column(Text)

    @property
    def account(self) -> str:
        """The id under which specs and listings name this person."""
        return f"p-{self.id}"


class UserRoleRow(Base):
    """The user `account` plays `role` in `city`; the roles of a unit name the unit."""

    __tablename__ = "user_role"
    __table_args__ = (UniqueConstraint("account", "city", "role", "unit_id", postgresql_nulls_not_distinct=True),)

    id: Mapped[Id]
    account: Mapped[str] = mapped_column(Text, index=True)
    city: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))


class SystemRow(Base):
    """A government information system of a unit.

    `demand` is what it is in service with (a `domain.demand.Demand`), between the days of confirmed opening and end.
    """

    __tablename__ = "system"
    __table_args__ = (UniqueConstraint("unit_id", "code"), UniqueConstraint("unit_id", "name"))

    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    demand: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    opened_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    unit: Mapped[UnitRow] = relationship(lazy="joined", innerjoin=True)


class CaseRow(Base):
    """A case on one system: which procedure, where it stands, what was declared, what is asked for.

    `demand` is a `domain.demand.Demand`. A system has at most one open case.
    """

    __tablename__ = "case_file"
    __table_args__ = (Index("uq_case_file_open", "system_id", unique=True, postgresql_where=text("closed_at IS NULL")),)

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(Text, unique=True)
    city: Mapped[str] = mapped_column(Text, index=True)
    procedure: Mapped[str] = mapped_column(Text)
    system_id: Mapped[int] = mapped_column(ForeignKey("system.id"), index=True)
    stage: Mapped[str] = mapped_column(Text)
    paused: Mapped[bool] = mapped_column(default=False)
    given: Mapped[list[str]] = mapped_column(JSONB, default=list)
    facts: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    demand: Mapped[dict[str, Any]] = mapped_column(JSONB)
    payer: Mapped[str] = mapped_column(Text)
    applicant: Mapped[str] = mapped_column(Text)
    unit_contact_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    vendor_contact_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[Instant]
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    system: Mapped[SystemRow] = relationship(lazy="joined", innerjoin=True)


class EventKind(StrEnum):
    """What a row of the timeline tells."""

    ACTION = "action"
    DECLARATION = "declaration"
    EXCEPTION = "exception"
    WARNING = "warning"
    OVERDUE = "overdue"
    RECOMPUTED = "recomputed"


class CaseEventRow(Base):
    """One thing that happened in a case. The database refuses to change or remove a row."""

    __tablename__ = "case_event"

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    at: Mapped[Instant]
    kind: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


class ClockRow(Base):
    """A running or ended clock of a case: working days of a party, or the natural days of a stage that ends by itself.

    `then` is the action by rule at the end of natural days; "" for a party's clock, which only becomes overdue.
    `due_at` is None while a pause is open; `look_at` is when the next warning or the end is due. `warned` counts the
    warnings that were given: half, last day, overdue.
    """

    __tablename__ = "clock"
    __table_args__ = (Index("uq_clock_running", "case_id", unique=True, postgresql_where=text("ended_at IS NULL")),)

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    stage: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(Text)
    days: Mapped[int]
    then: Mapped[str] = mapped_column(Text, default="")
    started_on: Mapped[date]
    pauses: Mapped[list[dict[str, str | None]]] = mapped_column(JSONB, default=list)
    due_on: Mapped[date | None]
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    look_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    provisional: Mapped[bool] = mapped_column(default=False)
    warned: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    case: Mapped[CaseRow] = relationship()


class EvidenceRow(Base):
    """A document in a case file; its bytes lie in the evidence folder under their SHA-256."""

    __tablename__ = "evidence"
    __table_args__ = (CheckConstraint("size >= 0", name="size"),)

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    document: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    file_name: Mapped[str] = mapped_column(Text)
    handed_by: Mapped[str] = mapped_column(Text)
    handed_at: Mapped[Instant]


class CidrRow(Base):
    """The subnet of one system in one zone. No two overlap, in whatever zone, so that networks can be joined later."""

    __tablename__ = "cidr"
    __table_args__ = (
        UniqueConstraint("system_id", "zone"),
        ExcludeConstraint(("block", "&&"), using="gist", ops={"block": "inet_ops"}, name="ex_cidr_block"),
    )

    id: Mapped[Id]
    system_id: Mapped[int] = mapped_column(ForeignKey("system.id"))
    zone: Mapped[str] = mapped_column(Text)
    block: Mapped[IPv4Network] = mapped_column(CIDR)


class PublicationRow(Base):
    """An approved proposal (`estate.forge.Proposal`) on its way to the estate's main branch.

    `commit` is the proposal's; `published` the merge commit on main, "" until it is there.
    """

    __tablename__ = "publication"
    __table_args__ = (Index("ix_publication_due", "id", postgresql_where=text("published = ''")),)

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    proposal: Mapped[dict[str, Any]] = mapped_column(JSONB)
    approver: Mapped[str] = mapped_column(Text)
    commit: Mapped[str] = mapped_column(Text)
    published: Mapped[str] = mapped_column(Text, default="")
