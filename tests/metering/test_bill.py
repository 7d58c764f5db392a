"""Bills: run once, closed, the same byte for byte ever after; what is confirmed late comes into the next one."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from controller import catalogue
from controller.domain.billing import Days
from controller.domain.errors import Refused, WrongUse
from controller.domain.money import plain, total
from controller.domain.rating import rate
from controller.metering.bill import bill_lines, find_bill, run_bill
from controller.metering.export import bill_csv, bill_json
from controller.metering.ledger import resume, settle, suspend
from controller.metering.usage import intervals
from controller.store.database import Sessions
from controller.store.metering import BillRow
from tests.metering.specs import LATE, SYSTEM, ground, machine, system


def run(session: Session, month: str = "2026-09") -> BillRow:
    return run_bill(session, "liuzhou", month, at=LATE)


def charged(session: Session, month: str, *, part: str = "lines", item: str = "vcpu") -> list[str]:
    document = bill_json(session, find_bill(session, "liuzhou", month))
    return [
        f"{x['from'][5:]}..{x['to'][5:]} {x['quantity']} {x['amount']}" for x in document[part] if x["item"] == item
    ]


def test_a_month_is_billed_from_the_confirmed_day_by_the_price_list(session: Session) -> None:
    settle(session, SYSTEM, [system()], ground("2026-09-10"))
    document = bill_json(session, run(session))
    assert [(x["item"], x["quantity"], x["days"], x["price"], x["amount"]) for x in document["lines"]] == [
        ("memory", "16", 21, "25.00", "280.00"),
        ("system-disk", "60", 21, "0.80", "33.60"),
        ("vcpu", "8", 21, "45.00", "252.00"),
    ]
    assert document["total"] == "565.60"
    assert document["units"] == [{"unit": "liuzhou/caizhengju", "total": "565.60"}]
    assert document["payers"] == [{"payer": "建设管理中心", "total": "565.60"}]


def test_a_resize_and_an_end_in_the_month_are_lines_of_their_own(session: Session) -> None:
    settle(session, SYSTEM, [system()], ground("2026-09-01"))
    settle(session, SYSTEM, [system(machine(vcpu=16))], ground("2026-09-11"))
    suspend(session, SYSTEM, ground("2026-09-16"))
    resume(session, SYSTEM, ground("2026-09-21"))
    settle(session, SYSTEM, [], ground("2026-09-26"))
    run(session)
    assert charged(session, "2026-09") == ["09-01..09-11 8 120.00", "09-11..09-16 16 120.00", "09-21..09-26 16 120.00"]


def test_a_bill_run_twice_is_the_same_byte_for_byte(sessions: Sessions) -> None:
    with sessions.begin() as session:
        settle(session, SYSTEM, [system(machine("app-1"), machine("app-2", data_disk_gb=7))], ground("2026-09-10"))
        first = json.dumps(bill_json(session, run(session)))
    with sessions.begin() as session:
        settle(session, SYSTEM, [], ground("2026-09-20"))
        assert json.dumps(bill_json(session, run(session))) == first
        assert session.scalar(select(func.count()).select_from(BillRow)) == 1


def test_a_month_that_is_not_over_in_shanghai_is_not_billed(session: Session) -> None:
    eve = datetime(2026, 9, 30, 15, 59, tzinfo=UTC)
    with pytest.raises(Refused, match="not over"):
        run_bill(session, "liuzhou", "2026-09", at=eve)
    assert run_bill(session, "liuzhou", "2026-09", at=datetime(2026, 9, 30, 16, 0, tzinfo=UTC)).month == "2026-09"


def test_a_late_opening_is_charged_in_the_next_bill_and_the_closed_one_stays(session: Session) -> None:
    run(session)
    closed = json.dumps(bill_json(session, find_bill(session, "liuzhou", "2026-09")))
    settle(session, SYSTEM, [system()], ground("2026-09-16"))
    run(session, "2026-10")
    assert charged(session, "2026-10") == ["10-01..11-01 8 360.00"]
    assert charged(session, "2026-10", part="differences") == ["09-16..10-01 8 180.00"]
    assert json.dumps(bill_json(session, find_bill(session, "liuzhou", "2026-09"))) == closed


def test_a_late_end_takes_back_what_was_charged_too_much(session: Session) -> None:
    settle(session, SYSTEM, [system()], ground("2026-09-01"))
    run(session)
    settle(session, SYSTEM, [], ground("2026-09-16"))
    run(session, "2026-10")
    assert charged(session, "2026-10") == []
    assert charged(session, "2026-10", part="differences") == ["09-01..10-01 8 -360.00", "09-01..09-16 8 180.00"]


def test_what_was_corrected_is_not_corrected_again(session: Session) -> None:
    run(session)
    settle(session, SYSTEM, [system()], ground("2026-09-16"))
    run(session, "2026-10")
    settle(session, SYSTEM, [system(machine(vcpu=4))], ground("2026-09-21"))
    run(session, "2026-11")
    run(session, "2026-12")
    assert charged(session, "2026-11", part="differences") == [
        "09-16..10-01 8 -180.00",
        "09-16..09-21 8 60.00",
        "09-21..10-01 4 60.00",
        "10-01..11-01 8 -360.00",
        "10-01..11-01 4 180.00",
    ]
    assert charged(session, "2026-12", part="differences") == []


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3), st.booleans()), max_size=5))
def test_however_late_things_are_confirmed_all_bills_together_are_right(
    session: Session, moves: list[tuple[int, int, bool]]
) -> None:
    """Against what would have been billed had everything been known from the start."""
    months, on = ["2026-09", "2026-10", "2026-11", "2026-12", "2027-01"], date(2026, 9, 1)
    waiting, bills = list(months), []
    try:
        for gap, vcpu, bill_first in moves:
            if bill_first and len(waiting) > 1:
                bills.append(run(session, waiting.pop(0)))
            on += timedelta(days=gap)
            settle(session, SYSTEM, [system(machine(vcpu=vcpu))] if vcpu else [], ground(on.isoformat()))
        bills += [run(session, month) for month in waiting]
        summed = total(row.amount for bill in bills for row, _ in bill_lines(session, bill))
        period = Days(Days.month(months[0]).start, Days.month(months[-1]).end)
        usage = intervals(session, "liuzhou", period, position=bills[-1].position)
        assert summed == total(line.amount for line in rate(usage, catalogue.prices("liuzhou"), period))
    finally:
        session.rollback()


def test_two_who_run_a_bill_at_once_get_the_same(sessions: Sessions) -> None:
    with sessions.begin() as session:
        settle(session, SYSTEM, [system()], ground("2026-09-10"))
    with sessions() as first, sessions() as second:
        mine = run(first)
        second.execute(text("SET LOCAL lock_timeout = '200ms'"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            run(second)
        second.rollback()
        first.commit()
        assert run(second).id == mine.id


@pytest.mark.parametrize(
    "statement", ["UPDATE bill_line SET amount = 0", "DELETE FROM bill_line", "UPDATE bill SET position = 0"]
)
def test_the_database_refuses_to_change_a_bill(session: Session, statement: str) -> None:
    settle(session, SYSTEM, [system()], ground("2026-09-10"))
    run(session)
    with pytest.raises(DBAPIError, match="only grows"), session.begin_nested():
        session.execute(text(statement))


def test_a_day_without_a_price_leaves_no_half_bill(sessions: Sessions) -> None:
    with sessions.begin() as session:
        settle(session, SYSTEM, [system()], ground("2025-12-10"))
    with sessions() as session:
        with pytest.raises(Refused, match="no price of memory on 2025-12-10"):
            run(session, "2025-12")
        session.rollback()
        with pytest.raises(WrongUse, match="bill run --city liuzhou --period 2025-12"):
            find_bill(session, "liuzhou", "2025-12")


@pytest.mark.parametrize(("city", "month"), [("atlantis", "2026-09"), ("liuzhou", "2026-9")])
def test_an_unknown_city_or_month_is_wrong_use(session: Session, city: str, month: str) -> None:
    with pytest.raises(WrongUse):
        run_bill(session, city, month, at=LATE)


def test_the_csv_has_every_line_and_sums_to_the_total(session: Session) -> None:
    run(session)
    settle(session, SYSTEM, [system()], ground("2026-09-16"))
    bill = run(session, "2026-10")
    exported = "".join(bill_csv(session, bill))
    assert exported.startswith("\ufeff计费月份,资源,")
    rows = list(csv.DictReader(io.StringIO(exported.removeprefix("\ufeff"))))
    assert {row["计费月份"] for row in rows} == {"2026-09", "2026-10"}
    assert plain(total(Decimal(row["金额"]) for row in rows)) == bill_json(session, bill)["total"]
