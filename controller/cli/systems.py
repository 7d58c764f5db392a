"""What happens to a system in service: confirmed by its parties, changed, given back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
import yaml
from pydantic import ValidationError

from controller.casework import change as changes
from controller.casework import exit as exits
from controller.casework.casefile.evidence import HandedIn
from controller.casework.casefile.steps import Act
from controller.casework.cases import case_of_stack
from controller.cli.arguments import User, pairs, workplace
from controller.cli.output import say
from controller.cli.steps import do
from controller.domain.demand import Change
from controller.domain.errors import WrongUse
from controller.domain.validation import wrongs

Stack = Annotated[str, typer.Argument(metavar="STACK", help="city/unit/system.zone")]
Evidence = Annotated[list[str] | None, typer.Option("--evidence", help="CODE=FILE; may be repeated")]
At = Annotated[
    datetime | None, typer.Option("--at", formats=["%Y-%m-%d"], help="The day that is confirmed; today otherwise")
]

EXAMPLES = {
    "resize": "{machine: app-1, vcpu: 8, memory_gb: 32}",
    "add": (
        "{sheet: 变更, row: 1, zone: 互联网区, role: APP, vcpu: 4, memory_gb: 8, system_disk_gb: 60, data_disk_gb: 0, "
        "image: Ubuntu 22.04, owners: [{name: 韦敏, email: weimin@example.gov.cn, mobile: '13807720001'}]}"
    ),
    "remove": "web-2",
}
"""An entry of each list of a change, as it is written in YAML."""


def confirm(stack: Stack, user: User, at: At = None) -> None:
    """A party confirms the opening, change or end of the stack's system; both parties make it count."""
    with workplace() as place:
        with place.sessions() as session:
            number = case_of_stack(session, stack)
        outcome = do(place, Act(number, "confirm", user, on=at.date() if at else None))
    say(f"{number}: {'confirmed by both' if outcome.completed else 'confirmed; the other party is still to come'}")


def change(stack: Stack, file: Path, user: User, evidence: Evidence = None) -> None:
    """Files a change of the stack's system: FILE is YAML with `resize`, `add` and `remove` (docs/operating.md)."""
    asked = _change(file)
    with workplace() as place, place.sessions.begin() as session:
        case = changes.apply(session, stack, asked, place.ports, actor=user, evidence=_files(evidence))
        number = case.number
    say(f"filed: {number}")


def exit_(stack: Stack, user: User, evidence: Evidence = None) -> None:
    """Files the termination of the stack's system."""
    with workplace() as place, place.sessions.begin() as session:
        case = exits.apply(session, stack, place.ports, actor=user, evidence=_files(evidence))
        number = case.number
    say(f"filed: {number}")


def _files(evidence: list[str] | None) -> tuple[HandedIn, ...]:
    return tuple(HandedIn(code, Path(path)) for code, path in pairs(evidence or [], "--evidence").items())


def _change(file: Path) -> Change:
    try:
        return Change.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = wrongs(error)[0]
        raise WrongUse(first.what, where=f"{file}: {first.where}", remedy=_remedy(first.where)) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise WrongUse(f"the file cannot be read: {error}", where=str(file)) from None


def _remedy(field: str) -> str:
    """How the part of the change that `field` lies in is written."""
    part = field.partition(".")[0]
    entries = {part: EXAMPLES[part]} if part in EXAMPLES else EXAMPLES
    lists = "; ".join(f"`{name}: [{example}]`" for name, example in entries.items())
    return f"write {lists} (docs/operating.md)"
