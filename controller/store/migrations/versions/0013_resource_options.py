"""Options of a resource that outlive its registration: what deletes it along, its trigger, its time limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013_resource_options"
down_revision = "0012_guard"


def upgrade() -> None:
    """Adds the columns; what is there was made without these options."""
    op.add_column("resource", sa.Column("deleted_with", sa.Text(), nullable=False, server_default=""))
    op.add_column("resource", sa.Column("replacement_trigger", JSONB()))
    op.add_column("resource", sa.Column("timeouts", JSONB(), nullable=False, server_default="{}"))
    for name in ("deleted_with", "timeouts"):
        op.alter_column("resource", name, server_default=None)


def downgrade() -> None:
    """Removes them again."""
    for name in ("deleted_with", "replacement_trigger", "timeouts"):
        op.drop_column("resource", name)
    op.execute("UPDATE journal SET target = target - 'deleted_with' - 'replacement_trigger' - 'timeouts'")
