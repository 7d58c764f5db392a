"""The ledger: what confirmations become, and that neither callers nor hands in the database bend it (invariant 5)."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from controller.domain.billing import Days
from controller.domain.errors import Refused
from controller.domain.spec import Phase, SystemSpec
from controller.metering.ledger import position, resume, settle, suspend
from controller.metering.usage import intervals
from controller.store.database import Sessions
from controller.store.metering import LedgerEventRow, MeterEvent
from tests.metering.specs import STACK, SYSTEM, ground, machine, system

EVER = Days(date(2020, 1, 1), date(2040, 1, 1))


def open_(session: Session, on: str = "2026-09-10", spec: SystemSpec | None = None) -> None:
    settle(session, SYSTEM, [spec or system()], ground(on))


def events(session: Session, item: str = "vcpu") -> list[tuple[str, str, int]]:
    rows = session.scalars(select(LedgerEventRow).where(LedgerEventRow.item == item).order_by(LedgerEventRow.id))
    return [(row.kind, f"{row.day:%m-%d}", int(row.quantity)) for row in rows]


def spans(session: Session, item: str = "vcpu") -> list[tuple[str, str | None, int]]:
    found = intervals(session, "liuzhou", EVER, position=position(session, "liuzhou"))
    return [
        (f"{one.start:%m-%d}", f"{one.end:%m-%d}" if one.end else None, int(one.quantity))
        for one in found
        if one.item == item
    ]


def test_an_opening_opens_every_meter_from_its_day_with_what_it_rests_on(session: Session) -> None:
    rows = settle(session, SYSTEM, [system(machine(data_disk_gb=300))], ground("2026-09-10"))
    assert [(row.item, row.kind, int(row.quantity)) for row in rows] == [
        ("data-disk", "opened", 300),
        ("memory", "opened", 16),
        ("system-disk", "opened", 60),
        ("vcpu", "opened", 8),
    ]
    assert {(row.resource, row.confirmation, row.payer) for row in rows} == {
        (f"{STACK}/app-1", "LZ-1/opening", "建设管理中心")
    }


def test_a_change_resizes_what_changed_opens_what_is_new_and_ends_what_is_gone(session: Session) -> None:
    open_(session, spec=system(machine("app-1"), machine("app-2")))
    rows = settle(
        session, SYSTEM, [system(machine("app-1", vcpu=16), machine("app-3"))], ground("2026-10-05", "LZ-2/change")
    )
    found = sorted((row.resource.rsplit("/", 1)[1], row.item, row.kind) for row in rows)
    assert found == [
        ("app-1", "vcpu", "resized"),
        ("app-2", "memory", "ended"),
        ("app-2", "system-disk", "ended"),
        ("app-2", "vcpu", "ended"),
        ("app-3", "memory", "opened"),
        ("app-3", "system-disk", "opened"),
        ("app-3", "vcpu", "opened"),
    ]


def test_an_end_ends_all_that_the_stacks_had(session: Session) -> None:
    open_(session)
    settle(session, SYSTEM, [], ground("2026-10-05", "LZ-3/end"))
    assert spans(session) == [("09-10", "10-05", 8)]
    assert settle(session, SYSTEM, [], ground("2026-10-06", "LZ-3/end")) == []


def test_a_zone_that_a_change_has_emptied_is_ended_with_it(session: Session) -> None:
    settle(session, SYSTEM, [system(), system(zone="gov")], ground("2026-09-10"))
    settle(session, SYSTEM, [system()], ground("2026-10-05", "LZ-2/change"))
    assert spans(session) == [("09-10", "10-05", 8), ("09-10", None, 8)]


def test_a_system_whose_code_begins_like_another_is_another(session: Session) -> None:
    settle(session, f"{SYSTEM}-2", [system(code="caiwu-2")], ground("2026-09-09"))
    open_(session)
    settle(session, SYSTEM, [], ground("2026-09-20"))
    assert spans(session) == [("09-09", None, 8), ("09-10", "09-20", 8)]


def test_the_same_confirmation_twice_is_recorded_once(session: Session) -> None:
    open_(session)
    assert settle(session, SYSTEM, [system()], ground("2026-09-10")) == []


def test_other_stacks_are_left_alone(session: Session) -> None:
    open_(session)
    settle(session, "liuzhou/other/caiwu", [system(unit="other")], ground("2026-09-11"))
    settle(session, "liuzhou/other/caiwu", [], ground("2026-09-20"))
    assert spans(session) == [("09-10", None, 8), ("09-11", "09-20", 8)]


def test_a_suspended_stack_is_not_charged_until_it_is_resumed(session: Session) -> None:
    open_(session)
    suspend(session, SYSTEM, ground("2026-09-15", "trial-expiry"))
    assert suspend(session, SYSTEM, ground("2026-09-16", "again")) == []
    resume(session, SYSTEM, ground("2026-09-20", "LZ-4/resume"))
    assert resume(session, SYSTEM, ground("2026-09-21", "again")) == []
    assert events(session) == [("opened", "09-10", 8), ("suspended", "09-15", 8), ("resumed", "09-20", 8)]
    assert spans(session) == [("09-10", "09-15", 8), ("09-20", None, 8)]


def test_a_suspended_stack_is_not_resized_and_may_end(session: Session) -> None:
    open_(session)
    suspend(session, SYSTEM, ground("2026-09-15"))
    with pytest.raises(Refused, match="suspended"):
        settle(session, SYSTEM, [system(machine(vcpu=4))], ground("2026-09-16"))
    settle(session, SYSTEM, [], ground("2026-09-17"))
    assert spans(session) == [("09-10", "09-15", 8)]


def test_a_machine_that_comes_back_begins_a_new_life(session: Session) -> None:
    open_(session)
    settle(session, SYSTEM, [], ground("2026-09-20"))
    settle(session, SYSTEM, [system()], ground("2026-10-01"))
    assert spans(session) == [("09-10", "09-20", 8), ("10-01", None, 8)]


@pytest.mark.rule("LZ-21-4")
@pytest.mark.breaks
def test_a_trial_is_not_metered(session: Session) -> None:
    with pytest.raises(Refused, match="LZ-21-4"):
        open_(session, spec=system(phase=Phase.TRIAL))


def test_nothing_is_confirmed_ahead_of_its_day_in_shanghai(session: Session) -> None:
    eve = datetime(2026, 9, 9, 15, 59, tzinfo=UTC)
    with pytest.raises(Refused, match="2026-09-10 is after 2026-09-09"):
        settle(session, SYSTEM, [system()], ground("2026-09-10", at=eve))
    assert settle(session, SYSTEM, [system()], ground("2026-09-10", at=eve + timedelta(minutes=1)))


def test_days_never_run_backwards(session: Session) -> None:
    open_(session)
    with pytest.raises(Refused, match="confirm a day from 2026-09-10 on"):
        settle(session, SYSTEM, [], ground("2026-09-09"))


def test_two_who_confirm_at_once_leave_one_record(sessions: Sessions) -> None:
    ready, counts = threading.Barrier(2), []

    def confirm() -> None:
        with sessions.begin() as session:
            ready.wait(timeout=30)
            counts.append(len(settle(session, SYSTEM, [system()], ground("2026-09-10"))))

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(counts) == [0, 3]


def link(**changes: Any) -> dict[str, Any]:
    """The event that may follow the opening of app-1's vCPUs on 10 September, with something changed."""
    proper = {
        "city": "liuzhou",
        "stack": STACK,
        "resource": f"{STACK}/app-1",
        "item": "vcpu",
        "sequence": 2,
        "kind": "resized",
        "day": date(2026, 9, 15),
        "quantity": Decimal(4),
        "payer": "",
        "confirmation": "by hand",
        "recorded_at": datetime(2026, 9, 15, tzinfo=UTC),
        "previous_sequence": 1,
        "previous_day": date(2026, 9, 10),
        "previous_kind": "opened",
    }
    return {**proper, **changes}


NO_PREVIOUS = {"previous_sequence": None, "previous_day": None, "previous_kind": None}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sequence": 3}, "a link is missing"),
        ({"sequence": 3, "previous_sequence": 2}, "the event before does not exist"),
        ({"day": date(2026, 9, 9)}, "the day runs backwards"),
        ({"day": date(2026, 9, 9), "previous_day": date(2026, 9, 9)}, "the day before is not that of the event"),
        ({"previous_kind": "suspended", "kind": "resumed"}, "the kind before is not that of the event"),
        ({"kind": "opened"}, "it is open already"),
        ({"kind": "resumed"}, "it was not suspended"),
        ({"kind": "vanished"}, "no such event"),
        ({"sequence": 1, "kind": "opened", **NO_PREVIOUS}, "a second beginning"),
        ({"sequence": 2, **NO_PREVIOUS}, "hangs in the air"),
        ({"item": "memory", "sequence": 1, "kind": "resized", **NO_PREVIOUS}, "begins with a resize"),
        ({"quantity": Decimal(0)}, "nothing of something"),
    ],
)
def test_the_database_refuses_a_link_that_does_not_fit(session: Session, changes: dict[str, Any], why: str) -> None:
    settle(session, SYSTEM, [system()], ground("2026-09-10"))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert(LedgerEventRow), link(**changes))
    session.execute(insert(LedgerEventRow), link())
    assert events(session) == [("opened", "09-10", 8), ("resized", "09-15", 4)], why


@pytest.mark.parametrize(
    "statement", [update(LedgerEventRow).values(day=date(2026, 9, 1)), text("DELETE FROM ledger_event")]
)
def test_the_database_refuses_to_change_or_remove_what_stands(session: Session, statement: Any) -> None:
    open_(session)
    with pytest.raises(DBAPIError, match="only grows"), session.begin_nested():
        session.execute(statement)
    assert events(session) == [("opened", "09-10", 8)]


moves = st.lists(
    st.tuples(st.sampled_from(["spec", "spec", "end", "suspend", "resume"]), st.integers(0, 9), st.integers(1, 4)),
    max_size=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves)
def test_whatever_is_confirmed_no_day_is_charged_twice_and_no_charged_day_is_lost(
    session: Session, moves: list[Any]
) -> None:
    """Compared day by day with a model that knows nothing of events: what was in force at the end of each day."""
    on, expected, size, suspended = date(2026, 9, 1), defaultdict(int), 0, False
    try:
        for move, gap, vcpu in moves:
            for _ in range(gap):
                expected[on] = 0 if suspended else size
                on += timedelta(days=1)
            at = ground(on.isoformat())
            if move == "spec" and not suspended:
                settle(session, SYSTEM, [system(machine(vcpu=vcpu))], at)
                size = vcpu
            elif move == "end":
                settle(session, SYSTEM, [], at)
                size, suspended = 0, False
            elif move == "suspend":
                suspended = bool(suspend(session, SYSTEM, at)) or suspended
            elif move == "resume":
                suspended = suspended and not resume(session, SYSTEM, at)
        charged = defaultdict(int)
        for one in intervals(session, "liuzhou", Days(date(2026, 9, 1), on + timedelta(days=1)), position=2**60):
            for number in range(((one.end or on) - one.start).days if one.item == "vcpu" else 0):
                charged[one.start + timedelta(days=number)] += int(one.quantity)
        assert {day: count for day, count in expected.items() if count} == dict(charged)
        _check_chain(session)
    finally:
        session.rollback()


def _check_chain(session: Session) -> None:
    """Every life runs from opened to ended without a gap: each event begins where the one before it stops."""
    rows = session.scalars(
        select(LedgerEventRow).order_by(LedgerEventRow.resource, LedgerEventRow.item, LedgerEventRow.sequence)
    ).all()
    for before, after in pairwise(rows):
        if (before.resource, before.item) == (after.resource, after.item):
            assert after.sequence == before.sequence + 1
            assert (after.previous_day, after.previous_kind) == (before.day, before.kind)
            assert (after.kind == MeterEvent.OPENED) == (before.kind == MeterEvent.ENDED)
