"""Processes share the account of a cloud in the database: what one spends, another lacks; a dead one holds nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import InternalError

from controller.providers.openstack.accounts import SharedAccounts, _held
from controller.providers.openstack.budget import LONGEST_PAUSE, CloudLimits, Priority
from controller.store.budget import ApiBudgetRow
from controller.store.database import Sessions, connect

SCARCE = CloudLimits(per_second=0.01, burst=100)


def rewrite(sessions: Sessions, **values: Any) -> None:
    """Writes into the accounts by hand."""
    with sessions.begin() as session:
        session.execute(update(ApiBudgetRow).values(**values))


def test_what_one_process_spends_another_lacks(sessions: Sessions) -> None:
    first, second = SharedAccounts(sessions), SharedAccounts(sessions)
    assert first.take("guiyang", SCARCE, Priority.APPLY, 60).tokens == 60
    assert second.take("guiyang", SCARCE, Priority.APPLY, 60).tokens == 10
    refused = first.take("guiyang", SCARCE, Priority.APPLY, 1)
    assert (refused.tokens, refused.paused) == (0, False)
    assert refused.wait > 1
    assert second.take("liuzhou", SCARCE, Priority.APPLY, 60).tokens == 60


def test_what_is_kept_for_scans_is_theirs_alone(sessions: Sessions) -> None:
    accounts = SharedAccounts(sessions)
    accounts.take("guiyang", SCARCE, Priority.APPLY, 1000)
    assert accounts.take("guiyang", SCARCE, Priority.DRIFT, 1000).tokens == 10
    assert accounts.take("guiyang", SCARCE, Priority.CONFIRM, 1000).tokens == 20


def test_many_at_once_get_no_more_than_there_is(sessions: Sessions) -> None:
    tellers = [SharedAccounts(sessions) for _ in range(8)]

    def spend(number: int) -> int:
        return tellers[number % 8].take("guiyang", SCARCE, Priority.APPLY, 7).tokens

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(64))) == 70


def test_a_pause_that_one_process_was_asked_for_holds_for_all(sessions: Sessions) -> None:
    first, second = SharedAccounts(sessions), SharedAccounts(sessions)
    first.pause("guiyang", SCARCE, 60)
    second.pause("guiyang", SCARCE, 1)
    for priority in Priority:
        refused = second.take("guiyang", SCARCE, priority, 1)
        assert (refused.tokens, refused.paused) == (0, True)
        assert 50 < refused.wait <= 60


def test_while_the_database_cannot_be_reached_nothing_is_granted() -> None:
    engine, sessions = connect("postgresql+psycopg://nobody@127.0.0.1:1/nowhere?connect_timeout=1")
    accounts = SharedAccounts(sessions)
    grant = accounts.take("guiyang", SCARCE, Priority.APPLY, 1)
    accounts.pause("guiyang", SCARCE, 1)
    engine.dispose()
    assert (grant.tokens, grant.wait) == (0, 1.0)


@pytest.mark.parametrize("tokens", ["NaN", "Infinity", "-Infinity", "-1e300", "1e300"])
def test_tokens_that_nobody_can_have_are_none_or_all(sessions: Sessions, tokens: str) -> None:
    accounts = SharedAccounts(sessions)
    accounts.take("guiyang", SCARCE, Priority.APPLY, 1)
    rewrite(sessions, apply=float(tokens), confirm=float(tokens), drift=float(tokens))
    most = {Priority.APPLY: 70, Priority.CONFIRM: 20, Priority.DRIFT: 10}
    for priority, full in most.items():
        grant = accounts.take("guiyang", SCARCE, priority, 1000)
        assert (grant.tokens, grant.wait < 1000) == (full if float(tokens) > 0 else 0, True)


@pytest.mark.parametrize("moment", ["2999-01-01", "infinity", "-infinity", "20000-01-01", "4000-01-01 BC"])
def test_a_pause_that_no_cloud_may_ask_for_is_no_longer_than_one_may(sessions: Sessions, moment: str) -> None:
    accounts = SharedAccounts(sessions)
    accounts.take("guiyang", SCARCE, Priority.APPLY, 1)
    rewrite(sessions, paused_until=text(f"'{moment}'::timestamptz"))
    first, then = (accounts.take("guiyang", SCARCE, Priority.APPLY, 1) for _ in range(2))
    if "-" in moment[:1] or "BC" in moment:
        assert first.tokens == then.tokens == 1
    else:
        assert first.paused
        assert LONGEST_PAUSE >= first.wait > then.wait > LONGEST_PAUSE - 60, "the row is mended, and the pause ends"


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "20000-01-01"])
def test_a_count_of_no_time_is_counted_anew(sessions: Sessions, moment: str) -> None:
    accounts = SharedAccounts(sessions)
    accounts.take("guiyang", SCARCE, Priority.APPLY, 1)
    rewrite(sessions, counted_at=text(f"'{moment}'::timestamptz"))
    assert accounts.take("guiyang", SCARCE, Priority.APPLY, 1).tokens == 1
    with sessions() as session:
        age = session.scalars(select(func.clock_timestamp() - ApiBudgetRow.counted_at)).one()
    assert timedelta() <= age < timedelta(minutes=1)


def test_a_process_that_stops_with_the_account_in_its_hands_is_not_waited_for(sessions: Sessions) -> None:
    accounts = SharedAccounts(sessions)
    accounts.take("guiyang", SCARCE, Priority.APPLY, 1)
    stopped = sessions()
    _held(stopped, "guiyang", SCARCE)
    assert accounts.take("guiyang", SCARCE, Priority.APPLY, 1).tokens == 1
    with pytest.raises(InternalError, match="idle-in-transaction"):
        stopped.scalar(select(ApiBudgetRow.apply))
    with sessions() as session:
        assert session.scalars(select(ApiBudgetRow.cloud)).all() == ["guiyang"]
