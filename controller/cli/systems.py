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
        raise WrongUse(
            first.what,
            where=f"{file}: {first.where}",
            remedy="write resize as a list: `- {machine: app-1, vcpu: 8, memory_gb: 32}` (docs/operating.md)",
        ) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise WrongUse(f"the file cannot be read: {error}", where=str(file)) from None
