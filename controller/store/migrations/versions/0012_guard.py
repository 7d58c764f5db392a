"""What the guard counts by day, by what a cloud is known again, and which set an incident is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012_guard"
down_revision = "0011_external"


def upgrade() -> None:
    """Makes the tables and the column."""
    op.add_column("incident", sa.Column("digest", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "repair",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("stack_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("cloud", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("destructive", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["stack_id"], ["stack.id"], name=op.f("fk_repair_stack_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_repair_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair")),
    )
    op.create_index("ix_repair_day", "repair", ["day", "cloud"])
    op.create_table(
        "known_cloud",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("cloud", sa.Text(), nullable=False),
        sa.Column("fingerprint", JSONB(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_cloud")),
        sa.UniqueConstraint("cloud", name=op.f("uq_known_cloud_cloud")),
    )


def downgrade() -> None:
    """Removes them again."""
    op.drop_table("known_cloud")
    op.drop_table("repair")
    op.drop_column("incident", "digest")
