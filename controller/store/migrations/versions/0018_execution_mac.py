"""The mark by which an execution is known as begun and ended here, and indexes of what the audit trail tells of it."""

from __future__ import annotations

import hashlib
import hmac
import json

import sqlalchemy as sa
from alembic import context, op

revision = "0018_execution_mac"
down_revision = "0017_decision_mac"

STANDING = sa.text(
    "SELECT e.id, e.stack_id, p.digest, e.approval_id, e.state FROM execution e JOIN plan p ON p.id = e.plan_id"
)
MARKED = sa.text("UPDATE execution SET mac = :mac WHERE id = :id")


def upgrade() -> None:
    """Adds column and indexes, and marks each execution as it stands, so that what is running can be taken up.

    The default stays, since a worker of the version before may still begin executions while it is being replaced: they
    have no mark, and are to be approved again.
    """
    op.add_column("execution", sa.Column("mac", sa.Text(), nullable=False, server_default=""))
    key: bytes = context.config.attributes["key"]
    connection = op.get_bind()
    for row in connection.execute(STANDING).all():
        said = ["execution", str(row.id), str(row.stack_id), row.digest, str(row.approval_id), row.state]
        mac = hmac.new(key, json.dumps(said).encode(), hashlib.sha256).hexdigest()
        connection.execute(MARKED, {"id": row.id, "mac": mac})
    op.execute(
        "CREATE INDEX ix_audit_spent ON audit ((details ->> 'approval')) "
        "WHERE action IN ('execution.started', 'approval.voided')"
    )
    op.execute("CREATE INDEX ix_audit_ended ON audit ((details ->> 'execution')) WHERE action = 'execution.ended'")


def downgrade() -> None:
    """Removes them again."""
    op.drop_index("ix_audit_ended", "audit")
    op.drop_index("ix_audit_spent", "audit")
    op.drop_column("execution", "mac")
