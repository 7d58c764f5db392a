"""Approved proposals on their way to the estate; the audit trail's head on bills; what only grows is never emptied."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007_publication"
down_revision = ("0004_metering", "0005_reconcile", "0006_certificate")

APPEND_ONLY = ("audit", "case_event", "ledger_event", "bill", "bill_line", "reclaim_search", "certificate")


def upgrade() -> None:
    """Makes the table and the column, and the triggers against TRUNCATE, which those of rows do not see."""
    op.create_table(
        "publication",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("proposal", JSONB(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("commit", sa.Text(), nullable=False),
        sa.Column("published", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_publication_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    op.create_index(op.f("ix_publication_case_id"), "publication", ["case_id"])
    op.create_index("ix_publication_due", "publication", ["id"], postgresql_where=sa.text("published = ''"))
    op.add_column("bill", sa.Column("audit_head", sa.Text(), nullable=False, server_default=""))
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )


def downgrade() -> None:
    """Removes them again."""
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_never_emptied ON {table}")
    op.drop_column("bill", "audit_head")
    op.drop_table("publication")
