"""Deals the seeds of the search to shards, which may run side by side.

pytest tests/faults/search --fault-cases=20000      more of them
pytest tests/faults/search --fault-seed=123         this one alone
pytest tests/faults/search --fault-case='{…}'       a case as a failure printed it
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.orm import sessionmaker

from controller.store.database import Sessions
from tests.faults.search.case import Case
from tests.faults.search.generate import case_of

SHARDS = 8


@pytest.fixture
def core(worker_id: str) -> Iterator[int]:
    """The one core that the threads of a case keep to while the test runs.

    They and their server take turns, so that a second core gives them nothing; moved from one to the other they took
    half as long again. Each of pytest's workers has another one.
    """
    allowed = os.sched_getaffinity(0)
    core = sorted(allowed)[int(worker_id.removeprefix("gw").replace("master", "0")) % len(allowed)]
    os.sched_setaffinity(0, {core})
    yield core
    os.sched_setaffinity(0, allowed)


@pytest.fixture
def sessions(database_url: str, core: int) -> Iterator[Sessions]:
    """Sessions on this test's database, which is there all the time: nobody asks before each use whether it is."""
    engine = create_engine(database_url)

    @event.listens_for(engine, "connect")
    def keep_to_the_core(connection: Any, _: Any) -> None:
        with suppress(OSError):  # a server of another user's
            os.sched_setaffinity(connection.info.backend_pid, {core})

    yield sessionmaker(engine, expire_on_commit=False)
    engine.dispose()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrizes `cases`, each an iterable function of cases."""
    if "cases" not in metafunc.fixturenames:
        return
    line, seed = metafunc.config.getoption("--fault-case"), metafunc.config.getoption("--fault-seed")
    count = int(metafunc.config.getoption("--fault-cases"))
    if line:
        dealt = {"given": [Case.from_line(line)]}
    elif seed:
        dealt = {f"seed {seed}": [case_of(int(seed))]}
    else:
        dealt = {f"shard {shard}": map(case_of, range(shard, count, SHARDS)) for shard in range(SHARDS)}
    metafunc.parametrize("cases", list(dealt.values()), ids=list(dealt))
