"""Who of this process may call a cloud now: a token of the shared account, and a place at the service.

`connection.py` passes here with every request. Tokens come in batches that hold for a moment, so that a call costs no
round trip to the database; what is not used by then is forgotten, as is what a dead process held.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from threading import Condition
from time import monotonic

from controller.engine.provider import Rejected, is_stopping
from controller.providers.openstack.accounts import Accounts
from controller.providers.openstack.budget import CloudLimits, Grant, Priority
from controller.providers.openstack.metrics import CALLS_WAITING, PAUSE_SECONDS, PAUSES

LEASE_SECONDS = 1.0
"""How long tokens hold once they are granted, and the longest nap before they are asked for again."""

PATIENCE = 10.0
"""Seconds after which a call no longer stands behind more urgent ones of this process."""


@dataclass
class Lease:
    """The tokens of one priority: `left` of `size`, until `ends`. `asking`: a thread is on its way for more."""

    left: int = 0
    size: int = 0
    ends: float = 0.0
    ask_at: float = 0.0
    asking: bool = False

    def holds(self) -> bool:
        """Whether there is a token that still counts."""
        return self.left > 0 and monotonic() < self.ends

    def is_refused(self) -> bool:
        """Whether there is none, and none to be had yet."""
        return not self.holds() and monotonic() < self.ask_at

    def wanted(self) -> int:
        """As many as were used, or twice as many where they did not last."""
        used = self.size - self.left
        return max(1, 2 * used if monotonic() < self.ends else used)

    def renew(self, grant: Grant) -> None:
        """Takes what was granted in the place of what is left."""
        now = monotonic()
        self.left = self.size = grant.tokens
        self.ends = now + LEASE_SECONDS
        self.ask_at = now + min(grant.wait, LEASE_SECONDS)


class Gate:
    """The way to one cloud, shared by threads."""

    def __init__(self, cloud: str, limits: CloudLimits, accounts: Accounts) -> None:
        self.calls = 0
        self._cloud = cloud
        self._limits = limits
        self._accounts = accounts
        self._changed = Condition()
        self._leases = {priority: Lease() for priority in Priority}
        self._open: dict[str, int] = defaultdict(int)
        self._waiting: dict[tuple[str, Priority], int] = defaultdict(int)
        self._paused_until = 0.0

    @property
    def concurrency(self) -> int:
        """Calls in flight to a service, where it does not bear another number."""
        return self._limits.concurrency

    @contextmanager
    def call(self, service: str, priority: Priority) -> Iterator[None]:
        """Holds a place at `service` for one request; waits for it, and for a token, behind all that are more urgent.

        It waits as long as the account cannot be reached: no call goes out that nobody counted. Raises Rejected where
        the process is told to end meanwhile.
        """
        with self._changed:
            self._enter(service, priority)
        try:
            yield
        finally:
            with self._changed:
                self._open[service] -= 1
                self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """No new call to the cloud for `seconds`, by any process: it asked for that."""
        PAUSES.labels(self._cloud).inc()
        PAUSE_SECONDS.labels(self._cloud).inc(seconds)
        with self._changed:
            self._paused_until = max(self._paused_until, monotonic() + seconds)
        self._accounts.pause(self._cloud, self._limits, seconds)

    def _enter(self, service: str, priority: Priority) -> None:
        begun, lease = monotonic(), self._leases[priority]
        self._waiting[service, priority] += 1
        shown = CALLS_WAITING.labels(self._cloud, priority.name.lower())
        shown.inc()
        try:
            while not self._may_go(service, priority, since=begun):
                if is_stopping():
                    raise Rejected("not sent: the process was told to end", status=HTTPStatus.SERVICE_UNAVAILABLE)
                if self._must_ask(lease):
                    self._ask(lease, priority)
                else:
                    self._changed.wait(min(self._nap(lease), LEASE_SECONDS))
        finally:
            self._waiting[service, priority] -= 1
            shown.dec()
        lease.left -= 1
        self._open[service] += 1
        self.calls += 1

    def _may_go(self, service: str, priority: Priority, *, since: float) -> bool:
        now = monotonic()
        if now < self._paused_until or not self._leases[priority].holds():
            return False
        if self._open[service] >= self._limits.at_once(service):
            return False
        return now >= since + PATIENCE or not self._is_outranked(service, priority)

    def _is_outranked(self, service: str, priority: Priority) -> bool:
        return any(
            self._waiting[service, urgent] and not self._leases[urgent].is_refused()
            for urgent in Priority
            if urgent < priority
        )

    def _must_ask(self, lease: Lease) -> bool:
        is_paused = monotonic() < self._paused_until
        return not (is_paused or lease.asking or lease.holds() or lease.is_refused())

    def _ask(self, lease: Lease, priority: Priority) -> None:
        """Fetches the next batch, without keeping others from what they do meanwhile."""
        waiting = sum(self._waiting[service, asked] for service, asked in self._waiting if asked is priority)
        most = max(1, int(self._limits.per_second * LEASE_SECONDS / 2))
        wanted = min(max(waiting, lease.wanted()), most)
        lease.asking = True
        self._changed.release()
        grant = Grant(0, LEASE_SECONDS)
        try:
            grant = self._accounts.take(self._cloud, self._limits, priority, wanted)
        finally:
            self._changed.acquire()
            lease.asking = False
            lease.renew(grant)
            if grant.paused:
                self._paused_until = max(self._paused_until, monotonic() + grant.wait)
            self._changed.notify_all()

    def _nap(self, lease: Lease) -> float:
        """Seconds until something may be otherwise though nobody says so."""
        now = monotonic()
        if now < self._paused_until:
            return self._paused_until - now
        return LEASE_SECONDS if lease.holds() or lease.asking else max(lease.ask_at - now, 0.001)
