"""The advisory locks of an installation: who takes one stands in line for it until the transaction before has ended.

Called by whatever must see what others have just written before it writes itself.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import text
from sqlalchemy.orm import Session


class Lock(IntEnum):
    """What one transaction does at a time; the numbers are this program's own among all that use the database."""

    MIGRATION = 7_215_001
    AUDIT_CHAIN = 7_215_002
    ALLOCATION = 7_215_003
    LEDGER = 7_215_004
    PEOPLE = 7_215_005
    GUARD = 7_215_008
    OWNERS = 7_215_009


_ALONE = text("SELECT pg_advisory_xact_lock(:key)")
_ALONE_IN = text("SELECT pg_advisory_xact_lock(:key, hashtext(:city))")


def stand_in_line(session: Session, lock: Lock) -> None:
    """Takes `lock` until the caller's transaction ends."""
    session.execute(_ALONE, {"key": lock})


def stand_in_line_of(session: Session, lock: Lock, city: str) -> None:
    """The same among those of one city."""
    session.execute(_ALONE_IN, {"key": lock, "city": city})
