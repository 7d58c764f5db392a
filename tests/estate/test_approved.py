"""One call a decision: put, read and remove approved specs; repeated after a crash, nothing happens twice."""

from __future__ import annotations

import pytest

from controller.domain.errors import Refused
from controller.domain.spec import Phase
from controller.estate.approved import ApprovedSpecs
from controller.estate.forge.local import LocalForge
from controller.estate.repository import Estate
from tests.estate.specs import NOON, approval, change, spec

STACK = spec().stack_name


@pytest.fixture
def approved(estate: Estate, forge: LocalForge) -> ApprovedSpecs:
    return ApprovedSpecs(estate, forge, lambda: NOON)


def put(approved: ApprovedSpecs, phase: Phase = Phase.SERVICE, request: str = "R-1") -> str:
    return approved.merge_spec(spec(phase=phase), author="u-2", request=request, rule="LZ-21-3")


def test_a_spec_is_put_changed_and_removed(approved: ApprovedSpecs, estate: Estate) -> None:
    assert approved.read_spec(STACK) is None
    put(approved, Phase.TRIAL)
    put(approved)
    assert approved.read_spec(STACK) == spec()
    approved.remove_spec(STACK, author="u-3", request="R-2", rule="LZ-21-7")
    assert approved.read_spec(STACK) is None
    rules = [(one.account, one.trailers["Request"], one.trailers["Rule"]) for one in estate.history(STACK)]
    assert rules == [("u-3", "R-2", "LZ-21-7"), ("u-2", "R-1", "LZ-21-3"), ("u-2", "R-1", "LZ-21-3")]


def test_the_same_decision_again_returns_the_same_commit(approved: ApprovedSpecs) -> None:
    first = put(approved)
    assert put(approved) == first
    removed = approved.remove_spec(STACK, author="u-3", request="R-2", rule="LZ-21-7")
    assert approved.remove_spec(STACK, author="u-3", request="R-2", rule="LZ-21-7") == removed


def test_a_system_goes_back_to_what_it_was_before(approved: ApprovedSpecs) -> None:
    first = put(approved)
    put(approved, Phase.TRIAL, "R-2")
    assert put(approved) != first
    assert approved.read_spec(STACK) == spec()


def test_a_decision_that_was_proposed_and_not_merged_before_a_crash_is_merged_once(
    approved: ApprovedSpecs, forge: LocalForge, estate: Estate
) -> None:
    forge.propose(change(spec()))
    put(approved)
    assert len(list(estate.history(STACK))) == 1


def test_a_pending_proposal_on_an_older_state_does_not_slip_in(approved: ApprovedSpecs, forge: LocalForge) -> None:
    stale = forge.propose(change(spec(memory_gb=64), request="R-7"))
    put(approved)
    with pytest.raises(Refused, match="moved on"):
        forge.merge(stale, approval())
