"""A person's recorded word about one resource that bears data: without it none is replaced or deleted (invariant 4).

`approval.py` records it; `permits.py` asks for it before an intent.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.store.engine import DecisionRow


def give_up(session: Session, stack_id: int, urn: str, id: str, *, person: str, ground: str) -> None:
    """Records that `person` gives a resource up, on `ground` (a document or case). It holds for its id and no other."""
    session.execute(
        insert(DecisionRow)
        .values(
            stack_id=stack_id,
            urn=urn,
            physical_id=id,
            person=person,
            ground=ground,
            decided_at=real_now(),
        )
        .on_conflict_do_nothing(index_elements=["stack_id", "urn", "physical_id"])
    )


def name_of_leftover(urn: str, id: str) -> str:
    """What a person names to give up something left over: it shares its URN with what stands, and with others."""
    return f"{urn}@{id}"


def given_up(session: Session, stack_id: int) -> frozenset[tuple[str, str]]:
    """URN and id of each resource of the stack that a person gave up."""
    rows = session.execute(select(DecisionRow.urn, DecisionRow.physical_id).where(DecisionRow.stack_id == stack_id))
    return frozenset((urn, physical_id) for urn, physical_id in rows)
