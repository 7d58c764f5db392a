"""`yunguan request`: a unit's request from its workbook through every decision of its city's regulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from controller.casework import opening
from controller.casework.casefile.declarations import declare, record_exception
from controller.casework.casefile.evidence import HandedIn
from controller.casework.casefile.handing import handed_in
from controller.casework.casefile.steps import Act
from controller.casework.cases import list_cases, show_case
from controller.cli.arguments import CityCode, Reason, User, pairs, workplace
from controller.cli.case_view import print_case
from controller.cli.output import Format, Output, print_document, print_rows, say, stdout
from controller.cli.request_files import check_workbook, print_reading, reading_to_json, write_template_file
from controller.cli.steps import do

app = typer.Typer(no_args_is_help=True, help="Requests of units: from the workbook to the decision")

Evidence = Annotated[
    list[str] | None,
    typer.Option("--evidence", help="FILE, or CODE=FILE where a step asks for several documents; may be repeated"),
]
Facts = Annotated[list[str] | None, typer.Option("--fact", help="NAME=VALUE, a declaration; may be repeated")]
Days = Annotated[int | None, typer.Option("--days", help="Days of a stage that lasts, such as the trial's")]

ACTIONS = {
    "accept": "The authority takes the request up",
    "assess": "The centre gives its opinion",
    "approve": "The authority approves: the specification is merged",
    "reject": "The authority refuses the request",
    "return": "Back to the unit for correction; the clock pauses",
}
"""Steps with a command of their own, as most procedures have them; `request do` takes every step of every procedure."""
COLUMNS = {
    "number": "CASE",
    "title": "WHAT",
    "unit": "UNIT",
    "system": "SYSTEM",
    "stage_title": "STAGE",
    "due": "DUE",
    "overdue": "OVERDUE",
}


@app.command("template")
def template(file: Path, city: CityCode) -> None:
    """Writes the city's empty, instructed workbook."""
    write_template_file(file, city)
    say(f"written: {file}")


@app.command("import")
def import_(
    file: Path,
    city: CityCode,
    check: Annotated[bool, typer.Option("--check", help="Only report; store nothing")] = False,
    user: Annotated[str, typer.Option("--as", help="Account of the unit that files it")] = "",
    unit: Annotated[str | None, typer.Option("--unit", help="The unit's name where the workbook has none")] = None,
    fact: Facts = None,
    evidence: Evidence = None,
    output: Output = Format.TABLE,
) -> None:
    """Reads the annex-3 workbook; files a case a system when all of it is clean."""
    reading = check_workbook(file, city)
    if output is Format.TABLE:
        print_reading(reading, stdout)
    if reading.request is None or check:
        if output is not Format.TABLE:
            print_document(reading_to_json(reading), output)
        raise typer.Exit(0 if reading.request is not None else 1)
    if not user:
        raise typer.BadParameter("name the account that files the request", param_hint="--as")
    application = opening.Application(
        request=reading.request,
        actor=user,
        facts=pairs(fact or [], "--fact"),
        evidence=tuple(HandedIn(code, Path(path)) for code, path in pairs(evidence or [], "--evidence").items()),
        unit=unit,
    )
    with workplace() as place, place.sessions.begin() as session:
        numbers = [case.number for case in opening.apply(session, application, place.ports)]
    if output is Format.TABLE:
        say(f"filed: {', '.join(numbers)}")
    else:
        print_document(reading_to_json(reading) | {"cases": numbers}, output)


@app.command("list")
def list_(
    city: Annotated[str | None, typer.Option("--city", help="Only this city's")] = None,
    user: Annotated[str | None, typer.Option("--as", help="Only what this account may see")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Every case with its stage and deadline."""
    with workplace() as place, place.sessions() as session:
        rows = [asdict(summary) for summary in list_cases(session, city=city, actor=user)]
    print_rows(rows, COLUMNS, output)


@app.command("show")
def show(
    number: str,
    user: Annotated[
        str | None, typer.Option("--as", help="Whose eyes see it; people are shown as far as these may")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """One case: machines, documents, timeline, and what can be done next."""
    with workplace() as place, place.sessions() as session:
        detail = show_case(session, number, actor=user)
    document = asdict(detail) | {"machines": [machine.model_dump(mode="json") for machine in detail.machines]}
    if output is not Format.TABLE:
        print_document(document, output)
        return
    print_case(detail)


@app.command("declare")
def declare_(number: str, user: User, fact: Annotated[list[str], typer.Option("--fact", help="NAME=VALUE")]) -> None:
    """Records declarations about the system, such as classified=no."""
    with workplace() as place, place.sessions.begin() as session:
        declare(session, number, pairs(fact, "--fact"), actor=user)
    say(f"{number}: declared")


@app.command("except")
def except_(
    number: str, user: User, reason: Reason, rule: Annotated[str, typer.Option("--rule", help="Id of the rule")]
) -> None:
    """Records a reasoned exception where the regulation says 原则上."""
    with workplace() as place, place.sessions.begin() as session:
        record_exception(session, number, rule=rule, reason=reason, actor=user)
    say(f"{number}: exception to {rule} recorded")


@app.command("do")
def take(
    number: str, action: str, user: User, evidence: Evidence = None, reason: Reason = "", days: Days = None
) -> None:
    """Takes a step of the case's procedure; `yunguan request show` says which there are, and what they ask for."""
    with workplace() as place:
        with place.sessions() as session:
            handed = handed_in(session, number, action, evidence or [])
        outcome = do(place, Act(number, action, user, evidence=handed, reason=reason, days=days))
    say(f"{number}: {outcome.stage}")


def _command(action: str) -> Callable[..., None]:
    def act(number: str, user: User, evidence: Evidence = None, reason: Reason = "", days: Days = None) -> None:
        take(number, action, user, evidence, reason, days)

    return act


for _name, _help in ACTIONS.items():
    app.command(_name, help=_help)(_command(_name))
