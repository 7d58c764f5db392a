"""What was looked at after a reclaim, and certificates: written once, never changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006_certificate"
down_revision = "0003_engine"

TABLES = ("certificate", "reclaim_search")


def upgrade() -> None:
    """Makes the tables, and the triggers that refuse to change or remove what stands in them."""
    op.create_table(
        "reclaim_search",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("stacks", JSONB(), nullable=False),
        sa.Column("searches", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reclaim_search")),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_reclaim_search_case_id")),
        sa.UniqueConstraint("case_id", name=op.f("uq_reclaim_search_case_id")),
    )
    op.create_table(
        "certificate",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_certificate_case_id")),
        sa.UniqueConstraint("case_id", name=op.f("uq_certificate_case_id")),
        sa.UniqueConstraint("number", name=op.f("uq_certificate_number")),
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
        )


def downgrade() -> None:
    """Removes them again."""
    for table in TABLES:
        op.drop_table(table)
