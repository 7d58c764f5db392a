"""A stack reference's name → the outputs of that stack, from the database. Handed to `lookup.Lookup` by the roots."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from controller.engine.lookup import StackOutputs
from controller.engine.properties import canonical
from controller.engine.sealing import opened
from controller.store.database import Sessions
from controller.store.engine import Provisioning, StackRow
from controller.store.vault import Vault


@dataclass(frozen=True)
class StoredStacks:
    """The stacks of this installation: those of systems by their own names, those of programs as Pulumi names them."""

    sessions: Sessions
    vault: Vault

    def __call__(self, name: str, project: str) -> StackOutputs | None:
        """The outputs of the stack that a program of `project` calls `name`; None where there is none (any more)."""
        with self.sessions() as session:
            for candidate in _candidates(name, project):
                row = session.scalar(
                    select(StackRow).where(StackRow.name == candidate, StackRow.provisioning != Provisioning.ENDED)
                )
                if row is not None:
                    outputs = opened(row.outputs, self.vault)
                    plain = canonical(outputs, self.vault.hmac_key)
                    return StackOutputs(outputs, hashlib.sha256(plain.encode()).hexdigest())
        return None


def _candidates(name: str, project: str) -> Iterator[str]:
    """The names under which it may be kept: its own, then `stack`, `project/stack` and `organization/project/stack`."""
    yield name
    parts = name.split("/")
    if len(parts) == 1:
        yield f"program/{project}/{name}"
    elif len(parts) <= 3:
        yield f"program/{parts[-2]}/{parts[-1]}"
