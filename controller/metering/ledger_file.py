"""A ledger file in, a bill out, without a database: `yunguan bill rate FILE` (docs/ledger.schema.json).

`python -m controller.metering.ledger_file` prints the schema of the file.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller import catalogue
from controller.domain.billing import Days, Interval, Line, Price, PriceList
from controller.domain.errors import WrongUse
from controller.domain.money import Exact, plain, total
from controller.domain.rating import rate
from controller.domain.validation import wrongs


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Period(_Entry):
    start: date = Field(alias="from")
    end: date = Field(alias="to", description="The first day that is not billed")


class _Price(_Entry):
    item: str
    price: Exact = Field(description="Yuan for one unit, as text")
    start: date = Field(alias="from")
    end: date | None = Field(default=None, alias="to")


class _Interval(_Entry):
    resource: str
    item: str
    quantity: Exact = Field(description="Units, as text")
    start: date = Field(alias="from", description="The first day")
    end: date | None = Field(default=None, alias="to", description="The first day without it; null while it lasts")


class LedgerFile(_Entry):
    """What was used from when to when, and at what prices. Dates are days, every range half-open."""

    city: str
    period: _Period
    prices: tuple[_Price, ...]
    intervals: tuple[_Interval, ...]


def rate_file(path: Path) -> dict[str, Any]:
    """The bill of a ledger file: `lines` in the order of resource, item and first day, and their `total`.

    Raises WrongUse for what is no ledger file, Refused where intervals or prices contradict each other.
    """
    ledger = _read(path)
    basis = catalogue.prices(ledger.city).basis
    prices = PriceList.of(basis, (Price(one.item, one.price, one.start, one.end) for one in ledger.prices))
    ordered = sorted(ledger.intervals, key=lambda one: (one.resource, one.item, one.start))
    intervals = (Interval(one.resource, one.item, one.quantity, one.start, one.end) for one in ordered)
    lines = list(rate(intervals, prices, Days(ledger.period.start, ledger.period.end)))
    return {"lines": [line_json(line) for line in lines], "total": plain(total(line.amount for line in lines))}


def line_json(line: Line) -> dict[str, Any]:
    """A line as bills carry it in JSON: numbers exact, as text."""
    return {
        "resource": line.resource,
        "item": line.item,
        "quantity": plain(line.quantity),
        "from": line.start.isoformat(),
        "to": line.end.isoformat(),
        "days": line.days,
        "price": plain(line.price),
        "amount": plain(line.amount),
    }


def ledger_schema() -> str:
    """Canonical text of the file's JSON Schema."""
    schema = LedgerFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _read(path: Path) -> LedgerFile:
    try:
        return LedgerFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise WrongUse(f"the ledger file cannot be read: {error.strerror}", where=str(path)) from error
    except ValidationError as error:
        found = "; ".join(f"{one.where}: {one.what}" for one in wrongs(error)[:10])
        raise WrongUse(
            "the file is not a ledger", where=str(path), remedy=f"{found} (see docs/ledger.schema.json)"
        ) from error


if __name__ == "__main__":
    sys.stdout.write(ledger_schema())
