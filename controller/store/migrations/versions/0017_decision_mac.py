"""The mark by which a decision about data is known as taken here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_decision_mac"
down_revision = "0016_scan_places"


def upgrade() -> None:
    """Adds the column. What was decided before and is not carried out is to be decided again.

    The default stays, since a worker of the version before may still write decisions while it is being replaced.
    """
    op.add_column("decision", sa.Column("mac", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Removes it again."""
    op.drop_column("decision", "mac")
