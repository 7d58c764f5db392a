"""Tables of metering: the usage ledger, which only grows, and the bills that were made of it.

The ledger's order is kept by the database itself: every event but a meter's first refers to the one before it by
number, day and kind (a foreign key on itself), and checks say which kind may follow which and that days never run
backwards. Intervals are the spans between events, so they cannot overlap, and within a life from opened to ended they
leave no gap (invariant 5).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from controller.store.base import Base, Id, Instant

Sorted = Text(collation="C")
"""Text that the database sorts as Python does, whatever its locale: the order of bill lines is part of the bill."""


class MeterEvent(StrEnum):
    """What happened to a meter. Opened, resized and resumed start days that are billed."""

    OPENED = "opened"
    RESIZED = "resized"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    ENDED = "ended"


CHAIN = """
    CASE WHEN previous_sequence IS NULL OR previous_day IS NULL OR previous_kind IS NULL
    THEN sequence = 1 AND kind = 'opened' AND num_nulls(previous_sequence, previous_day, previous_kind) = 3
    ELSE previous_sequence = sequence - 1 AND previous_day <= day AND CASE previous_kind
        WHEN 'suspended' THEN kind IN ('resumed', 'ended')
        WHEN 'ended' THEN kind = 'opened'
        ELSE kind IN ('resized', 'suspended', 'ended') END
    END
"""


class LedgerEventRow(Base):
    """One event of a meter, which is one item of one resource. `quantity` holds from `day` on, inclusive.

    `confirmation` names what it rests on: the case and what its parties confirmed, or the rule that acted.
    """

    __tablename__ = "ledger_event"
    __table_args__ = (
        UniqueConstraint("resource", "item", "sequence"),
        UniqueConstraint("resource", "item", "sequence", "day", "kind", name="uq_ledger_event_chain"),
        ForeignKeyConstraint(
            ["resource", "item", "previous_sequence", "previous_day", "previous_kind"],
            [f"ledger_event.{name}" for name in ("resource", "item", "sequence", "day", "kind")],
            name="fk_ledger_event_chain",
        ),
        CheckConstraint(CHAIN, name="chain"),
        CheckConstraint("quantity > 0 OR kind = 'ended'", name="quantity"),
        Index("ix_ledger_event_city", "city", "resource", "item", "sequence"),
        Index("ix_ledger_event_stack", "stack"),
    )

    id: Mapped[Id]
    city: Mapped[str] = mapped_column(Sorted)
    stack: Mapped[str] = mapped_column(Sorted)
    resource: Mapped[str] = mapped_column(Sorted)
    item: Mapped[str] = mapped_column(Sorted)
    sequence: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    day: Mapped[date] = mapped_column(Date)
    quantity: Mapped[Decimal] = mapped_column(Numeric)
    payer: Mapped[str] = mapped_column(Text)
    confirmation: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Instant]
    previous_sequence: Mapped[int | None] = mapped_column(Integer)
    previous_day: Mapped[date | None] = mapped_column(Date)
    previous_kind: Mapped[str | None] = mapped_column(Text)


class BillRow(Base):
    """The bill of one city and month: closed with its first run. `position` is the last ledger event that it knew.

    `audit_head` is the audit trail's newest hash at that moment: a trail that was cut off later is found out by it.
    """

    __tablename__ = "bill"
    __table_args__ = (UniqueConstraint("city", "month"),)

    id: Mapped[Id]
    city: Mapped[str] = mapped_column(Text)
    month: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(BigInteger)
    audit_head: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Instant]


class BillLineRow(Base):
    """A line of a bill, resting on one event of the ledger, which opens its interval.

    `month` is that of the days it charges: the bill's own, or a closed one that is corrected (`reversal`: taken back).
    """

    __tablename__ = "bill_line"
    __table_args__ = (
        CheckConstraint("ends > starts", name="span"),
        CheckConstraint("CASE WHEN reversal THEN amount <= 0 ELSE amount >= 0 END", name="sign"),
        Index("ix_bill_line_bill", "bill_id", "month", "resource", "item", "starts"),
        Index("ix_bill_line_resource", "resource", "month"),
    )

    id: Mapped[Id]
    bill_id: Mapped[int] = mapped_column(ForeignKey("bill.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("ledger_event.id"))
    month: Mapped[str] = mapped_column(Text)
    reversal: Mapped[bool] = mapped_column(Boolean)
    resource: Mapped[str] = mapped_column(Sorted)
    item: Mapped[str] = mapped_column(Sorted)
    quantity: Mapped[Decimal] = mapped_column(Numeric)
    starts: Mapped[date] = mapped_column(Date)
    ends: Mapped[date] = mapped_column(Date)
    price: Mapped[Decimal] = mapped_column(Numeric)
    amount: Mapped[Decimal] = mapped_column(Numeric(20, 2))
