"""Every action leaves a row, chained by hash to the one before (invariant 6). Called inside the transaction of the
action itself.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, select, text
from sqlalchemy.orm import Session, SessionTransaction

from controller.clock import real_now
from controller.store.audit import AuditRow
from controller.store.locks import Lock

GENESIS = "0" * 64
IDLE_SECONDS = 5.0
"""A worker that stands still at the head of the line loses its place after that: all others wait behind it."""

_PENDING = "audit rows of this transaction"
_TURN = "this transaction has its process's turn"

_turn = threading.Lock()
_STAND_IN_LINE = text(
    "SELECT pg_advisory_xact_lock(:key), set_config('idle_in_transaction_session_timeout', :idle, true)"
)
_LAST_HASH = select(AuditRow.hash).order_by(AuditRow.id.desc()).limit(1)


@dataclass(frozen=True)
class Verdict:
    """What a check of the chain found: how many rows, and the id of the first that does not fit (None: all do).

    `head` is the hash of the last row that fits. `knows` says whether the hash that was asked for stands in the chain.
    """

    rows: int
    broken_at: int | None
    head: str
    knows: bool


def record(session: Session, *, actor: str, action: str, target: str, details: Mapping[str, Any] | None = None) -> None:
    """Has a row appended when the caller's transaction commits. `details` holds no secret and no personal data.

    Writers stand in line for the chain only then, holding all other locks already: so no two wait for each other.
    """
    pending: list[AuditRow] = session.info.setdefault(_PENDING, [])
    pending.append(AuditRow(at=real_now(), actor=actor, action=action, target=target, details=dict(details or {})))


def pending(session: Session) -> Sequence[AuditRow]:
    """What the caller's transaction will append when it commits."""
    rows: list[AuditRow] = session.info.get(_PENDING, [])
    return tuple(rows)


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    pending: list[AuditRow] = session.info.pop(_PENDING, [])
    if not pending:
        return
    session.flush()
    _take_turn(session)
    session.execute(_STAND_IN_LINE, {"key": Lock.AUDIT_CHAIN, "idle": f"{IDLE_SECONDS * 1000:.0f}"})
    previous = head(session)
    for row in pending:
        row.previous_hash = previous
        row.hash = previous = _hash(row)
        session.add(row)
        session.flush()


def _take_turn(session: Session) -> None:
    """A process has one place in the line, whatever its threads: when stopped it holds others up once."""
    if _TURN not in session.info:
        _turn.acquire()
        session.info[_TURN] = True


@event.listens_for(Session, "after_transaction_end")
def _pass_turn(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None and session.info.pop(_TURN, False):
        _turn.release()


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_PENDING, None)


def head(session: Session) -> str:
    """The hash of the newest row that is committed: who writes it down elsewhere can show that rows were cut off."""
    return session.scalar(_LAST_HASH) or GENESIS


def verify(session: Session, known: str = GENESIS) -> Verdict:
    """Recomputes the whole chain, and looks for the hash `known`, which somebody wrote down earlier."""
    previous, rows, knows = GENESIS, 0, known == GENESIS
    for row in session.scalars(select(AuditRow).order_by(AuditRow.id).execution_options(yield_per=1000)):
        if row.previous_hash != previous or row.hash != _hash(row):
            return Verdict(rows, row.id, previous, knows)
        previous, rows, knows = row.hash, rows + 1, knows or row.hash == known
    return Verdict(rows, None, previous, knows)


def _hash(row: AuditRow) -> str:
    at: datetime = row.at.astimezone(UTC)
    document = [at.isoformat(), row.actor, row.action, row.target, row.details, row.previous_hash]
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
