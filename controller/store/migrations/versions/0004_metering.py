"""The usage ledger, which the database keeps in order and from being changed, and bills with their lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_metering"
down_revision = "0001_base"

CHAIN = """
    CASE WHEN previous_sequence IS NULL OR previous_day IS NULL OR previous_kind IS NULL
    THEN sequence = 1 AND kind = 'opened' AND num_nulls(previous_sequence, previous_day, previous_kind) = 3
    ELSE previous_sequence = sequence - 1 AND previous_day <= day AND CASE previous_kind
        WHEN 'suspended' THEN kind IN ('resumed', 'ended')
        WHEN 'ended' THEN kind = 'opened'
        ELSE kind IN ('resized', 'suspended', 'ended') END
    END
"""
SORTED = sa.Text(collation="C")


def upgrade() -> None:
    """Makes the tables, and the triggers that refuse to change or remove what stands in them."""
    op.create_table(
        "ledger_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("city", SORTED, nullable=False),
        sa.Column("stack", SORTED, nullable=False),
        sa.Column("resource", SORTED, nullable=False),
        sa.Column("item", SORTED, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("confirmation", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_sequence", sa.Integer(), nullable=True),
        sa.Column("previous_day", sa.Date(), nullable=True),
        sa.Column("previous_kind", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_event")),
        sa.UniqueConstraint("resource", "item", "sequence", name=op.f("uq_ledger_event_resource_item_sequence")),
        sa.UniqueConstraint("resource", "item", "sequence", "day", "kind", name=op.f("uq_ledger_event_chain")),
        sa.ForeignKeyConstraint(
            ["resource", "item", "previous_sequence", "previous_day", "previous_kind"],
            [f"ledger_event.{name}" for name in ("resource", "item", "sequence", "day", "kind")],
            name=op.f("fk_ledger_event_chain"),
        ),
        sa.CheckConstraint(CHAIN, name=op.f("ck_ledger_event_chain")),
        sa.CheckConstraint("quantity > 0 OR kind = 'ended'", name=op.f("ck_ledger_event_quantity")),
    )
    op.create_index(op.f("ix_ledger_event_city"), "ledger_event", ["city", "resource", "item", "sequence"])
    op.create_index(op.f("ix_ledger_event_stack"), "ledger_event", ["stack"])
    op.create_table(
        "bill",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill")),
        sa.UniqueConstraint("city", "month", name=op.f("uq_bill_city_month")),
    )
    op.create_table(
        "bill_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("bill_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("reversal", sa.Boolean(), nullable=False),
        sa.Column("resource", SORTED, nullable=False),
        sa.Column("item", SORTED, nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 2), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_line")),
        sa.ForeignKeyConstraint(["bill_id"], ["bill.id"], name=op.f("fk_bill_line_bill_id")),
        sa.ForeignKeyConstraint(["event_id"], ["ledger_event.id"], name=op.f("fk_bill_line_event_id")),
        sa.CheckConstraint("ends > starts", name=op.f("ck_bill_line_span")),
        sa.CheckConstraint("CASE WHEN reversal THEN amount <= 0 ELSE amount >= 0 END", name=op.f("ck_bill_line_sign")),
    )
    op.create_index(op.f("ix_bill_line_bill"), "bill_line", ["bill_id", "month", "resource", "item", "starts"])
    op.create_index(op.f("ix_bill_line_resource"), "bill_line", ["resource", "month"])
    for table in ("ledger_event", "bill", "bill_line"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
        )


def downgrade() -> None:
    """Removes them again."""
    for table in ("bill_line", "bill", "ledger_event"):
        op.drop_table(table)
