"""A stored bill as people and other programs read it: one JSON document, or CSV line by line."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from controller.domain.money import plain, total
from controller.metering.bill import bill_lines
from controller.store.metering import BillLineRow, BillRow

HEADER = ("计费月份", "资源", "计费项", "数量", "起始日", "截止日", "天数", "单价", "金额", "承担方")


def bill_json(session: Session, bill: BillRow) -> dict[str, Any]:
    """The bill with its lines, the total, and totals by unit and by payer. Equal bills give equal bytes."""
    lines: list[dict[str, Any]] = []
    by_unit: dict[str, Decimal] = defaultdict(Decimal)
    by_payer: dict[str, Decimal] = defaultdict(Decimal)
    for row, payer in bill_lines(session, bill):
        lines.append(_line(row, payer))
        by_unit[_unit(row)] += row.amount
        by_payer[payer] += row.amount
    return {
        "city": bill.city,
        "period": bill.month,
        "audit_head": bill.audit_head,
        "lines": [line for line in lines if line["period"] == bill.month],
        "differences": [line for line in lines if line["period"] != bill.month],
        "units": [{"unit": unit, "total": plain(amount)} for unit, amount in sorted(by_unit.items())],
        "payers": [{"payer": payer, "total": plain(amount)} for payer, amount in sorted(by_payer.items())],
        "total": plain(total(by_unit.values())),
    }


def bill_csv(session: Session, bill: BillRow) -> Iterator[str]:
    """The bill as CSV, a line at a time, for spreadsheets: begins with the mark that makes them read it as UTF-8."""
    yield "\ufeff" + _row(HEADER)
    for row, payer in bill_lines(session, bill):
        line = _line(row, payer)
        yield _row(tuple(str(value) for value in line.values()))


def _line(row: BillLineRow, payer: str) -> dict[str, Any]:
    return {
        "period": row.month,
        "resource": row.resource,
        "item": row.item,
        "quantity": plain(row.quantity),
        "from": row.starts.isoformat(),
        "to": row.ends.isoformat(),
        "days": (row.ends - row.starts).days,
        "price": plain(row.price),
        "amount": plain(row.amount),
        "payer": payer,
    }


def _unit(row: BillLineRow) -> str:
    """`city/unit`, the first two parts of a resource's name."""
    return "/".join(row.resource.split("/")[:2])


def _row(values: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(values)
    return out.getvalue()
