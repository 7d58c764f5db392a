"""Tables of the engine: stacks, plans, approvals, executions, the journal of intents, the state (a row a resource)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from controller.store.base import Base, Id, Instant


class Provisioning(StrEnum):
    """What the controller does with it. errored: the operator must act."""

    PENDING = "pending"
    APPLYING = "applying"
    READY = "ready"
    ERRORED = "errored"
    ENDING = "ending"
    ENDED = "ended"


class Wanted(StrEnum):
    """What a stack shall be: decided by people, whatever its status is."""

    PRESENT = "present"
    ABSENT = "absent"


class Operating(StrEnum):
    """What the resource does, as last seen."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"


class ExecutionState(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class StackRow(Base):
    """A stack: what one zone of a system shall be, and how far it is.

    `fence` is incremented by whoever claims the stack; a journal row with an older one is refused (invariant 7).
    `applied_digest` is the spec digest that the last succeeded execution applied; `ground` names the rule by which the
    controller itself wrote the present spec (a trial's end), and is empty where people approved it. `settled_digest` is
    that of the spec and the program under which the last pass had nothing to do.
    """

    __tablename__ = "stack"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text, unique=True)
    cloud: Mapped[str] = mapped_column(Text)
    case_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    spec: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    spec_digest: Mapped[str] = mapped_column(Text, default="")
    spec_commit: Mapped[str] = mapped_column(Text, default="")
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    wanted: Mapped[str] = mapped_column(Text, default=Wanted.PRESENT)
    provisioning: Mapped[str] = mapped_column(Text, default=Provisioning.PENDING)
    operating: Mapped[str] = mapped_column(Text, default=Operating.UNKNOWN)
    message: Mapped[str] = mapped_column(Text, default="")
    outputs: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    settled_digest: Mapped[str] = mapped_column(Text, default="")
    applied_digest: Mapped[str] = mapped_column(Text, default="")
    ground: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[Instant]


class PlanRow(Base):
    """A plan as it was made; `document` is its sealed canonical form, `digest` what approvals name."""

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("stack_id", "digest"),)

    id: Mapped[Id]
    stack_id: Mapped[int] = mapped_column(ForeignKey("stack.id"), index=True)
    digest: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    spec_commit: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Instant]


class ApprovalRow(Base):
    """A yes to one plan's digest, by a person or (repairs, expiries) by a rule; at most one execution consumes it.

    `mac` marks it as given by this controller (`engine.applying.authenticity`).
    """

    __tablename__ = "approval"

    id: Mapped[Id]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    approver: Mapped[str] = mapped_column(Text)
    ground: Mapped[str] = mapped_column(Text)
    approved_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    voided: Mapped[str] = mapped_column(Text, default="")
    mac: Mapped[str] = mapped_column(Text, default="", server_default="")


class DecisionRow(Base):
    """A person's word that one resource which bears data may be given up (invariant 4). It holds for that very id.

    `mac` marks it as taken here (`engine.applying.authenticity`).
    """

    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("stack_id", "urn", "physical_id"),)

    id: Mapped[Id]
    stack_id: Mapped[int] = mapped_column(ForeignKey("stack.id"), index=True)
    urn: Mapped[str] = mapped_column(Text)
    physical_id: Mapped[str] = mapped_column(Text)
    person: Mapped[str] = mapped_column(Text)
    ground: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[Instant]
    mac: Mapped[str] = mapped_column(Text, default="", server_default="")


class ExecutionRow(Base):
    """One execution of an approved plan. At most one a stack is running.

    `mac` marks what it is of and how it stands (`engine.applying.authenticity`).
    """

    __tablename__ = "execution"
    __table_args__ = (
        Index("uq_execution_running", "stack_id", unique=True, postgresql_where=text("state = 'running'")),
    )

    id: Mapped[Id]
    stack_id: Mapped[int] = mapped_column(ForeignKey("stack.id"), index=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"), unique=True)
    state: Mapped[str] = mapped_column(Text, default=ExecutionState.RUNNING)
    message: Mapped[str] = mapped_column(Text, default="")
    mac: Mapped[str] = mapped_column(Text, default="", server_default="")
    started_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class JournalRow(Base):
    """An intent, committed before the call it announces, closed with what came of it.

    `outcome` is "" while it is open, else one of `engine.applying.journal.Ending`. `physical_id` is known beforehand
    for update and delete, afterwards for create. `target` is the state row that the call is to lead to (for a delete,
    the row that it removes). `conclusive_at` is set once a reply was lost: from then on a complete list without the
    resource proves that it was not made.
    """

    __tablename__ = "journal"
    __table_args__ = (
        Index("uq_journal_open", "stack_id", "urn", "generation", unique=True, postgresql_where=text("outcome = ''")),
        UniqueConstraint("stack_id", "urn", "generation", "op", "attempt"),
    )

    id: Mapped[Id]
    execution_id: Mapped[int] = mapped_column(ForeignKey("execution.id"), index=True)
    stack_id: Mapped[int] = mapped_column(ForeignKey("stack.id"), index=True)
    urn: Mapped[str] = mapped_column(Text)
    generation: Mapped[int] = mapped_column(Integer)
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    op: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    fence: Mapped[int] = mapped_column(BigInteger)
    identity: Mapped[str] = mapped_column(Text, default="")
    physical_id: Mapped[str] = mapped_column(Text, default="")
    target: Mapped[dict[str, Any]] = mapped_column(JSONB)
    outcome: Mapped[str] = mapped_column(Text, default="")
    message: Mapped[str] = mapped_column(Text, default="")
    intended_at: Mapped[Instant]
    conclusive_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ResourceRow(Base):
    """The state of one resource. A replace has two rows of one URN for a while, told apart by generation.

    `cloud` is the one on which it lies, "" for what lies on none; `provider` refers to an explicit one. `inputs` are
    the last applied ones (secrets sealed), `observed` the managed fields last seen, `version` their hash.
    """

    __tablename__ = "resource"
    __table_args__ = (
        UniqueConstraint("stack_id", "urn", "generation"),
        Index("uq_resource_live", "stack_id", "urn", unique=True, postgresql_where=text("NOT pending_delete")),
        Index("ix_resource_physical", "type", "physical_id"),
    )

    id: Mapped[Id]
    stack_id: Mapped[int] = mapped_column(ForeignKey("stack.id"), index=True)
    urn: Mapped[str] = mapped_column(Text)
    generation: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer, default=0)
    type: Mapped[str] = mapped_column(Text)
    custom: Mapped[bool] = mapped_column(Boolean)
    physical_id: Mapped[str] = mapped_column(Text, default="")
    identity: Mapped[str] = mapped_column(Text, default="", index=True)
    provider: Mapped[str] = mapped_column(Text, default="")
    cloud: Mapped[str] = mapped_column(Text, default="", index=True)
    parent: Mapped[str] = mapped_column(Text, default="")
    dependencies: Mapped[list[str]] = mapped_column(JSONB, default=list)
    property_dependencies: Mapped[dict[str, list[str]]] = mapped_column(JSONB, default=dict)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    outputs: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    observed: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    version: Mapped[str] = mapped_column(Text, default="")
    protect: Mapped[bool] = mapped_column(Boolean, default=False)
    retain_on_delete: Mapped[bool] = mapped_column(Boolean, default=False)
    secret_outputs: Mapped[list[str]] = mapped_column(JSONB, default=list)
    deleted_with: Mapped[str] = mapped_column(Text, default="")
    replacement_trigger: Mapped[Any | None] = mapped_column(JSONB)
    timeouts: Mapped[dict[str, float]] = mapped_column(JSONB, default=dict)
    delete_hooks: Mapped[dict[str, list[str]]] = mapped_column(JSONB, default=dict)
    import_id: Mapped[Any] = mapped_column(JSONB, default="", server_default='""')
    pending_delete: Mapped[bool] = mapped_column(Boolean, default=False)
    external: Mapped[bool] = mapped_column(Boolean, default=False)
    missing: Mapped[bool] = mapped_column(Boolean, default=False)
    unsettled: Mapped[str] = mapped_column(Text, default="")
    broken: Mapped[bool] = mapped_column(Boolean, default=False)
    changed_at: Mapped[Instant]
