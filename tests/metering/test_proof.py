"""Ledger rows written or changed by hand, by whoever owns the database, are not billed (invariants 5 and 6)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Executable, insert, select, text, update
from sqlalchemy.orm import Session

from controller import audit
from controller.domain.errors import Refused
from controller.metering.bill import run_bill
from controller.metering.ledger import settle
from controller.metering.proof import ENTERED
from controller.store.audit import AuditRow
from controller.store.database import Sessions
from controller.store.metering import BillRow, LedgerEventRow
from tests.metering.specs import LATE, STACK, SYSTEM, ground, system


def by_hand(session: Session, statement: Executable) -> None:
    """As the database's owner does it, who can switch the triggers off."""
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(statement)


def forged(**changes: Any) -> dict[str, Any]:
    return {
        "city": "liuzhou",
        "stack": STACK,
        "resource": f"{STACK}/app-9",
        "item": "vcpu",
        "sequence": 1,
        "kind": "opened",
        "day": date(2026, 9, 1),
        "quantity": 64,
        "payer": "建设管理中心",
        "confirmation": "LZ-1/opening",
        "recorded_at": datetime(2026, 9, 1, tzinfo=UTC),
        **changes,
    }


@pytest.fixture
def opened(sessions: Sessions) -> Sessions:
    with sessions.begin() as session:
        settle(session, SYSTEM, [system()], ground("2026-09-10"))
    return sessions


def bill(sessions: Sessions) -> BillRow:
    with sessions.begin() as session:
        return run_bill(session, "liuzhou", "2026-09", at=LATE)


def test_what_was_confirmed_stands_in_the_chain_and_is_billed(opened: Sessions) -> None:
    with opened() as session:
        entry = session.scalars(select(AuditRow).where(AuditRow.action == ENTERED)).one()
        events = session.scalars(select(LedgerEventRow)).all()
    assert (entry.target, len(entry.details["events"])) == (SYSTEM, len(events))
    assert bill(opened).month == "2026-09"


def test_an_event_written_by_hand_is_named_and_nothing_is_billed(opened: Sessions) -> None:
    with opened.begin() as session:
        id = session.execute(insert(LedgerEventRow).returning(LedgerEventRow.id), forged()).scalar_one()
    with pytest.raises(Refused, match="app-9 vcpu opened on 2026-09-01") as refused:
        bill(opened)
    assert refused.value.where == f"ledger event {id}"
    with opened() as session:
        assert session.scalars(select(BillRow)).all() == []


@pytest.mark.parametrize(
    "change", [{"quantity": 1}, {"day": date(2026, 9, 20)}, {"payer": "nobody"}, {"confirmation": "LZ-2/opening"}]
)
def test_an_event_that_was_changed_by_hand_is_named(opened: Sessions, change: dict[str, Any]) -> None:
    with opened.begin() as session:
        by_hand(session, update(LedgerEventRow).where(LedgerEventRow.item == "vcpu").values(change))
    with pytest.raises(Refused, match="vcpu opened"):
        bill(opened)


def test_an_entry_written_by_hand_beside_the_event_breaks_the_chain(opened: Sessions) -> None:
    with opened.begin() as session:
        session.execute(insert(LedgerEventRow), forged())
        entry = session.scalars(select(AuditRow).where(AuditRow.action == ENTERED)).one()
        copied = {name: getattr(entry, name) for name in ("at", "actor", "action", "target", "details", "hash")}
        by_hand(session, insert(AuditRow).values(**copied, previous_hash=entry.hash))
    with pytest.raises(Refused, match="the audit trail was changed"):
        bill(opened)


def test_a_confirmation_that_is_taken_back_leaves_nothing_in_the_chain(sessions: Sessions) -> None:
    with sessions() as session:
        settle(session, SYSTEM, [system()], ground("2026-09-10"))
        assert len(audit.pending(session)) == 1
        session.rollback()
        assert audit.pending(session) == ()
