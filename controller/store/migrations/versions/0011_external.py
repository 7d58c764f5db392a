"""Resources that a program only reads have a row, too: external, never updated or deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_external"
down_revision = "0010_scan_parts"


def upgrade() -> None:
    """Adds the column; so far nothing was read."""
    op.add_column("resource", sa.Column("external", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("resource", "external", server_default=None)


def downgrade() -> None:
    """Removes it again."""
    op.execute("UPDATE journal SET target = target - 'external'")
    op.drop_column("resource", "external")
