"""A certificate is issued when all is over, says what was looked at, and shows any change to it (LZ-21-7, LZ-26b)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from controller import audit
from controller.casework.certificate.facts import collect_facts
from controller.casework.certificate.issue import certificate_of, fingerprint, read, signed, verify
from controller.casework.completion import complete
from controller.domain.errors import Refused, Unknown, WrongUse
from controller.engine.applying.journal import Ending
from controller.engine.provider import Incomplete, Page
from controller.store.casework import CaseRow
from controller.store.certificate import CertificateRow, ReclaimSearchRow
from controller.store.engine import JournalRow
from controller.store.metering import LedgerEventRow
from controller.store.reconcile import WorkRow
from controller.store.signer import Signer, from_pem, public_key_of, to_pem
from controller.store.vault import Vault
from tests.casework.conftest import Office
from tests.casework.reclaims import Reclaim
from tests.engine.double import DISK, KINDS, NET, DoubleKind, DoubleProvider

Place = tuple[str | int, ...]


@pytest.fixture
def reclaim(office: Office, vault: Vault) -> Reclaim:
    return Reclaim(office, vault, DoubleProvider())


def trusted(reclaim: Reclaim) -> bytes:
    return reclaim.office.ports.signer.public_key


@pytest.mark.rule("LZ-21-7", "LZ-26b")
def test_it_tells_all_that_was_and_that_nothing_is_left(reclaim: Reclaim) -> None:
    row = reclaim.certified()
    certificate = read(row.document)
    told = certificate.facts
    assert (told.city.name, told.unit.name, told.system.name) == ("柳州市", "柳州市财政局", "财务管理系统")
    assert told.case == "LZ-2026-00002"
    assert certificate.number == row.number == "LZ-2026-00002-R"
    assert [stack.zone.name for stack in told.stacks] == ["公共网络区", "互联网区"]
    for stack in told.stacks:
        assert [(one.name, one.type) for one in stack.resources] == [("net", NET), ("app-1", NET), ("app-1-data", DISK)]
        for one in stack.resources:
            assert one.created_at is not None
            assert one.deleted_at is not None
            assert one.created_at <= one.deleted_at
            assert bool(one.given_up_by) == (one.type == DISK), "a person gave up the data, by name of account"
        assert [one.approved_by for one in stack.destructions] == ["wang"]
    assert [(one.type, one.objects) for one in told.searches] == [(token, 0) for token in KINDS]
    assert {one.document for one in told.documents if one.proves_hand_over} == {"handover_record"}
    assert [one.account for one in told.decisions] == [
        "unit", "centre", "authority", "centre", "controller", "unit", "centre",
    ]  # fmt: skip
    assert {"LZ-21-7", "LZ-26b"} <= set(told.rules)
    assert {one.ended_on for one in told.ledger} == {date(2026, 9, 28)}
    assert {resource.rpartition("/")[2] for one in told.ledger for resource in [one.resource]} >= {"app-1", "web-1"}
    verdict = verify(row.document.encode(), trusted(reclaim))
    assert (verdict.intact, verdict.trusted, verdict.reason) == (True, True, "")
    assert verdict.certificate == certificate


def test_it_says_how_many_objects_were_looked_at_among_those_of_others(reclaim: Reclaim) -> None:
    for _ in range(7):
        reclaim.cloud.make(NET, {"name": "another's"}, "yg-another")
    told = read(reclaim.certified().document).facts
    assert (told.searches[0].type, told.searches[0].objects) == (NET, 7)


def test_no_personal_data_stands_in_it(reclaim: Reclaim) -> None:
    document = reclaim.certified().document
    assert not [word for word in ("张三", "李四", "13800000000", "13988888888", "@example.com") if word in document]


@pytest.mark.rule("LZ-21-7", "LZ-26b")
@pytest.mark.breaks
def test_before_both_have_confirmed_there_is_none(reclaim: Reclaim) -> None:
    stack = reclaim.in_service()
    number = reclaim.handed_over(stack)
    reclaim.destroy(*reclaim.stacks(stack))
    reclaim.complete()
    assert reclaim.office.case(number).stage == "confirming_end"
    with pytest.raises(Refused, match="还没有回收证明"):
        reclaim.certificate(stack)
    with reclaim.office.sessions() as session, pytest.raises(Refused, match="尚未办结"):
        collect_facts(session, number)


@pytest.mark.rule("LZ-21-7", "LZ-26b")
@pytest.mark.breaks
def test_a_list_that_is_not_whole_gives_none(reclaim: Reclaim, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = reclaim.in_service()
    number = reclaim.handed_over(stack)
    reclaim.destroy(*reclaim.stacks(stack))

    def broken(*_: Any) -> Iterator[Page]:
        yield Page([], last=False)
        raise Incomplete("the chain of pages broke")

    monkeypatch.setattr(DoubleKind, "list", broken)
    means = reclaim.standing(stack).means()
    with pytest.raises(Unknown) as unknown:
        complete(
            reclaim.office.sessions,
            reclaim.office.ports,
            means,
            number=number,
            action="complete",
            stacks=reclaim.stacks(stack),
        )
    assert unknown.value.exit_code == 3
    reclaim.complete()
    assert_nothing_was_concluded(reclaim, number)
    monkeypatch.undo()
    with reclaim.office.sessions.begin() as session:
        session.execute(text("DELETE FROM work"))  # the pause before the next try is over
    reclaim.complete()
    reclaim.confirm_end(number)
    assert reclaim.certificate(stack).number == f"{number}-R"


def test_of_several_workers_one_lists_the_clouds_and_what_is_completed_waits_no_more(
    reclaim: Reclaim, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = reclaim.in_service()
    number = reclaim.handed_over(stack)
    reclaim.destroy(*reclaim.stacks(stack))
    listed, pages = [], DoubleKind.list

    def watched(kind: DoubleKind, *where: Any) -> Iterator[Page]:
        listed.append(kind.token)
        reclaim.complete()  # another worker's sweep, in the midst of this one's lists
        return pages(kind, *where)

    monkeypatch.setattr(DoubleKind, "list", watched)
    reclaim.complete()
    assert sorted(listed) == sorted(KINDS)
    assert reclaim.office.case(number).stage == "confirming_end"
    with reclaim.office.sessions() as session:
        assert session.scalars(select(WorkRow.subject).where(WorkRow.subject.startswith("reclaim"))).all() == []


@pytest.mark.rule("LZ-21-7")
@pytest.mark.breaks
def test_what_is_left_is_named_and_there_is_none(reclaim: Reclaim) -> None:
    stack = reclaim.in_service()
    number = reclaim.handed_over(stack)
    reclaim.destroy(*reclaim.stacks(stack))
    with reclaim.office.sessions() as session:
        made = session.scalars(select(JournalRow).where(JournalRow.op == "create", JournalRow.type == NET)).first()
    assert made is not None
    left = reclaim.cloud.make(NET, {"name": "again"}, made.identity)
    with pytest.raises(Refused, match=left) as refused:
        complete(
            reclaim.office.sessions,
            reclaim.office.ports,
            reclaim.standing(stack).means(),
            number=number,
            action="complete",
            stacks=reclaim.stacks(stack),
        )
    assert refused.value.rule == "LZ-21-7"
    assert_nothing_was_concluded(reclaim, number)


def assert_nothing_was_concluded(reclaim: Reclaim, number: str) -> None:
    assert reclaim.office.case(number).stage == "reclaiming"
    with reclaim.office.sessions() as session:
        assert session.scalars(select(ReclaimSearchRow)).all() == []
        assert session.scalars(select(CertificateRow)).all() == []


def test_a_ledger_that_is_still_open_gives_none(reclaim: Reclaim) -> None:
    """The confirmation of the end closes it in the same transaction; were it not so, nothing may be certified."""
    stack = reclaim.in_service()
    number = reclaim.handed_over(stack)
    reclaim.destroy(*reclaim.stacks(stack))
    reclaim.complete()
    with reclaim.office.sessions.begin() as session:
        assert session.scalars(select(LedgerEventRow.kind)).all() == ["opened"] * 9
        session.execute(update(CaseRow).where(CaseRow.number == number).values(closed_at=CaseRow.opened_at))
        with pytest.raises(Refused, match="计量台账尚未结束"):
            collect_facts(session, number)


def test_a_trial_that_was_reclaimed_is_certified_without_a_ledger(reclaim: Reclaim) -> None:
    office = reclaim.office
    number = office.in_trial()
    office.act(number, "give_up", "unit")
    office.act(number, "reclaim", "authority", reason="放弃")
    (name,) = reclaim.stacks("liuzhou")
    reclaim.destroy(name)
    reclaim.complete()
    told = read(reclaim.certificate(name).document).facts
    assert told.ledger == ()
    assert [one.action.code for one in told.decisions][-2:] == ["reclaim", "complete"]


def test_what_was_adopted_is_told_and_what_never_was_is_not(reclaim: Reclaim) -> None:
    stack = reclaim.in_service()
    with reclaim.office.sessions.begin() as session:
        rows = session.scalars(select(JournalRow).where(JournalRow.op == "create").order_by(JournalRow.id)).all()
        rows[0].outcome, rows[1].outcome = Ending.ADOPTED, Ending.REJECTED
        rejected = rows[1].physical_id
    number = reclaim.handed_over(stack)
    reclaim.destroy(*reclaim.stacks(stack))
    reclaim.complete()
    reclaim.confirm_end(number)
    told = {one.id: one for stack in read(reclaim.certificate(stack).document).facts.stacks for one in stack.resources}
    assert len(told) == 6
    assert told[rejected].created_at is None, "its making is not proven, its removal is"
    assert told[rejected].deleted_at is not None


def test_it_is_kept_as_it_was_and_can_be_shown_again(reclaim: Reclaim) -> None:
    row = reclaim.certified()
    assert reclaim.certificate("liuzhou/liuzhoushicaizhengju/caiwuguanlixitong").document == row.document
    for statement in ("UPDATE certificate SET document = ''", "DELETE FROM certificate", "DELETE FROM reclaim_search"):
        with reclaim.office.sessions() as session, pytest.raises(DBAPIError, match="only grows"):
            session.execute(text(statement))
    with reclaim.office.sessions() as session:
        assert audit.verify(session).broken_at is None
        with pytest.raises(WrongUse):
            certificate_of(session, "liuzhou/no/such.gov")


def test_every_word_of_it_is_under_the_signature(reclaim: Reclaim) -> None:
    document = reclaim.certified().document
    content = json.loads(document)
    places = list(leaves(content))
    assert len(places) > 200
    for place in places:
        for changed in alterations(content, place):
            assert not verify(json.dumps(changed, ensure_ascii=False).encode(), trusted(reclaim)).trusted, place


def leaves(value: Any, place: Place = ()) -> Iterator[Place]:
    """The place of every value that holds no other, and of every list and mapping too."""
    if isinstance(value, dict | list):
        if place:
            yield place
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*place, key))
    else:
        yield place


def alterations(document: Any, place: Place) -> Iterator[Any]:
    """The document with the value at `place` replaced by another, and without it."""
    for value in ("x", 7, None, [], "delete"):
        copy = json.loads(json.dumps(document))
        target = copy
        for key in place[:-1]:
            target = target[key]
        if target[place[-1]] == value:
            continue
        if value == "delete":
            del target[place[-1]]
        else:
            target[place[-1]] = value
        yield copy


def test_what_is_added_or_stands_twice_is_found(reclaim: Reclaim) -> None:
    document = reclaim.certified().document
    added = json.loads(document)
    added["certificate"]["note"] = "x"
    beside = json.loads(document) | {"note": "x"}
    twice = document.replace('"number":', '"number": "LZ-2026-99999-R",\n    "number":', 1)
    for forged in (json.dumps(added), json.dumps(beside), twice):
        assert not verify(forged.encode(), trusted(reclaim)).intact


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_a_file_holds_gets_a_verdict(content: bytes) -> None:
    assert not verify(content, None).intact


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"certificate": {}, "signature": {}}', b"1" * 5000],
)
def test_what_is_no_certificate_is_told_so(content: bytes) -> None:
    verdict = verify(content, None)
    assert not verdict.intact
    assert verdict.reason


def test_another_homes_signature_is_whole_but_not_trusted(reclaim: Reclaim, tmp_path: Path) -> None:
    document = reclaim.certified().document.encode()
    other = Signer.at(tmp_path / "other")
    verdict = verify(document, other.public_key)
    assert (verdict.intact, verdict.trusted) == (True, False)
    assert "不是由该签发方" in verdict.reason
    assert verdict.fingerprint == fingerprint(trusted(reclaim))
    assert "没有可供比对" in verify(document, None).reason


def test_a_forger_who_signs_with_a_key_of_his_own_is_not_trusted(reclaim: Reclaim, tmp_path: Path) -> None:
    genuine = read(reclaim.certified().document)
    forged = genuine.model_copy(update={"number": "LZ-2026-99999-R"})
    verdict = verify(signed(forged, Signer.at(tmp_path / "forger")).encode(), trusted(reclaim))
    assert (verdict.intact, verdict.trusted) == (True, False)
    assert verify(signed(genuine, reclaim.office.ports.signer).encode(), trusted(reclaim)).trusted


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert public_key_of(home) is None
    signer = Signer.at(home)
    assert (home / "certificate.key").stat().st_mode & 0o777 == 0o600
    assert Signer.at(home).public_key == signer.public_key == public_key_of(home)
    pem = tmp_path / "key.pem"
    pem.write_text(to_pem(signer.public_key))
    assert from_pem(pem) == signer.public_key


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse):
        from_pem(tmp_path / "nothing")
    (tmp_path / "junk").write_text("junk")
    with pytest.raises(WrongUse):
        from_pem(tmp_path / "junk")
