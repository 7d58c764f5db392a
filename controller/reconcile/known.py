"""What the state says while a cloud is listed: the compact map that lists are compared with, and who owns a stranger.

Called by `listing.py` and `scan.py`. Nothing is concluded about what is being worked on, or was since it was read.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, ColumnElement, Text, and_, any_, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from controller.engine.applying import journal
from controller.engine.plan import Op
from controller.engine.provider import Kind, Observation, View
from controller.engine.storage import from_row
from controller.reconcile.verdict import Differences, Finding, Verdict, differences, put_back
from controller.store.database import Sessions
from controller.store.engine import ExecutionRow, ExecutionState, JournalRow, ResourceRow
from controller.store.place import lies_on
from controller.store.vault import Vault

_BUSY = select(ExecutionRow.stack_id).where(ExecutionRow.state == ExecutionState.RUNNING)
_KNOWN = and_(ResourceRow.custom, ~ResourceRow.external, ResourceRow.stack_id.not_in(_BUSY))


@dataclass(frozen=True, slots=True)
class Known:
    """One resource of ours, as small as a hundred thousand of them have to be. `cloud` is its place."""

    row_id: int
    version: str
    cloud: str


@dataclass(frozen=True)
class Owner:
    """The resource of ours that something is a part of."""

    stack_id: int
    urn: str
    is_busy: bool


def places_of(session: Session, entry: str) -> frozenset[str]:
    """The places of this entry at which the state has something."""
    return frozenset(session.scalars(select(ResourceRow.cloud).where(lies_on(ResourceRow.cloud, entry)).distinct()))


def known_at(session: Session, entry: str) -> Mapping[str, int]:
    """How many resources that nobody is changing at the moment stand at each place of this entry."""
    counts = (
        select(ResourceRow.cloud, func.count())
        .where(lies_on(ResourceRow.cloud, entry), _KNOWN)
        .group_by(ResourceRow.cloud)
    )
    return dict(session.execute(counts).all())


def known_in(session: Session, stack_id: int) -> int:
    """How many resources of this stack a scan compares: none while it is worked on."""
    rows = select(func.count()).select_from(ResourceRow).where(ResourceRow.stack_id == stack_id, _KNOWN)
    return session.scalars(rows).one()


def known_of(sessions: Sessions, places: Collection[str], token: str) -> dict[str, Known]:
    """The resources of this kind at these places that nobody is changing at the moment, by the cloud's id."""
    rows = select(ResourceRow.physical_id, ResourceRow.id, ResourceRow.version, ResourceRow.cloud).where(
        ResourceRow.cloud.in_(places), ResourceRow.type == token, _KNOWN
    )
    with sessions() as session:
        found = session.execute(rows.execution_options(yield_per=5000))
        return {id: Known(row_id, version, sys.intern(cloud)) for id, row_id, version, cloud in found}


def untouched(session: Session, known: Iterable[Known]) -> Mapping[int, ResourceRow]:
    """The rows by id, without those that were worked on since they were read, or are being worked on."""
    versions = {one.row_id: one.version for one in known}
    rows = session.scalars(select(ResourceRow).where(ResourceRow.id.in_(versions), ResourceRow.stack_id.not_in(_BUSY)))
    return {row.id: row for row in rows if row.version == versions[row.id]}


def compared(kind: Kind, row: ResourceRow, observation: Observation, vault: Vault) -> Finding | None:
    """What differs, field by field; None where nothing does. What is only there to be removed shall be nothing.

    What was found to differ before and has been put back by hand differs from what the state says of it: that is told.
    """
    state = from_row(row, vault)
    desired = {} if row.pending_delete else kind.desired(state.inputs)
    fields = differences(desired, observation.fields)
    if not row.version:
        fields |= put_back(desired, state.observed, observation.fields)
    if not fields and not row.missing:
        return None
    return finding(Verdict.CHANGED, row, name=observation.name, project=observation.project, fields=fields)


def finding(
    verdict: Verdict, row: ResourceRow, *, name: str = "", project: str = "", fields: Differences | None = None
) -> Finding:
    """The verdict on the resource of that row."""
    return Finding(
        verdict,
        row.type,
        row.physical_id,
        name=name,
        stack_id=row.stack_id,
        urn=row.urn,
        resource_id=row.id,
        version=row.version,
        cloud=row.cloud,
        project=project,
        fields=fields or {},
    )


def orphans(
    sessions: Sessions, kind: Kind, view: View, strangers: Sequence[Observation], begun: datetime
) -> Iterator[Finding]:
    """Those that no state holds and no call of ours explains, and that are no part of what is being worked on."""
    ids = [one.id for one in strangers]
    with sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        ours = set(
            session.scalars(
                select(ResourceRow.physical_id).where(
                    ResourceRow.type == kind.token, _among(ResourceRow.physical_id, ids)
                )
            )
        )
        ours |= _deleted_since(session, kind.token, ids, begun)
        announced = _announced(session, {one.identity for one in strangers if one.identity})
        owned_by = _owners(session, {one.owner for one in strangers if one.owner})
    for one in strangers:
        owner = owned_by.get(one.owner)
        if one.id in ours or one.identity in announced or (owner and owner.is_busy):
            continue
        yield Finding(
            Verdict.ORPHAN,
            kind.token,
            one.id,
            name=one.name,
            stack_id=owner.stack_id if owner else None,
            owner_urn=owner.urn if owner else "",
            identity=one.identity or "",
            cloud=view.cloud,
            project=one.project,
        )


def _among(column: InstrumentedAttribute[str], values: Collection[str]) -> ColumnElement[bool]:
    """Whether a column's value is one of these; sent as one array, since an IN of a thousand is slow to write."""
    return column == any_(literal([*values], ARRAY(Text)))


def _announced(session: Session, identities: Collection[str]) -> set[str]:
    """Those identities whose create call is open: its result is still to be written."""
    return set(
        session.scalars(select(JournalRow.identity).where(_among(JournalRow.identity, identities), journal.OPEN))
    )


def _deleted_since(session: Session, token: str, ids: Sequence[str], begun: datetime) -> set[str]:
    """What a list may still show although the engine has deleted it meanwhile, or is about to."""
    return set(
        session.scalars(
            select(JournalRow.physical_id).where(
                JournalRow.type == token,
                JournalRow.op == Op.DELETE,
                _among(JournalRow.physical_id, ids),
                or_(journal.OPEN, JournalRow.closed_at >= begun),
            )
        )
    )


def _owners(session: Session, ids: Collection[str]) -> dict[str, Owner]:
    """Those of `ids` that are resources of ours."""
    rows = session.execute(
        select(ResourceRow.physical_id, ResourceRow.stack_id, ResourceRow.urn, ExecutionRow.id)
        .outerjoin(
            ExecutionRow,
            and_(ExecutionRow.stack_id == ResourceRow.stack_id, ExecutionRow.state == ExecutionState.RUNNING),
        )
        .where(_among(ResourceRow.physical_id, ids), ResourceRow.pending_delete.is_(False))
        .order_by(ResourceRow.position.desc())
    )
    return {id: Owner(stack_id, urn, execution is not None) for id, stack_id, urn, execution in rows}
