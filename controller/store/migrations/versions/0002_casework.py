"""Units, persons, roles, systems, case files with timeline, clocks, evidence and subnets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import CIDR, JSONB, ExcludeConstraint

revision = "0002_casework"
down_revision = "0001_base"


def upgrade() -> None:
    """Makes the tables, in the order in which they refer to each other; the timeline only grows."""
    _people()
    _cases()
    _files()
    op.execute(
        "CREATE TRIGGER case_event_append_only BEFORE UPDATE OR DELETE ON case_event "
        "FOR EACH ROW EXECUTE FUNCTION append_only()"
    )


def downgrade() -> None:
    """Removes them again."""
    for table in ("cidr", "evidence", "clock", "case_event", "case_file", "system", "user_role", "person", "unit"):
        op.drop_table(table)


def _people() -> None:
    op.create_table(
        "unit",
        _id(),
        _text("city"),
        _text("code"),
        _text("name"),
        _text("kind"),
        sa.Column("county_id", sa.BigInteger(), sa.ForeignKey("unit.id")),
        sa.UniqueConstraint("city", "code"),
        sa.UniqueConstraint("city", "name"),
    )
    op.create_table(
        "person",
        _id(),
        _text("name"),
        _text("email"),
        _text("mobile"),
        sa.UniqueConstraint("name", "email", "mobile"),
    )
    op.create_table(
        "user_role",
        _id(),
        _text("account"),
        _text("city"),
        _text("role"),
        sa.Column("unit_id", sa.BigInteger(), sa.ForeignKey("unit.id")),
        sa.UniqueConstraint("account", "city", "role", "unit_id", postgresql_nulls_not_distinct=True),
    )
    op.create_index("ix_user_role_account", "user_role", ["account"])


def _cases() -> None:
    op.create_table(
        "system",
        _id(),
        sa.Column("unit_id", sa.BigInteger(), sa.ForeignKey("unit.id"), nullable=False),
        _text("code"),
        _text("name"),
        sa.Column("demand", JSONB()),
        sa.Column("opened_on", sa.Date()),
        sa.Column("ended_on", sa.Date()),
        sa.UniqueConstraint("unit_id", "code"),
        sa.UniqueConstraint("unit_id", "name"),
    )
    op.create_table(
        "case_file",
        _id(),
        sa.Column("number", sa.Text(), nullable=False, unique=True),
        _text("city"),
        _text("procedure"),
        sa.Column("system_id", sa.BigInteger(), sa.ForeignKey("system.id"), nullable=False),
        _text("stage"),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("given", JSONB(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("demand", JSONB(), nullable=False),
        _text("payer"),
        _text("applicant"),
        sa.Column("unit_contact_id", sa.BigInteger(), sa.ForeignKey("person.id")),
        sa.Column("vendor_contact_id", sa.BigInteger(), sa.ForeignKey("person.id")),
        _instant("opened_at"),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_case_file_city", "case_file", ["city"])
    op.create_index("ix_case_file_system_id", "case_file", ["system_id"])
    op.create_index(
        "uq_case_file_open", "case_file", ["system_id"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_table(
        "case_event",
        _id(),
        _of_case(),
        _instant("at"),
        _text("kind"),
        _text("actor"),
        _text("role"),
        _text("action"),
        _text("before"),
        _text("after"),
        _text("rule"),
        _text("reason"),
        sa.Column("details", JSONB(), nullable=False),
    )
    op.create_index("ix_case_event_case_id", "case_event", ["case_id"])


def _files() -> None:
    op.create_table(
        "clock",
        _id(),
        _of_case(),
        _text("stage"),
        _text("role"),
        _text("rule"),
        sa.Column("days", sa.Integer(), nullable=False),
        _text("then"),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("pauses", JSONB(), nullable=False),
        sa.Column("due_on", sa.Date()),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("look_at", sa.DateTime(timezone=True)),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("warned", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_clock_case_id", "clock", ["case_id"])
    op.create_index("ix_clock_look_at", "clock", ["look_at"])
    op.create_index("uq_clock_running", "clock", ["case_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "evidence",
        _id(),
        _of_case(),
        _text("document"),
        _text("sha256"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        _text("file_name"),
        _text("handed_by"),
        _instant("handed_at"),
        sa.CheckConstraint("size >= 0", name="size"),
    )
    op.create_index("ix_evidence_case_id", "evidence", ["case_id"])
    op.create_table(
        "cidr",
        _id(),
        sa.Column("system_id", sa.BigInteger(), sa.ForeignKey("system.id"), nullable=False),
        _text("zone"),
        sa.Column("block", CIDR(), nullable=False),
        sa.UniqueConstraint("system_id", "zone"),
        ExcludeConstraint(("block", "&&"), using="gist", ops={"block": "inet_ops"}, name="ex_cidr_block"),
    )


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _of_case() -> sa.Column[Any]:
    return sa.Column("case_id", sa.BigInteger(), sa.ForeignKey("case_file.id"), nullable=False)
