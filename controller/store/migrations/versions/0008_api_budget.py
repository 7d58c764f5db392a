"""One budget of API calls a cloud, for all processes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_api_budget"
down_revision = "0007_publication"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "api_budget",
        sa.Column("cloud", sa.Text(), nullable=False),
        sa.Column("apply", sa.Float(), nullable=False),
        sa.Column("confirm", sa.Float(), nullable=False),
        sa.Column("drift", sa.Float(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cloud", name=op.f("pk_api_budget")),
    )


def downgrade() -> None:
    """Removes it again."""
    op.drop_table("api_budget")
