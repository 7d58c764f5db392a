"""What a step has set going, for the composition root: specs merged, stacks to reclaim, a confirmation for the ledger.

The root acts on it after the commit (queues the stacks) or inside the same transaction (writes the ledger).
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

    `by` are the accounts that confirmed. `specs` are those in force from that day, none at an end; `stacks` are all
    that the system has or had.
    """

    what: Confirmation
    case: str
    system: str
    on: date
    by: tuple[str, ...]
    stacks: tuple[str, ...]
    specs: tuple[SystemSpec, ...]
    payer: str


@dataclass(frozen=True)
class Merged:
    """Specs that an approval has merged, and the names of stacks that it has taken out, with the commit."""

    commit: str
    put: tuple[SystemSpec, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """Where the case stands after a step, and what follows from it.

    `completed` is false while a joint action waits for the other party. `proposed` names stacks that a rule proposes to
    reclaim: a person must approve that (`reclaim`).
    """

    case: str
    stage: str
    completed: bool
    merged: Merged | None = None
    proposed: tuple[str, ...] = ()
    confirmed: Confirmed | None = None
