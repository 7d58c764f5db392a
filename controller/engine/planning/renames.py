"""Aliases: which rows of the state a program now calls otherwise. `preview.py` asks it for what each registration was.

Found here, they stand in the plan (`Operation.renamed_from`), and `execute.py` moves the rows before it runs anything.
Candidates are Pulumi's (pkg/resource/deploy/step_generator.go): the aliases named, and those that a child has because
of its parent's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from controller.domain.errors import Refused
from controller.engine.registration import Registration
from controller.engine.state import ResourceState
from controller.engine.urn import Urn


class Renames:
    """The renames found so far, from the URN in the state to the new one. Whoever shares it holds a lock."""

    def __init__(self, states: Collection[ResourceState]) -> None:
        self._live = {state.urn: state for state in states if not (state.pending_delete or state.external)}
        self._leftovers = {state.urn for state in states if state.pending_delete}
        self._moves: dict[str, str] = {}
        self._old: dict[str, str] = {}

    @property
    def moves(self) -> Mapping[str, str]:
        """Old URN → new URN."""
        return MappingProxyType(self._moves)

    def old_of(self, urn: str) -> str:
        """The URN in the state of what is called `urn` now, "" where it is the same."""
        return self._old.get(urn, "")

    def prior_of(self, registration: Registration) -> ResourceState | None:
        """The live state that the registration speaks of, under the URNs of now.

        Raises Refused where it could be several, where another registration claims it, or where it cannot be renamed.
        """
        prior = self._live.get(registration.urn)
        if prior is None:
            prior = self._renamed(registration)
        return prior.renamed(self._moves) if prior is not None else None

    def check(self, registered: Collection[str]) -> None:
        """Once the program has ended. Raises Refused where an old name was given to another resource meanwhile."""
        for old, new in sorted(self._moves.items()):
            if old in registered:
                raise Refused(f"its alias {old} is another resource of the program", where=new, remedy=_ONE)

    def _renamed(self, registration: Registration) -> ResourceState | None:
        candidates = aliases(registration, self.old_of(registration.parent))
        found = [self._live[urn] for urn in candidates if urn in self._live]
        if not found:
            return None
        where = registration.urn
        if len(found) > 1:
            text = ", ".join(sorted(one.urn for one in found))
            raise Refused(f"its aliases name several resources: {text}", where=where, remedy=_ONE)
        [prior] = found
        claimant = self._moves.get(prior.urn)
        if claimant is not None:
            raise Refused(f"{prior.urn} is an alias of {claimant}, too", where=where, remedy=_ONE)
        if prior.custom and (prior.type != registration.type or not registration.custom):
            raise Refused(
                f"{prior.urn} cannot become one of type {registration.type}",
                where=where,
                remedy="give it the old type, or take the alias away to have it made anew",
            )
        if registration.urn in self._leftovers:
            raise Refused(
                f"{prior.urn} cannot be renamed while an older one of the new name waits for its removal",
                where=where,
                remedy="apply the program without the new name first",
            )
        self._old[registration.urn], self._moves[prior.urn] = prior.urn, registration.urn
        return prior


_ONE: Final = "let each alias name one resource of before, and each such resource be named once"


def aliases(registration: Registration, parent_was: str) -> Iterable[str]:
    """URNs that the resource may have had: as it says itself, then as its parent (`parent_was` before) lets it have."""
    named = registration.options.aliases
    inherited = _inherited(registration, parent_was) if parent_was else ()
    return dict.fromkeys(urn for urn in (*named, *inherited) if urn != registration.urn)


def _inherited(registration: Registration, parent_was: str) -> Iterator[str]:
    """Below the parent's old type, and named after the parent's old name where the name begins with the new one."""
    before, parent_name = Urn.parse(parent_was), Urn.parse(registration.parent).name
    for urn in map(Urn.parse, (registration.urn, *registration.options.aliases)):
        renamed = urn.name.startswith(parent_name)
        name = before.name + urn.name.removeprefix(parent_name) if renamed else urn.name
        yield str(before.child(urn.type, name))
