"""Scans over the regions and projects of an entry: which list a part is of, and where a finding lies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016_scan_places"
down_revision = "0015_approval_mac"

UNIQUE = op.f("uq_scan_part_scan_id_type")
PART = op.f("fk_finding_part_id")


def upgrade() -> None:
    """Adds the columns; what is there was seen by the one sign-in of its scan."""
    op.add_column("scan_part", sa.Column("cloud", sa.Text(), nullable=False, server_default=""))
    for name in ("covers", "seen"):
        op.add_column("scan_part", sa.Column(name, JSONB(), nullable=False, server_default="[]"))
    op.add_column("finding", sa.Column("cloud", sa.Text(), nullable=False, server_default=""))
    op.add_column("finding", sa.Column("part_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE scan_part SET cloud = scan.cloud, covers = jsonb_build_array(scan.cloud) "
        "FROM scan WHERE scan.id = scan_id"
    )
    op.execute(
        "UPDATE finding SET cloud = part.cloud, part_id = part.id FROM scan_part part "
        "WHERE part.scan_id = finding.scan_id AND part.type = finding.type"
    )
    op.create_foreign_key(PART, "finding", "scan_part", ["part_id"], ["id"])
    op.create_index(op.f("ix_finding_part_id"), "finding", ["part_id"])
    op.drop_constraint(UNIQUE, "scan_part")
    op.create_unique_constraint(op.f("uq_scan_part_scan_id_type_cloud"), "scan_part", ["scan_id", "type", "cloud"])


def downgrade() -> None:
    """Removes them again, and with them all scans of more than one sign-in."""
    op.drop_constraint(op.f("uq_scan_part_scan_id_type_cloud"), "scan_part")
    op.drop_index(op.f("ix_finding_part_id"), "finding")
    op.drop_constraint(PART, "finding")
    op.drop_column("finding", "part_id")
    op.drop_column("finding", "cloud")
    op.execute(
        "DELETE FROM scan_part a USING scan_part b WHERE a.scan_id = b.scan_id AND a.type = b.type AND a.id > b.id"
    )
    op.create_unique_constraint(UNIQUE, "scan_part", ["scan_id", "type"])
    for name in ("covers", "seen", "cloud"):
        op.drop_column("scan_part", name)
