"""Names of the hooks around a resource's deletion, which outlive its registration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014_delete_hooks"
down_revision = "0013_resource_options"


def upgrade() -> None:
    """Adds the column; what is there was made without such hooks."""
    op.add_column("resource", sa.Column("delete_hooks", JSONB(), nullable=False, server_default="{}"))
    op.alter_column("resource", "delete_hooks", server_default=None)


def downgrade() -> None:
    """Removes it again."""
    op.drop_column("resource", "delete_hooks")
    op.execute("UPDATE journal SET target = target - 'delete_hooks'")
