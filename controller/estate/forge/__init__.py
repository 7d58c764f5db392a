"""Where proposals to the estate are made and merged: the interface, and what passes through it.

`local.py` keeps them as branches of the repository itself; a forge with pull requests implements the same two calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from controller.domain.spec import SystemSpec


@dataclass(frozen=True)
class Proposal:
    """What is proposed: specs to put, stacks to remove; by whom (account id), for which request, under which rule.

    `at` is the domain clock's time, aware. `message` is one line for the people who read the history.
    """

    put: tuple[SystemSpec, ...]
    author: str
    request: str
    rule: str
    message: str
    at: datetime
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposed:
    """A proposal as the forge has it: its name there, and its commit."""

    name: str
    commit: str


@dataclass(frozen=True)
class Approval:
    """Who approved (account id; of a person, or of the controller where a rule decides), under which rule, when."""

    approver: str
    rule: str
    at: datetime


class Forge(Protocol):
    """Proposals and their merges. Both calls may be repeated after a crash: the second does nothing."""

    def propose(self, proposal: Proposal) -> Proposed:
        """Writes the proposal down; main is not touched. Raises Refused on personal data."""
        ...

    def merge(self, proposed: Proposed, approval: Approval) -> str:
        """The commit on main. Raises Refused where the files have changed since the proposal, WrongUse if unknown."""
        ...
