"""Processes share the account of a cloud in the database: what one spends, another lacks; a dead one holds nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.exc import InternalError

from controller.providers.openstack.accounts import SharedAccounts, _held
from controller.providers.openstack.budget import CloudLimits, Priority
from controller.store.budget import ApiBudgetRow
from controller.store.database import Sessions, connect

SCARCE = CloudLimits(per_second=0.01, burst=100)


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
