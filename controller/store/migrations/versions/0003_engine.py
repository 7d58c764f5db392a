"""Stacks, plans, approvals, executions, the journal of intents and the state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003_engine"
down_revision = "0002_casework"


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "stack",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cloud", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("spec", JSONB(), nullable=True),
        sa.Column("spec_digest", sa.Text(), nullable=False),
        sa.Column("spec_commit", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("provisioning", sa.Text(), nullable=False),
        sa.Column("operating", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("outputs", JSONB(), nullable=False),
        sa.Column("settled_digest", sa.Text(), nullable=False),
        sa.Column("applied_digest", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stack")),
        sa.UniqueConstraint("name", name=op.f("uq_stack_name")),
    )
    op.create_index(op.f("ix_stack_case_id"), "stack", ["case_id"], unique=False)
    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stack_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("document", JSONB(), nullable=False),
        sa.Column("spec_commit", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["stack_id"], ["stack.id"], name=op.f("fk_plan_stack_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("stack_id", "digest", name=op.f("uq_plan_stack_id_digest")),
    )
    op.create_index(op.f("ix_plan_stack_id"), "plan", ["stack_id"], unique=False)
    op.create_table(
        "resource",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stack_id", sa.BigInteger(), nullable=False),
        sa.Column("urn", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("custom", sa.Boolean(), nullable=False),
        sa.Column("physical_id", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("dependencies", JSONB(), nullable=False),
        sa.Column("property_dependencies", JSONB(), nullable=False),
        sa.Column("inputs", JSONB(), nullable=False),
        sa.Column("outputs", JSONB(), nullable=False),
        sa.Column("observed", JSONB(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("protect", sa.Boolean(), nullable=False),
        sa.Column("retain_on_delete", sa.Boolean(), nullable=False),
        sa.Column("secret_outputs", JSONB(), nullable=False),
        sa.Column("pending_delete", sa.Boolean(), nullable=False),
        sa.Column("missing", sa.Boolean(), nullable=False),
        sa.Column("unsettled", sa.Text(), nullable=False),
        sa.Column("broken", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["stack_id"], ["stack.id"], name=op.f("fk_resource_stack_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("stack_id", "urn", "generation", name=op.f("uq_resource_stack_id_urn_generation")),
    )
    op.create_index(op.f("ix_resource_identity"), "resource", ["identity"], unique=False)
    op.create_index("ix_resource_physical", "resource", ["type", "physical_id"], unique=False)
    op.create_index(op.f("ix_resource_stack_id"), "resource", ["stack_id"], unique=False)
    op.create_index(
        "uq_resource_live",
        "resource",
        ["stack_id", "urn"],
        unique=True,
        postgresql_where=sa.text("NOT pending_delete"),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stack_id", sa.BigInteger(), nullable=False),
        sa.Column("urn", sa.Text(), nullable=False),
        sa.Column("physical_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["stack_id"], ["stack.id"], name=op.f("fk_decision_stack_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("stack_id", "urn", "physical_id", name=op.f("uq_decision_stack_id_urn_physical_id")),
    )
    op.create_index(op.f("ix_decision_stack_id"), "decision", ["stack_id"], unique=False)
    op.create_table(
        "approval",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_approval_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    op.create_index(op.f("ix_approval_plan_id"), "approval", ["plan_id"], unique=False)
    op.create_table(
        "execution",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stack_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("approval_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_execution_approval_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_execution_plan_id")),
        sa.ForeignKeyConstraint(["stack_id"], ["stack.id"], name=op.f("fk_execution_stack_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_execution")),
        sa.UniqueConstraint("approval_id", name=op.f("uq_execution_approval_id")),
    )
    op.create_index(op.f("ix_execution_stack_id"), "execution", ["stack_id"], unique=False)
    op.create_index(
        "uq_execution_running", "execution", ["stack_id"], unique=True, postgresql_where=sa.text("state = 'running'")
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("execution_id", sa.BigInteger(), nullable=False),
        sa.Column("stack_id", sa.BigInteger(), nullable=False),
        sa.Column("urn", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("physical_id", sa.Text(), nullable=False),
        sa.Column("target", JSONB(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conclusive_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["execution_id"], ["execution.id"], name=op.f("fk_journal_execution_id")),
        sa.ForeignKeyConstraint(["stack_id"], ["stack.id"], name=op.f("fk_journal_stack_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint(
            "stack_id", "urn", "generation", "op", "attempt", name=op.f("uq_journal_stack_id_urn_generation_op_attempt")
        ),
    )
    op.create_index(op.f("ix_journal_execution_id"), "journal", ["execution_id"], unique=False)
    op.create_index(
        "uq_journal_open",
        "journal",
        ["stack_id", "urn", "generation"],
        unique=True,
        postgresql_where=sa.text("outcome = ''"),
    )
    op.create_index(op.f("ix_journal_stack_id"), "journal", ["stack_id"], unique=False)


def downgrade() -> None:
    """Removes them again."""
    for table in ("resource", "journal", "decision", "execution", "approval", "plan", "stack"):
        op.drop_table(table)
