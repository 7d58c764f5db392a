"""Proposals, approvals and history on a real repository: nothing reaches main that was not approved as it stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.domain.errors import Refused, WrongUse
from controller.domain.spec import Phase
from controller.estate.forge import Proposal, Proposed
from controller.estate.forge.local import LocalForge
from controller.estate.repository import Estate
from tests.estate.specs import NOON, approval, change, spec

STACK = "liuzhou/caizhengju/caiwu.gov"
BY_HAND = ("-c", "user.name=u-7", "-c", "user.email=u-7@yunguan.invalid")
Git = Callable[..., str]


def test_a_proposal_is_not_yet_on_main_and_an_approval_brings_it_there(forge: LocalForge, estate: Estate) -> None:
    proposal = forge.propose(change(spec()))
    assert estate.stacks() == []
    commit = forge.merge(proposal, approval())
    assert estate.stacks() == [STACK]
    assert estate.read(STACK) == estate.read(STACK, at=commit) == spec()


def test_every_commit_says_who_for_which_request_and_under_which_rule(forge: LocalForge, git: Git) -> None:
    forge.merge(forge.propose(change(spec())), approval())
    proposed = git("log", "-1", "--format=%an <%ae>%n%B", "main^2")
    assert proposed.splitlines()[0] == "u-1 <u-1@yunguan.invalid>"
    assert {"Request: R-1", "Rule: LZ-21-3", f"Stacks: {STACK}"} <= set(proposed.splitlines())
    merged = git("log", "-1", "--first-parent", "--format=%an <%ae>%n%B", "main")
    assert merged.splitlines()[0] == "u-2 <u-2@yunguan.invalid>"
    assert {"Approved-by: u-2", "Approval-rule: LZ-21-3"} <= set(merged.splitlines())


def test_the_repository_is_sound_and_holds_no_personal_data(forge: LocalForge, git: Git) -> None:
    forge.merge(forge.propose(change(spec())), approval())
    git("fsck", "--strict")
    everything = git("log", "--all", "--patch", "--format=%an %ae %B")
    assert not re.findall(r"[\w.+-]+@(?!yunguan\.invalid)[\w-]+\.\w+|(?<!\d)1[3-9]\d{9}(?!\d)", everything)


@pytest.mark.parametrize("message", ["请联系 zhang@example.cn", "电话 13912345678"])
def test_a_message_with_personal_data_is_refused(forge: LocalForge, git: Git, message: str) -> None:
    with pytest.raises(Refused):
        forge.propose(change(spec(), message=message))
    assert "proposal" not in git("branch", "--list", "--all")


@pytest.mark.parametrize("account", ["张三", "zhang@example.cn", "", "a b", "x\nRule: none"])
def test_authors_and_approvers_are_account_ids(forge: LocalForge, opening: Proposal, account: str) -> None:
    proposal = forge.propose(opening)
    with pytest.raises(WrongUse, match="account id"):
        forge.merge(proposal, approval(account))


def test_a_message_cannot_forge_a_trailer(forge: LocalForge, estate: Estate) -> None:
    forge.merge(forge.propose(change(spec(), message="开通\n\nRule: LZ-2")), approval())
    assert next(estate.history(STACK)).trailers["Rule"] == "LZ-21-3"


def test_proposing_and_approving_again_after_a_crash_changes_nothing(forge: LocalForge, git: Git) -> None:
    first = forge.propose(change(spec()))
    assert forge.propose(change(spec())) == first
    commit = forge.merge(first, approval())
    forge.merge(forge.propose(change(spec("renshi"), request="R-2")), approval())
    assert forge.merge(forge.propose(change(spec())), approval("u-3")) == commit
    assert git("rev-list", "--count", "--first-parent", "main").strip() == "3"


def test_a_decision_that_was_overtaken_and_is_made_again_is_a_merge_of_its_own(
    forge: LocalForge, estate: Estate
) -> None:
    first = forge.merge(forge.propose(change(spec())), approval())
    forge.merge(forge.propose(change(request="R-2", remove=(STACK,))), approval())
    again = forge.merge(forge.propose(change(spec())), approval())
    assert again != first
    assert estate.read(STACK) == spec()


def test_a_proposal_on_a_state_that_has_moved_is_refused_and_main_stays(forge: LocalForge, estate: Estate) -> None:
    forge.merge(forge.propose(change(spec())), approval())
    smaller = forge.propose(change(spec(memory_gb=8), request="R-2"))
    larger = forge.propose(change(spec(memory_gb=32), request="R-3"))
    forge.merge(smaller, approval())
    with pytest.raises(Refused, match="moved on"):
        forge.merge(larger, approval())
    assert estate.read(STACK).machines[0].memory_gb == 8
    forge.merge(forge.propose(change(spec(memory_gb=32), request="R-3")), approval())
    assert estate.read(STACK).machines[0].memory_gb == 32


def test_proposals_of_different_stacks_merge_in_any_order(forge: LocalForge, estate: Estate) -> None:
    proposals = [forge.propose(change(spec(name), request=f"R-{name}")) for name in ("a", "b", "c")]
    for proposal in reversed(proposals):
        forge.merge(proposal, approval())
    assert [name.rsplit("/", 1)[1] for name in estate.stacks()] == ["a.gov", "b.gov", "c.gov"]


def test_a_removed_stack_is_gone_from_main_and_stays_in_history(forge: LocalForge, estate: Estate) -> None:
    opened = forge.merge(forge.propose(change(spec())), approval())
    removed = forge.merge(forge.propose(change(request="R-9", remove=(STACK,))), approval("u-5"))
    assert estate.stacks() == []
    with pytest.raises(WrongUse, match="no stack"):
        estate.read(STACK)
    assert estate.read(STACK, at=opened) == spec()
    assert [one.commit for one in estate.history(STACK)] == [removed, opened]


def test_the_history_of_a_stack_is_its_own_newest_first(forge: LocalForge, estate: Estate) -> None:
    forge.merge(forge.propose(change(spec(phase=Phase.TRIAL), message="试用")), approval("u-2"))
    forge.merge(forge.propose(change(spec("other"), request="R-8")), approval("u-2"))
    forge.merge(forge.propose(change(spec(), request="R-2", message="正式开通")), approval("u-3"))
    history = list(estate.history(STACK))
    assert [(one.title, one.account, one.trailers["Request"]) for one in history] == [
        ("正式开通", "u-3", "R-2"),
        ("试用", "u-2", "R-1"),
    ]
    assert history[0].at == NOON


def test_what_does_not_exist_is_named(forge: LocalForge, estate: Estate) -> None:
    with pytest.raises(WrongUse, match="no branch"):
        forge.merge(Proposed("proposal/R-1/000000000000/1", ""), approval())
    with pytest.raises(WrongUse, match="no commit"):
        estate.read(STACK, at="0" * 40)


def test_an_estate_is_opened_again_with_all_it_holds(forge: LocalForge, folder: Path) -> None:
    forge.merge(forge.propose(change(spec())), approval())
    assert Estate.open_or_create(folder).stacks() == [STACK]


def test_a_new_estate_carries_the_schema_of_its_files(estate: Estate, git: Git) -> None:
    assert json.loads(git("show", "main:spec.schema.json"))["title"] == "SystemSpec"


def test_writers_that_race_from_the_first_commit_on_lose_nothing(folder: Path, git: Git) -> None:
    command = [sys.executable, "-m", "tests.estate.writer", str(folder)]
    root = Path(__file__).parents[2]
    writers = [subprocess.Popen([*command, prefix, "6"], cwd=root) for prefix in ("a", "b", "c")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    estate = Estate.open_or_create(folder)
    assert len(estate.stacks()) == 18
    assert git("rev-list", "--count", "--first-parent", "main").strip() == "19"
    git("fsck", "--strict")


def test_a_writer_past_the_lock_is_noticed_and_the_merge_computed_again(
    forge: LocalForge, estate: Estate, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal = forge.propose(change(spec()))
    forge.propose(change(spec("renshi"), request="R-2"))
    compute = Estate._merged_tree

    def overtaken(self: Estate, *arguments: object) -> object:
        tree = compute(self, *arguments)  # type: ignore[arg-type]
        monkeypatch.undo()
        other = git(*BY_HAND, "commit-tree", "main^{tree}", "-p", "main", "-m", "by hand").strip()
        git("update-ref", "refs/heads/main", other)
        return tree

    monkeypatch.setattr(Estate, "_merged_tree", overtaken)
    forge.merge(proposal, approval())
    assert "by hand" in git("log", "--first-parent", "--format=%s", "main")
    assert estate.stacks() == [STACK]
