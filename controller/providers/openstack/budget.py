"""How many calls a cloud bears, and who may make them: the arithmetic of one account of tokens a cloud. Pure.

A token is the right to one call. `accounts.py` keeps the account, `gate.py` spends what was granted.

Income flows into a purse a priority by fixed shares. Who is less urgent has a small purse of his own, which nobody else
spends, so that he never starves; beyond it he takes from the common purse only what the more urgent leave over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum

LONGEST_PAUSE = 300.0
"""Seconds; what a service asks for beyond that is taken for a mistake, and so is what an account says."""


class Priority(IntEnum):
    """Who goes first: calls of approved work, the looks that wait for what they began, the search for drift."""

    APPLY = 0
    CONFIRM = 1
    DRIFT = 2


@dataclass(frozen=True)
class CloudLimits:
    """What one cloud bears: calls a second over all processes in the long run, and at once after a quiet time.

    `concurrency`: calls in flight to one service from one process; `concurrency_of`: the same for services that bear
    another number. `burst` is at least 10, or the smallest share would never hold a whole token.
    """

    per_second: float = 200.0
    burst: float = 400.0
    concurrency: int = 16
    concurrency_of: Mapping[str, int] = field(default_factory=dict)

    def at_once(self, service: str) -> int:
        """Calls in flight to `service`."""
        return self.concurrency_of.get(service, self.concurrency)


Purses = Mapping[Priority, float]
"""Tokens by priority; the purse of the most urgent is the common one."""

SHARES: Purses = {Priority.APPLY: 0.7, Priority.CONFIRM: 0.2, Priority.DRIFT: 0.1}
"""What part of income and burst a purse gets; what does not fit into its own goes into the common one."""

_LEAVES: Purses = {Priority.APPLY: 0.0, Priority.CONFIRM: 0.25, Priority.DRIFT: 0.5}
"""The part of the full common purse that a priority leaves for the more urgent."""


_SET_BACK = timedelta(minutes=1)
"""A clock that stands this far before the last count was set; less is only a count that came late."""


@dataclass(frozen=True)
class Account:
    """The tokens of one cloud as they were at `at`, and until when the cloud asked for silence."""

    purses: Purses
    at: datetime
    paused_until: datetime

    @classmethod
    def full(cls, limits: CloudLimits, now: datetime) -> Account:
        """After a quiet time."""
        return cls({priority: share * limits.burst for priority, share in SHARES.items()}, now, now)


@dataclass(frozen=True)
class Grant:
    """Tokens that were taken; where there are none, the seconds after which there will be one, or the pause ends."""

    tokens: int
    wait: float = 0.0
    paused: bool = False


def refilled(account: Account, limits: CloudLimits, now: datetime) -> Account:
    """The account with the income until `now`; a moment before the last count brings none.

    A purse that holds more or less than it can (somebody wrote that) is full or empty.
    """
    income = max(0.0, (now - account.at).total_seconds()) * limits.per_second
    full = {priority: share * limits.burst for priority, share in SHARES.items()}
    before = {priority: min(max(0.0, tokens), full[priority]) for priority, tokens in account.purses.items()}  # NaN: 0
    purses, left = dict(before), income
    for priority in (Priority.DRIFT, Priority.CONFIRM):
        purses[priority] = min(before[priority] + SHARES[priority] * income, full[priority])
        left -= purses[priority] - before[priority]
    purses[Priority.APPLY] = min(before[Priority.APPLY] + left, full[Priority.APPLY])
    is_set_back = now < account.at - _SET_BACK
    return replace(account, purses=purses, at=now if is_set_back else max(now, account.at))


def take(
    account: Account, limits: CloudLimits, now: datetime, *, priority: Priority, wanted: int
) -> tuple[Account, Grant]:
    """Takes up to `wanted` tokens, of the own purse first."""
    account = refilled(account, limits, now)
    if now < account.paused_until:
        return account, Grant(0, (account.paused_until - now).total_seconds(), paused=True)
    purses = dict(account.purses)
    own = 0.0 if priority is Priority.APPLY else purses[priority]
    common = purses[Priority.APPLY] - _LEAVES[priority] * SHARES[Priority.APPLY] * limits.burst
    available = own + max(0.0, common)
    granted = min(wanted, math.floor(available))
    if not granted:
        return account, Grant(0, (1.0 - available) / (SHARES[priority] * limits.per_second))
    spent = min(own, granted)
    purses[priority] -= spent
    purses[Priority.APPLY] -= granted - spent
    return replace(account, purses=purses), Grant(granted)


def paused(account: Account, now: datetime, seconds: float) -> Account:
    """No tokens for `seconds`; a longer pause that was asked for before stays."""
    return replace(account, paused_until=max(account.paused_until, now + timedelta(seconds=seconds)))
