"""`yunguan deadline`: when a period of a rule ends."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from controller.casework.casefile.deadlines import deadline_json, deadlines
from controller.cli.output import Format, Output, print_document, stdout


def deadline(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Id of a rule, for example LZ-21-3")],
    start: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Day of the event; it does not count")
    ],
    city: Annotated[str | None, typer.Option("--city", help="The city whose calendar counts")] = None,
    output: Output = Format.TABLE,
) -> None:
    """The last day of the working days that a rule gives."""
    answers = deadlines(rule, start.date(), city)
    if output is not Format.TABLE:
        print_document(deadline_json(answers), output)
        return
    for answer in answers:
        note = " (provisional: the year has no notice yet)" if answer.deadline.provisional else ""
        stdout.print(f"{answer.deadline.day} {answer.title}{note}", highlight=False)
