"""The cloud that a resource lies on, and its explicit provider: so far all of a stack lay on the stack's own cloud."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_resource_cloud"
down_revision = "0008_api_budget"


def upgrade() -> None:
    """Adds the columns; what is there, and what open intents are to lead to, lies on the cloud of its stack."""
    for name in ("provider", "cloud"):
        op.add_column("resource", sa.Column(name, sa.Text(), nullable=False, server_default=""))
        op.alter_column("resource", name, server_default=None)
    op.create_index(op.f("ix_resource_cloud"), "resource", ["cloud"])
    op.execute("UPDATE resource SET cloud = stack.cloud FROM stack WHERE stack.id = stack_id AND custom")
    op.execute(
        "UPDATE journal SET target = target || jsonb_build_object('cloud', stack.cloud) "
        "FROM stack WHERE stack.id = stack_id"
    )


def downgrade() -> None:
    """Removes them again."""
    op.execute("UPDATE journal SET target = target - 'cloud' - 'provider'")
    op.drop_index(op.f("ix_resource_cloud"), "resource")
    op.drop_column("resource", "cloud")
    op.drop_column("resource", "provider")
