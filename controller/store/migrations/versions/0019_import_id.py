"""The id that a program imports a resource by, which is not that of its row once it was replaced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019_import_id"
down_revision = "0018_execution_mac"


def upgrade() -> None:
    """Adds the column; what is there is known by the id that it has.

    The default stays, since a worker of the version before may still write resources while it is being replaced: the
    call that a row tells of has been made by then.
    """
    op.add_column("resource", sa.Column("import_id", JSONB(), nullable=False, server_default='""'))


def downgrade() -> None:
    """Removes it again."""
    op.drop_column("resource", "import_id")
    op.execute("UPDATE journal SET target = target - 'import_id'")
