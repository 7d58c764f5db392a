"""Other stacks, as a program may know them: their outputs and what they hold, from the database.

Handed to `lookup.Lookup` by the roots.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from controller.domain.errors import Refused
from controller.engine import storage
from controller.engine.lookup import StackOutputs, no_stack
from controller.engine.properties import PropertyMap, canonical
from controller.engine.sealing import opened
from controller.engine.state import Holding
from controller.engine.urn import Urn
from controller.store.database import Sessions
from controller.store.engine import Provisioning, StackRow
from controller.store.vault import Vault


@dataclass(frozen=True)
class StoredStacks:
    """The stacks of this installation: those of systems by their own names, those of programs as Pulumi names them.

    `own` is the stack whose program asks.
    """

    sessions: Sessions
    vault: Vault
    own: str

    def outputs(self, name: str, urn: str) -> StackOutputs:
        """The outputs of the stack that the program of `urn` calls `name`.

        Raises Refused where there is none, and says when it was destroyed where there was one.
        """
        ended: datetime | None = None
        with self.sessions() as session:
            for candidate in _candidates(name, Urn.parse(urn).project):
                row = session.scalar(select(StackRow).where(StackRow.name == candidate))
                if row is not None and row.provisioning != Provisioning.ENDED:
                    return as_read(opened(row.outputs, self.vault), self.vault)
                if row is not None and ended is None:
                    ended = row.changed_at
        if ended is None:
            raise no_stack(name, urn)
        raise Refused(
            f"the stack {name} was destroyed ({ended.astimezone():%Y-%m-%d %H:%M:%S %z}), so it has no outputs",
            where=urn,
            remedy="bring it up again, or take the reference out of the program",
        )

    def refuse_held(self, holding: Holding, urn: str) -> None:
        """Raises Refused where another stack holds what is to be imported."""
        with self.sessions() as session:
            storage.refuse_held_elsewhere(session, self.own, {holding: urn})


def as_read(outputs: PropertyMap, vault: Vault) -> StackOutputs:
    """A stack's outputs as a program reads them in this home, whose key goes into their version for their secrets."""
    return StackOutputs(outputs, hashlib.sha256(canonical(outputs, vault.hmac_key).encode()).hexdigest())


def _candidates(name: str, project: str) -> Iterator[str]:
    """The names under which it may be kept: its own, then `stack`, `project/stack` and `organization/project/stack`."""
    yield name
    parts = name.split("/")
    if len(parts) == 1:
        yield f"program/{project}/{name}"
    elif len(parts) <= 3:
        yield f"program/{parts[-2]}/{parts[-1]}"
