"""The estate's main branch follows the database: never before an approval's commit, after it even through a crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pygit2
import pytest
from sqlalchemy import select

from controller.casework.casefile.steps import Act
from controller.casework.conduct import perform
from controller.casework.consequences import follow
from controller.casework.specifying import publishing
from controller.domain.spec import Phase
from controller.estate.repository import MAIN, Estate
from controller.store.casework import PublicationRow
from tests.casework.conftest import Office, system

STACK = "liuzhou/liuzhoushicaizhengju/caiwuguanlixitong.gov"


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def approving(office: Office) -> str:
    """The number of a case that waits for its approval."""
    (number,) = office.apply()
    office.act(number, "accept", "authority")
    office.act(number, "assess", "centre", "approved_plan")
    return number


@contextmanager
def unpublished(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every process dies between its commit and the publication."""
    with monkeypatch.context() as patched:
        patched.setattr("tests.casework.conftest.publish_due", lambda sessions, forge: None)
        yield


def by_hand(estate: Estate, text: bytes) -> None:
    """Somebody writes the stack's file on main, past the controller."""
    repository: pygit2.Repository = estate._repository
    tip = repository.references[MAIN].peel(pygit2.Commit)
    index = pygit2.Index()
    index.read_tree(tip.tree)
    path = f"stacks/{STACK}.yaml"
    index.add(pygit2.IndexEntry(path, repository.create_blob(text), pygit2.enums.FileMode.BLOB))
    someone = pygit2.Signature("someone", "someone@yunguan.invalid", 0, 0)
    repository.create_commit(MAIN, someone, someone, "by hand", index.write_tree(repository), [tip.id])


def test_an_approval_that_is_not_committed_is_not_on_main(office: Office, approving: str) -> None:
    with pytest.raises(Crash):
        _die_before_the_commit(office, Act(approving, "approve", "authority"))
    publishing.publish_due(office.sessions, office.ports.forge)
    assert office.ports.estate.stacks() == []
    assert office.case(approving).stage == "approving"
    office.act(approving, "approve", "authority")
    assert office.ports.estate.stacks() == [STACK], "and it can be approved again"


def test_what_a_crash_kept_off_main_comes_later_in_its_order(
    office: Office, approving: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unpublished(monkeypatch):
        office.ready(office.act(approving, "approve", "authority"))
        office.act(approving, "provide", "centre", "use_agreement")
        office.act(approving, "open", "centre", "confidentiality_agreement")
    assert office.ports.estate.stacks() == [], "main lags behind"
    assert office.stack(STACK).spec["phase"] == Phase.SERVICE, "the database decided, without asking main"
    publishing.publish_due(office.sessions, office.ports.forge)
    assert office.ports.estate.read(STACK).phase is Phase.SERVICE
    assert [one.trailers["Rule"] for one in office.ports.estate.history(STACK)] == ["LZ-21-4", "LZ-21-3"]


def test_a_stack_taken_out_before_it_came_to_main_does_not_stay_there(
    office: Office, approving: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unpublished(monkeypatch):
        office.ready(office.act(approving, "approve", "authority"))
        office.act(approving, "provide", "centre", "use_agreement")
        office.act(approving, "give_up", "unit")
        office.act(approving, "reclaim", "authority", reason="放弃")
    publishing.publish_due(office.sessions, office.ports.forge)
    assert office.ports.estate.stacks() == []
    assert len(list(office.ports.estate.history(STACK))) == 2


def test_published_twice_it_is_merged_once(office: Office, approving: str) -> None:
    office.act(approving, "approve", "authority")
    with office.sessions.begin() as session:
        row = session.scalars(select(PublicationRow)).one()
        merged, row.published = row.published, ""  # the process died after the merge, before it could note it
    publishing.publish_due(office.sessions, office.ports.forge)
    with office.sessions() as session:
        assert session.scalars(select(PublicationRow)).one().published == merged
    assert len(list(office.ports.estate.history(STACK))) == 1


def test_what_somebody_wrote_on_main_gives_way_to_what_is_approved(
    office: Office, approving: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unpublished(monkeypatch):
        office.act(approving, "approve", "authority")
    by_hand(office.ports.estate, b"power: stopped\n")
    publishing.publish_due(office.sessions, office.ports.forge)
    assert office.ports.estate.read(STACK).metadata.request == approving


def test_an_estate_that_cannot_be_written_is_tried_again(
    office: Office, approving: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with unpublished(monkeypatch):
        office.act(approving, "approve", "authority")
    with monkeypatch.context() as patched:
        patched.setattr(Estate, "_write", _full)
        by_hand(office.ports.estate, b"a new proposal is needed\n")
        publishing.publish_due(office.sessions, office.ports.forge)
    assert "the disk is full" in caplog.text
    publishing.publish_due(office.sessions, office.ports.forge)
    assert office.ports.estate.read(STACK).metadata.request == approving


@pytest.mark.parametrize("broken", [{"put": "?"}, {"request": "?"}], ids=["a defect", "refused"])
def test_what_cannot_be_published_holds_up_its_own_system_and_no_other(
    office: Office,
    approving: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: dict[str, Any],
) -> None:
    with unpublished(monkeypatch):
        office.ready(office.act(approving, "approve", "authority"))
        office.act(approving, "provide", "centre", "use_agreement")
        office.act(approving, "open", "centre", "confidentiality_agreement")
        office.approved(system("人事管理系统"))
    with office.sessions.begin() as session:
        first = session.scalars(select(PublicationRow).order_by(PublicationRow.id).limit(1)).one()
        kept, first.proposal = first.proposal, first.proposal | broken
    publishing.publish_due(office.sessions, office.ports.forge)
    (others,) = office.ports.estate.stacks()
    assert others != STACK
    assert approving in caplog.text
    with office.sessions.begin() as session:
        session.get_one(PublicationRow, first.id).proposal = kept
    publishing.publish_due(office.sessions, office.ports.forge)
    assert office.ports.estate.stacks() == sorted([others, STACK])
    assert [one.trailers["Rule"] for one in office.ports.estate.history(STACK)] == ["LZ-21-4", "LZ-21-3"]


def _die_before_the_commit(office: Office, act: Act) -> None:
    with office.sessions.begin() as session:
        follow(session, perform(session, act, office.ports), office.ports)
        raise Crash


def _full(*_: object) -> str:
    raise pygit2.GitError("the disk is full")
