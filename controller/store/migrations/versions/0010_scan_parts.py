"""Scans kind by kind: how far each is, and findings that can be followed up without the process that made them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010_scan_parts"
down_revision = "0009_resource_cloud"

TEXTS = ("version", "owner_urn", "identity", "project")


def upgrade() -> None:
    """Makes the table and the columns."""
    op.create_table(
        "scan_part",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scan_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.Column("same", sa.Integer(), nullable=False),
        sa.Column("projects", JSONB(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_scan_part_scan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_part")),
        sa.UniqueConstraint("scan_id", "type", name=op.f("uq_scan_part_scan_id_type")),
    )
    op.add_column("scan", sa.Column("sort", sa.Text(), nullable=False, server_default="full"))
    op.add_column("finding", sa.Column("resource_id", sa.BigInteger(), nullable=True))
    for name in TEXTS:
        op.add_column("finding", sa.Column(name, sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Removes them again."""
    for name in (*TEXTS, "resource_id"):
        op.drop_column("finding", name)
    op.drop_column("scan", "sort")
    op.drop_table("scan_part")
