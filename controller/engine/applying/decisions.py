"""A person's recorded word about one resource that bears data: without it none is replaced or deleted (invariant 4).

`approval.py` records it; `permits.py` asks for it before an intent.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.engine.applying import authenticity
from controller.store.engine import DecisionRow, ResourceRow
from controller.store.vault import Vault


def give_up(session: Session, stack_id: int, urn: str, id: str, *, person: str, ground: str, vault: Vault) -> None:
    """Records that `person` gives a resource up, on `ground` (a document or case). It holds for its id and no other.

    A word that was given before stays as it was given.
    """
    about = {"stack_id": stack_id, "urn": urn, "physical_id": id}
    blank = insert(DecisionRow).values(**about, person="", ground="", decided_at=real_now())
    session.execute(blank.on_conflict_do_nothing())  # waits for whoever is just giving up the same
    row = session.scalars(select(DecisionRow).filter_by(**about).with_for_update()).one()
    if authenticity.is_genuine_decision(row, vault.hmac_key):
        return
    row.person, row.ground, row.decided_at = person, ground, real_now()
    row.mac = authenticity.mac_of_decision(row, vault.hmac_key)
    session.flush()


def name_of_leftover(urn: str, id: str) -> str:
    """What a person names to give up something left over: it shares its URN with what stands, and with others."""
    return f"{urn}@{id}"


def leftovers_given_up(session: Session, stack_id: int, vault: Vault) -> Sequence[tuple[ResourceRow, DecisionRow]]:
    """What only waits for its removal and a person gave up, by its very id, each with that person's word."""
    rows = session.execute(
        select(ResourceRow, DecisionRow)
        .join(
            DecisionRow,
            and_(
                DecisionRow.stack_id == ResourceRow.stack_id,
                DecisionRow.urn == ResourceRow.urn,
                DecisionRow.physical_id == ResourceRow.physical_id,
            ),
        )
        .where(ResourceRow.stack_id == stack_id, ResourceRow.pending_delete)
    )
    return [(row, decision) for row, decision in rows if authenticity.is_genuine_decision(decision, vault.hmac_key)]


def given_up(session: Session, stack_id: int, vault: Vault) -> frozenset[tuple[str, str]]:
    """URN and id of each resource of the stack that a person gave up."""
    rows = session.scalars(select(DecisionRow).where(DecisionRow.stack_id == stack_id))
    genuine = (row for row in rows if authenticity.is_genuine_decision(row, vault.hmac_key))
    return frozenset((row.urn, row.physical_id) for row in genuine)
