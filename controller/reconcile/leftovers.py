"""What is left of destroyed stacks: everything in their clouds is listed, whole, and searched for what was theirs.

Called before a reclaim counts as complete (invariant 8). A list that is not whole proves nothing: Incomplete is raised.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from controller.clock import real_now
from controller.engine.applying.means import Means
from controller.engine.provider import Kind, Observation, Scope
from controller.reconcile import desire
from controller.store.engine import JournalRow

STACK_TAG = "yunguan_stack"


@dataclass(frozen=True)
class Looked:
    """One kind, listed to its proven end at `at` (real clock): how many objects were seen, which were theirs."""

    cloud: str
    type: str
    at: datetime
    objects: int
    left: Sequence[str]


@dataclass(frozen=True)
class Leftovers:
    """What was looked at for `stacks`, kind by kind."""

    stacks: Sequence[str]
    looked: Sequence[Looked]

    @property
    def nothing(self) -> bool:
        return not any(one.left for one in self.looked)


@dataclass(frozen=True)
class _Theirs:
    """How things of the stacks are known: by the identity or the id that the journal has, or by their tag.

    What was imported has no create in the journal: its delete knows it.
    """

    stacks: Collection[str]
    identities: Collection[str]
    ids: Collection[tuple[str, str]]

    def has(self, kind: Kind, seen: Observation) -> bool:
        tag = seen.tags.get(STACK_TAG)
        return seen.identity in self.identities or (kind.token, seen.id) in self.ids or tag in self.stacks


def look_for(means: Means, stacks: Sequence[str]) -> Leftovers:
    """Lists every kind on the clouds of `stacks`. Raises Incomplete where a list has no proof that it is whole."""
    with means.sessions() as session:
        rows = [desire.stack(session, name) for name in stacks]
        journal = session.execute(
            select(
                JournalRow.identity,
                JournalRow.type,
                JournalRow.physical_id,
                JournalRow.target["cloud"].astext.label("cloud"),
            ).where(JournalRow.stack_id.in_([row.id for row in rows]))
        ).all()
    theirs = _Theirs(
        stacks=frozenset(stacks),
        identities=frozenset(row.identity for row in journal if row.identity),
        ids=frozenset((row.type, row.physical_id) for row in journal if row.physical_id),
    )
    clouds = sorted({row.cloud for row in rows} | {row.cloud for row in journal if row.cloud})
    return Leftovers(
        stacks=sorted(stacks),
        looked=[_listed(means, cloud, kind, theirs) for cloud in clouds for kind in means.provider.kinds()],
    )


def _listed(means: Means, cloud: str, kind: Kind, theirs: _Theirs) -> Looked:
    objects, left = 0, []
    for page in kind.list(means.provider.cloud(cloud), Scope()):
        objects += len(page.items)
        left += [seen.id for seen in page.items if theirs.has(kind, seen)]
    return Looked(cloud=cloud, type=kind.token, at=real_now(), objects=objects, left=left)
