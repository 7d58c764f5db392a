"""`yunguan bill`: a month's usage rated once, shown again and again, exported, or rated from a file alone."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from controller import audit, catalogue
from controller.casework.permissions import Permission, require
from controller.cli.arguments import OPERATOR, CityCode, Operator, workplace
from controller.cli.output import Format, Output, print_document, print_rows, say
from controller.metering.bill import find_bill, run_bill
from controller.metering.export import bill_csv, bill_json
from controller.metering.ledger_file import rate_file
from controller.store import clock

app = typer.Typer(no_args_is_help=True, help="Bills: what was used, at which price")

Month = Annotated[str, typer.Option("--period", help="The month, for example 2026-09", show_default=False)]
COLUMNS = {
    "resource": "RESOURCE",
    "item": "ITEM",
    "quantity": "QUANTITY",
    "from": "FROM",
    "to": "TO",
    "days": "DAYS",
    "price": "PRICE",
    "amount": "AMOUNT",
}


class Export(StrEnum):
    CSV = "csv"


EXPORTS = {Export.CSV: bill_csv}


@app.command()
def run(city: CityCode, period: Month, user: Operator = OPERATOR, output: Output = Format.TABLE) -> None:
    """Rates a month that is over. Run again, it is the same bill, byte for byte."""
    with workplace() as place, place.sessions.begin() as session:
        require(session, user, Permission.RUN_BILL, cities=[catalogue.city(city).code])
        document = bill_json(session, run_bill(session, city, period, at=clock.now(session)))
        audit.record(
            session, actor=user, action="bill.run", target=f"{city} {period}", details={"total": document["total"]}
        )
    if output is not Format.TABLE:
        print_document(document, output)
        return
    print_rows(document["units"], {"unit": "UNIT", "total": "CNY"}, output)
    say(f"{len(document['lines'])} lines, total {document['total']} CNY; yunguan bill show prints every line")


@app.command()
def show(city: CityCode, period: Month, output: Output = Format.TABLE) -> None:
    """The bill that stands."""
    with workplace() as place, place.sessions() as session:
        document = bill_json(session, find_bill(session, city, period))
    _print(document, output)


@app.command()
def export(city: CityCode, period: Month, format: Annotated[Export, typer.Option("--format")] = Export.CSV) -> None:
    """The bill for a spreadsheet, on stdout."""
    write = EXPORTS[format]
    with workplace() as place, place.sessions() as session:
        for line in write(session, find_bill(session, city, period)):
            sys.stdout.write(line)


@app.command()
def rate(file: Path, output: Output = Format.TABLE) -> None:
    """A bill from a ledger file alone (docs/ledger.schema.json)."""
    _print(rate_file(file), output)


def _print(document: dict[str, object], output: Format) -> None:
    if output is not Format.TABLE:
        print_document(document, output)
        return
    lines = document["lines"]
    print_rows(lines if isinstance(lines, list) else [], COLUMNS, output)
    say(f"total {document['total']} CNY")
