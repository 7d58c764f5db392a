"""A system's stacks in the database: all that it has or ever had, and what is approved for those that shall be.

Decisions rest on these rows, never on the estate's main branch, which follows them (docs/decisions/0007).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.spec import SystemSpec
from controller.store.casework import SystemRow
from controller.store.engine import StackRow, Wanted


def stacks_of(session: Session, system: SystemRow) -> Sequence[StackRow]:
    """Every stack of `system`, by name, those of zones that it left as well."""
    prefix = f"{system.unit.city}/{system.unit.code}/{system.code}."
    rows = select(StackRow).where(StackRow.name.startswith(prefix, autoescape=True)).order_by(StackRow.name)
    return session.scalars(rows).all()


def approved_specs(session: Session, system: SystemRow) -> dict[str, SystemSpec]:
    """What is approved for each stack of `system` that shall exist, by the stack's name."""
    return {
        row.name: SystemSpec.model_validate(row.spec)
        for row in stacks_of(session, system)
        if row.wanted == Wanted.PRESENT
    }
