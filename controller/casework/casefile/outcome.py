"""What a step has set going: specs approved, stacks to reclaim, a confirmation for the ledger.

`consequences` makes it count inside the step's own transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from controller.domain.spec import SystemSpec


class Confirmation(StrEnum):
    """What the parties have confirmed."""

    OPENING = "opening"
    CHANGE = "change"
    END = "end"


@dataclass(frozen=True)
class Confirmed:
    """Opening, change or end of a system, as of the day `on`: what the usage ledger rests on (LZ-21-5, LP-20).

    `by` are the accounts that confirmed. `specs` are those in force from that day, none at an end.
    """

    what: Confirmation
    case: str
    system: str
    on: date
    by: tuple[str, ...]
    specs: tuple[SystemSpec, ...]
    payer: str


@dataclass(frozen=True)
class Merged:
    """Specs that an approval has put, and the names of stacks that it has taken out, with the proposal's commit."""

    commit: str
    put: tuple[SystemSpec, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseOutcome:
    """Where the case stands after a step, and what follows from it.

    `completed` is false while a joint action waits for the other party.
    """

    case: str
    stage: str
    completed: bool
    merged: Merged | None = None
    confirmed: Confirmed | None = None
