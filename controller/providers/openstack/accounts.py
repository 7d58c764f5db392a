"""Where the account of a cloud's tokens is kept: in the database for all processes, or in memory for one alone.

Called by `gate.py` for a batch of tokens at a time, and for a pause that the cloud asked for.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, TimeoutError
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.providers.openstack.budget import LONGEST_PAUSE, Account, CloudLimits, Grant, Priority, paused, take
from controller.store.budget import ApiBudgetRow
from controller.store.database import Sessions

_RETRY_SECONDS = 1.0
_IDLE_MS = "2000"
"""A process that is stopped while it holds an account must not stop all others."""

_UNREACHABLE = (OperationalError, InterfaceError, InternalError, TimeoutError)
"""How SQLAlchemy says that a connection is not to be had, or was taken away."""

_Change = Callable[[Account, datetime], tuple[Account, Grant]]

log = logging.getLogger(__name__)


class Accounts(ABC):
    """The accounts of clouds, by name. Shared by threads."""

    def take(self, cloud: str, limits: CloudLimits, priority: Priority, wanted: int) -> Grant:
        """Up to `wanted` tokens of the cloud's account."""
        return self._changed(
            cloud, limits, lambda account, now: take(account, limits, now, priority=priority, wanted=wanted)
        )

    def pause(self, cloud: str, limits: CloudLimits, seconds: float) -> None:
        """Nobody is granted a token for `seconds`."""
        self._changed(cloud, limits, lambda account, now: (paused(account, now, seconds), Grant(0)))

    @abstractmethod
    def _changed(self, cloud: str, limits: CloudLimits, change: _Change) -> Grant:
        """Applies `change` to the account, alone, and keeps what comes of it."""


class OwnAccounts(Accounts):
    """Of this process alone: for what has no database."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._lock = Lock()

    def _changed(self, cloud: str, limits: CloudLimits, change: _Change) -> Grant:
        now = real_now()
        with self._lock:
            account = self._accounts.get(cloud) or Account.full(limits, now)
            self._accounts[cloud], grant = change(account, now)
        return grant


class SharedAccounts(Accounts):
    """In the database, on its clock. While it cannot be reached nobody is granted anything."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def _changed(self, cloud: str, limits: CloudLimits, change: _Change) -> Grant:
        try:
            with self._sessions.begin() as session:
                held, now = _held(session, cloud, limits)
                account, grant = change(held, now)
                session.execute(update(ApiBudgetRow).where(ApiBudgetRow.cloud == cloud).values(**_columns(account)))
        except _UNREACHABLE as error:
            log.warning("calls to %s wait, because their budget in the database cannot be reached: %s", cloud, error)
            return Grant(0, _RETRY_SECONDS)
        return grant


_NOW = func.clock_timestamp()
_FAR = timedelta(days=365)
"""A count that is this far from now, either way, tells as much as any that is farther."""

# Moments are bounded here, since a process cannot even read all that PostgreSQL takes for one.
_HELD = select(
    ApiBudgetRow.apply,
    ApiBudgetRow.confirm,
    ApiBudgetRow.drift,
    func.greatest(func.least(ApiBudgetRow.counted_at, _NOW + _FAR), _NOW - _FAR).label("counted_at"),
    func.greatest(func.least(ApiBudgetRow.paused_until, _NOW + timedelta(seconds=LONGEST_PAUSE)), _NOW).label("paused"),
    _NOW.label("now"),
    func.set_config("idle_in_transaction_session_timeout", _IDLE_MS, true()),
    func.set_config("synchronous_commit", "off", true()),  # what a crash of the server forgets is a moment's calls
)


def _held(session: Session, cloud: str, limits: CloudLimits) -> tuple[Account, datetime]:
    """The cloud's account, its row locked, and the database's time; a cloud that was never called begins with a full
    one.
    """
    query = _HELD.where(ApiBudgetRow.cloud == cloud).with_for_update()
    found = session.execute(query).one_or_none()
    if found is None:
        now = session.scalars(select(func.clock_timestamp())).one()
        columns = _columns(Account.full(limits, now))
        session.execute(insert(ApiBudgetRow).values(cloud=cloud, **columns).on_conflict_do_nothing())
        found = session.execute(query).one()
    purses = {Priority.APPLY: found.apply, Priority.CONFIRM: found.confirm, Priority.DRIFT: found.drift}
    return Account(purses, found.counted_at, found.paused), found.now


def _columns(account: Account) -> dict[str, float | datetime]:
    purses = {priority.name.lower(): tokens for priority, tokens in account.purses.items()}
    return {**purses, "counted_at": account.at, "paused_until": account.paused_until}
