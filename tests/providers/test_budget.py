"""The budget of a cloud never grants more than it bears, lets the urgent go first, and starves nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.providers.openstack.budget import SHARES, Account, CloudLimits, Grant, Priority, paused, take

START = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = st.builds(CloudLimits, per_second=st.floats(0.5, 500), burst=st.floats(10, 1000))
ASKS = st.lists(st.tuples(st.floats(0, 20), st.sampled_from(Priority), st.integers(1, 200)), max_size=60)


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Teller:
    """An account with a clock of its own."""

    def __init__(self, limits: CloudLimits) -> None:
        self.limits, self.seconds = limits, 0.0
        self.account = Account.full(limits, START)
        self.granted = dict.fromkeys(Priority, 0)

    def ask(self, priority: Priority, wanted: int, *, after: float = 0.0) -> Grant:
        self.seconds += after
        now = later(self.seconds)
        self.account, grant = take(self.account, self.limits, now, priority=priority, wanted=wanted)
        self.granted[priority] += grant.tokens
        return grant


@given(LIMITS, ASKS)
def test_no_more_is_granted_than_the_burst_and_the_income(
    limits: CloudLimits, asks: list[tuple[float, Priority, int]]
) -> None:
    teller = Teller(limits)
    for after, priority, wanted in asks:
        grant = teller.ask(priority, wanted, after=after)
        assert 0 <= grant.tokens <= wanted
        assert sum(teller.granted.values()) <= limits.burst + limits.per_second * teller.seconds + 1e-6
        assert all(tokens >= -1e-9 for tokens in teller.account.purses.values())


@given(LIMITS, st.sampled_from(Priority))
def test_whoever_calls_alone_gets_all_the_income(limits: CloudLimits, priority: Priority) -> None:
    teller = Teller(limits)
    step = 2.0 / limits.per_second
    for _ in range(400):
        teller.ask(priority, 10_000, after=step)
    assert teller.granted[priority] >= limits.per_second * teller.seconds * (
        1 - sum(SHARES.values()) + SHARES[priority]
    )
    assert teller.granted[priority] >= 0.99 * limits.per_second * teller.seconds - limits.burst


@given(LIMITS, st.sampled_from([Priority.CONFIRM, Priority.DRIFT]))
def test_who_is_less_urgent_gets_his_share_however_much_others_ask_for(limits: CloudLimits, patient: Priority) -> None:
    teller = Teller(limits)
    step = 1.0 / limits.per_second
    for _ in range(400):
        for priority in Priority:
            if priority is not patient:
                teller.ask(priority, 10_000)
        teller.ask(patient, 1, after=step)
    assert teller.granted[patient] >= 0.9 * SHARES[patient] * 400 - 1


@given(LIMITS)
def test_drift_leaves_the_burst_to_what_is_approved(limits: CloudLimits) -> None:
    teller = Teller(limits)
    teller.ask(Priority.DRIFT, 10_000)
    teller.ask(Priority.CONFIRM, 10_000)
    left = teller.ask(Priority.APPLY, 10_000).tokens
    assert left >= int(0.25 * SHARES[Priority.APPLY] * limits.burst)
    assert teller.granted[Priority.DRIFT] >= int(0.4 * limits.burst)


@given(LIMITS, st.sampled_from(Priority), st.floats(0.1, 300), st.floats(0, 300))
def test_a_pause_is_kept_to_its_end_and_a_shorter_one_does_not_shorten_it(
    limits: CloudLimits, priority: Priority, long: float, short: float
) -> None:
    teller = Teller(limits)
    teller.account = paused(paused(teller.account, START, long), START, min(short, long))
    refused = teller.ask(priority, 1)
    assert (refused.tokens, refused.paused) == (0, True)
    assert abs(refused.wait - long) < 0.001
    assert teller.ask(priority, 1, after=long + 0.001).tokens == 1


@given(LIMITS, st.sampled_from(Priority))
def test_the_wait_that_is_told_ends_with_a_token(limits: CloudLimits, priority: Priority) -> None:
    teller = Teller(limits)
    while not (refused := teller.ask(priority, 10_000)).wait:
        pass
    assert teller.ask(priority, 1, after=refused.wait + 0.001).tokens == 1


def test_a_clock_that_was_set_back_neither_pays_twice_nor_stands_still() -> None:
    teller = Teller(CloudLimits(per_second=10, burst=10))
    teller.ask(Priority.APPLY, 100, after=3600)
    assert teller.ask(Priority.APPLY, 100, after=-1).tokens == 0
    assert teller.ask(Priority.APPLY, 100, after=1).tokens == 0
    assert teller.ask(Priority.APPLY, 100, after=-3000).tokens == 0
    assert teller.ask(Priority.APPLY, 100, after=1).tokens > 0
