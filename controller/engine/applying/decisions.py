"""A person's recorded word about one resource that bears data: without it none is replaced or deleted (invariant 4).

`approval.py` records it; `permits.py` asks for it before an intent.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller.clock import real_now
from controller.store.engine import DecisionRow, ResourceRow


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


def leftovers_given_up(session: Session, stack_id: int) -> Sequence[tuple[ResourceRow, DecisionRow]]:
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
    return [(row, decision) for row, decision in rows]


def given_up(session: Session, stack_id: int) -> frozenset[tuple[str, str]]:
    """URN and id of each resource of the stack that a person gave up."""
    rows = session.execute(select(DecisionRow.urn, DecisionRow.physical_id).where(DecisionRow.stack_id == stack_id))
    return frozenset((urn, physical_id) for urn, physical_id in rows)
