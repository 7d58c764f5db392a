"""The mark by which an approval is known as given here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_approval_mac"
down_revision = "0014_delete_hooks"


def upgrade() -> None:
    """Adds the column. What was approved before has no mark: it is to be approved again, and what runs on it ends.

    The default stays, since a worker of the version before may still write approvals while it is being replaced.
    """
    op.add_column("approval", sa.Column("mac", sa.Text(), nullable=False, server_default=""))
    op.execute(
        "UPDATE stack SET provisioning = 'errored' WHERE id IN (SELECT stack_id FROM execution WHERE state = 'running')"
    )
    op.execute(
        "UPDATE execution SET state = 'failed', ended_at = now(), "
        "message = 'it was begun by an earlier version: have a new plan approved' WHERE state = 'running'"
    )


def downgrade() -> None:
    """Removes it again."""
    op.drop_column("approval", "mac")
