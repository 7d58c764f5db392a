"""`yunguan rules`: every rule id, how it is kept, and the tests that show it."""

from __future__ import annotations

from typing import Annotated

import typer

from controller.cli.output import Format, Output, print_rows
from controller.rulebook import rules_json

COLUMNS = {"id": "RULE", "article": "ARTICLE", "how": "HOW", "kept_by": "KEPT BY", "rule": "WHAT"}


def rules(
    city: Annotated[str | None, typer.Option("--city", help="Only this city's")] = None,
    output: Output = Format.TABLE,
) -> None:
    """The rules of the regulations, by id."""
    print_rows(rules_json(city), COLUMNS, output)
