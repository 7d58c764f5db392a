"""Whatever program, faults and stops the search draws: invariants 1 to 4 and 7 hold, and all comes right in the end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.store.database import Sessions
from controller.store.vault import Vault
from tests.faults.search.case import Case
from tests.faults.search.generate import case_of
from tests.faults.search.run import broken_by, run_case
from tests.faults.search.shrink import shrink

KEPT = Path(__file__).with_name("kept.yaml")


def _kept() -> list[Any]:
    return [pytest.param(one["case"], id=one["found"]) for one in yaml.safe_load(KEPT.read_text("utf-8"))]


@pytest.mark.parametrize("line", _kept())
def test_what_was_found_once_stays_mended(line: str, sessions: Sessions, vault: Vault) -> None:
    run_case(Case.from_line(line), sessions, vault)


@pytest.mark.parametrize("seed", [5, 17, 33])
def test_a_case_goes_the_same_way_each_time(seed: int, sessions: Sessions, vault: Vault) -> None:
    """What differs are the names of stack and cloud, and what is derived from them."""

    def history() -> list[str]:
        return [re.sub(r"(cloud|yg-|_id=|/)\w+", "", line) for line in run_case(case_of(seed), sessions, vault)]

    first = history()
    assert len(first) > 10
    assert history() == first


@pytest.mark.timeout(3600)
def test_the_invariants_hold_in_every_case(cases: Iterable[Case], sessions: Sessions, vault: Vault) -> None:
    for case in cases:
        error = broken_by(case, sessions, vault)
        if error is not None:
            pytest.fail(_report(case, error, sessions, vault), pytrace=False)


def _report(case: Case, error: AssertionError, sessions: Sessions, vault: Vault) -> str:
    """The seed, and the smallest case that breaks in the same way, with what happened in it."""
    rule = str(error).partition(":")[0]

    def fails(candidate: Case) -> bool:
        found = broken_by(candidate, sessions, vault)
        return found is not None and str(found).partition(":")[0] == rule

    smallest = shrink(case, fails)
    last = broken_by(smallest, sessions, vault) or error
    return "\n".join(
        [
            str(error),
            f"again:   pytest tests/faults/search --fault-seed={case.schedule}",
            f"smaller: pytest tests/faults/search --fault-case='{smallest.to_line()}'",
            *getattr(last, "__notes__", []),
            str(last),
        ]
    )
