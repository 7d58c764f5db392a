"""The rows of a scan: what it sees is written page by page, so that one which was cut off can be taken up.

Called by `scan.py` and `listing.py`. A list's part is either whole, or begun anew with all that was found in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from controller.clock import real_now
from controller.engine.provider import View
from controller.reconcile.verdict import Finding, Verdict
from controller.store.database import Sessions
from controller.store.reconcile import FindingRow, ScanPartRow, ScanRow, Sort

_LOCK = 0x5CA17
"""First key of the advisory locks that processes hold on the scans they are at."""

KEPT_FOR = timedelta(days=30)
"""How long a scan stands in the database; what it led to stands in the audit trail."""

_PLAIN = tuple(item.name for item in fields(Finding) if item.name not in {"id", "fields"})
_INSERT = insert(FindingRow)


@dataclass(frozen=True)
class Part:
    """How far the list of one kind at one place was read: `problem` says why it is not whole, "" where it is."""

    type: str
    cloud: str
    pages: int
    objects: int
    problem: str


@dataclass(frozen=True)
class Record:
    """The rows of one scan of the cloud `cloud`."""

    sessions: Sessions
    scan_id: int
    cloud: str

    def finished(self, *, since: datetime) -> set[tuple[str, str]]:
        """The lists, by type and place, that were read and compared as a whole later than `since`."""
        whole = select(ScanPartRow.type, ScanPartRow.cloud).where(
            ScanPartRow.scan_id == self.scan_id, ScanPartRow.ended_at > since, ScanPartRow.problem == ""
        )
        with self.sessions() as session:
            return {(type, cloud) for type, cloud in session.execute(whole)}

    def begin(self, token: str, view: View) -> int:
        """A part for this list, by its id; what an earlier try at it left is gone."""
        earlier = (
            ScanPartRow.scan_id == self.scan_id,
            ScanPartRow.type == token,
            ScanPartRow.cloud == view.cloud,
        )
        with self.sessions.begin() as session:
            session.execute(delete(FindingRow).where(FindingRow.part_id.in_(select(ScanPartRow.id).where(*earlier))))
            session.execute(delete(ScanPartRow).where(*earlier))
            row = ScanPartRow(
                scan_id=self.scan_id, type=token, cloud=view.cloud, covers=sorted(view.names), started_at=real_now()
            )
            session.add(row)
            session.flush()
            return row.id

    def page(
        self,
        part_id: int,
        findings: Sequence[Finding],
        *,
        objects: int,
        same: int,
        seen: Collection[str],
        projects: Collection[str],
    ) -> None:
        """One page more of the list; of all places in `seen`, in all of `projects`, it has shown something of ours."""
        with self.sessions.begin() as session:
            session.execute(
                update(ScanPartRow)
                .where(ScanPartRow.id == part_id)
                .values(
                    pages=ScanPartRow.pages + 1,
                    objects=ScanPartRow.objects + objects,
                    same=ScanPartRow.same + same,
                    seen=sorted(seen),
                    projects=sorted(projects),
                )
            )
            self._add(session, part_id, findings)

    def add(self, part_id: int, findings: Sequence[Finding]) -> None:
        """What no page told."""
        with self.sessions.begin() as session:
            self._add(session, part_id, findings)

    def end(self, part_id: int, problem: str) -> None:
        """The list is whole, or `problem` says why it is not."""
        with self.sessions.begin() as session:
            session.execute(
                update(ScanPartRow).where(ScanPartRow.id == part_id).values(ended_at=real_now(), problem=problem)
            )

    def unseen(self) -> list[Finding]:
        """What whole lists did not hold, and no read of its own has judged yet."""
        with self.sessions() as session:
            rows = session.scalars(
                select(FindingRow)
                .join(ScanPartRow, ScanPartRow.id == FindingRow.part_id)
                .where(
                    FindingRow.scan_id == self.scan_id,
                    FindingRow.verdict == Verdict.UNKNOWN,
                    ScanPartRow.problem == "",
                )
                .order_by(FindingRow.id)
            )
            return [finding_of(row) for row in rows]

    def settle(self, unseen: Finding, judged: Finding) -> None:
        """Replaces what was unseen by what a read of its own said of it."""
        with self.sessions.begin() as session:
            part_id = self._drop(session, unseen)
            self._add(session, part_id, [judged])

    def settle_same(self, unseen: Finding) -> None:
        """A read of its own says that it is as it shall be, though no list held it."""
        with self.sessions.begin() as session:
            part_id = self._drop(session, unseen)
            session.execute(update(ScanPartRow).where(ScanPartRow.id == part_id).values(same=ScanPartRow.same + 1))

    def leave(self, unseen: Finding) -> None:
        """It was worked on meanwhile: nothing is said of it, by the lists of its parts neither."""
        with self.sessions.begin() as session:
            session.execute(delete(FindingRow).where(*self._about(unseen)))

    def projects(self) -> set[str]:
        """All in which something of ours was seen, by this scan or the last full one."""
        full = (
            select(func.max(ScanRow.id))
            .where(ScanRow.cloud == self.cloud, ScanRow.sort == Sort.FULL, ScanRow.ended_at.is_not(None))
            .scalar_subquery()
        )
        parts = select(ScanPartRow.projects).where(
            or_(ScanPartRow.scan_id == self.scan_id, ScanPartRow.scan_id == full)
        )
        with self.sessions() as session:
            return {project for projects in session.scalars(parts) for project in projects}

    def places_seen(self) -> set[str]:
        """The places of which any list has shown something that the state knows."""
        with self.sessions() as session:
            parts = session.scalars(select(ScanPartRow.seen).where(ScanPartRow.scan_id == self.scan_id))
            return {place for seen in parts for place in seen}

    def last_looked(self) -> dict[tuple[str, str], datetime]:
        """When each list, by type and place, was last begun by a scan that was followed up, and came to its end."""
        parts = (
            select(ScanPartRow.type, ScanPartRow.cloud, func.max(ScanPartRow.started_at))
            .join(ScanRow, ScanRow.id == ScanPartRow.scan_id)
            .where(ScanRow.cloud == self.cloud, ScanRow.followed_up, ScanPartRow.problem == "")
            .group_by(ScanPartRow.type, ScanPartRow.cloud)
        )
        with self.sessions() as session:
            return {(type, cloud): begun for type, cloud, begun in session.execute(parts)}

    def forget_orphans_outside(self, projects: Collection[str]) -> None:
        """Drops strangers that lie in none of `projects` and carry nothing of ours: they are those of others."""
        with self.sessions.begin() as session:
            session.execute(
                delete(FindingRow).where(
                    FindingRow.scan_id == self.scan_id,
                    FindingRow.verdict == Verdict.ORPHAN,
                    FindingRow.identity == "",
                    FindingRow.owner_urn == "",
                    FindingRow.project.not_in(["", *projects]),
                )
            )

    def forget_orphans_told_twice(self) -> None:
        """Of what lies in no project, and is therefore shown to each sign-in of a region, one finding stays."""
        twin = aliased(FindingRow)
        region, twins = (func.split_part(one.cloud, "@", 2) for one in (FindingRow, twin))
        with self.sessions.begin() as session:
            session.execute(
                delete(FindingRow).where(
                    FindingRow.scan_id == self.scan_id,
                    FindingRow.verdict == Verdict.ORPHAN,
                    FindingRow.project == "",
                    exists().where(
                        twin.scan_id == self.scan_id,
                        twin.verdict == Verdict.ORPHAN,
                        twin.type == FindingRow.type,
                        twin.physical_id == FindingRow.physical_id,
                        twins == region,
                        twin.id < FindingRow.id,
                    ),
                )
            )

    def join_wholes(self) -> None:
        """What the list of a part told of its whole becomes one with what the whole's own list told of it.

        Of a whole that is missing, or that nobody could read, it says nothing more.
        """
        with self.sessions.begin() as session:
            told_by_parts = session.scalars(
                select(FindingRow)
                .join(ScanPartRow, ScanPartRow.id == FindingRow.part_id)
                .where(FindingRow.scan_id == self.scan_id, FindingRow.type != ScanPartRow.type)
            )
            for row in told_by_parts.all():
                self._join(session, row)

    def close(self, problems: Sequence[str], *, api_calls: int, seconds: float) -> ScanRow:
        """The scan has ended: its figures are summed up; `problems` are those of the scan as a whole."""
        with self.sessions.begin() as session:
            row = session.get_one(ScanRow, self.scan_id)
            parts = session.scalars(
                select(ScanPartRow).where(ScanPartRow.scan_id == self.scan_id).order_by(ScanPartRow.id)
            ).all()
            found = dict(
                session.execute(
                    select(FindingRow.verdict, func.count())
                    .where(FindingRow.scan_id == self.scan_id)
                    .group_by(FindingRow.verdict)
                ).all()
            )
            row.incomplete = [*problems, *_told_once(parts)]
            row.complete, row.ended_at = not row.incomplete, real_now()
            row.objects, row.api_calls, row.seconds = sum(part.objects for part in parts), api_calls, seconds
            same = {Verdict.SAME: sum(part.same for part in parts)}
            row.counts = {str(verdict): (found | same).get(verdict, 0) for verdict in Verdict}
            return row

    def parts(self) -> list[Part]:
        """Every kind that was begun, in that order."""
        with self.sessions() as session:
            rows = session.scalars(
                select(ScanPartRow).where(ScanPartRow.scan_id == self.scan_id).order_by(ScanPartRow.id)
            )
            return [Part(row.type, row.cloud, row.pages, row.objects, row.problem) for row in rows]

    def findings(self) -> list[Finding]:
        """All that was found, in the order in which it was found."""
        with self.sessions() as session:
            rows = session.scalars(select(FindingRow).where(FindingRow.scan_id == self.scan_id).order_by(FindingRow.id))
            return [finding_of(row) for row in rows]

    def _join(self, session: Session, told: FindingRow) -> None:
        own = session.scalar(
            select(FindingRow).where(
                FindingRow.scan_id == self.scan_id,
                FindingRow.resource_id == told.resource_id,
                FindingRow.id != told.id,
            )
        )
        if own is not None:
            if own.verdict == Verdict.CHANGED:
                own.fields = own.fields | told.fields
            session.delete(told)
            return
        session.execute(
            update(ScanPartRow)
            .where(
                ScanPartRow.scan_id == self.scan_id,
                ScanPartRow.type == told.type,
                ScanPartRow.covers.contains([told.cloud]),
            )
            .values(same=func.greatest(ScanPartRow.same - 1, 0))
        )

    def _add(self, session: Session, part_id: int | None, findings: Sequence[Finding]) -> None:
        if findings:
            told_by = {"scan_id": self.scan_id, "part_id": part_id}
            session.execute(_INSERT, [{**told_by, **_columns(finding)} for finding in findings])

    def _drop(self, session: Session, unseen: Finding) -> int | None:
        """Removes what its own list told of it; that list's part. What others told, `join_wholes` sees to."""
        own = select(ScanPartRow.id).where(ScanPartRow.scan_id == self.scan_id, ScanPartRow.type == unseen.type)
        return session.scalar(
            delete(FindingRow).where(*self._about(unseen), FindingRow.part_id.in_(own)).returning(FindingRow.part_id)
        )

    def _about(self, unseen: Finding) -> Sequence[ColumnElement[bool]]:
        return (
            FindingRow.scan_id == self.scan_id,
            FindingRow.type == unseen.type,
            FindingRow.resource_id == unseen.resource_id,
        )


def forget_old(session: Session) -> None:
    """Removes scans that began longer than `KEPT_FOR` ago, with their parts and findings. The caller commits."""
    old = select(ScanRow.id).where(ScanRow.started_at < real_now() - KEPT_FOR)
    for table in (FindingRow, ScanPartRow):
        session.execute(delete(table).where(table.scan_id.in_(old)))
    session.execute(delete(ScanRow).where(ScanRow.id.in_(old)))


def _told_once(parts: Sequence[ScanPartRow]) -> list[str]:
    """Each list with its problem; one line where all at a place have the same, since the place is the trouble then."""
    at_place: dict[str, dict[str, str]] = {}
    for part in parts:
        at_place.setdefault(part.cloud, {})[part.type] = part.problem
    lines = []
    for cloud, problems in at_place.items():
        where = f" on {cloud}" if len(at_place) > 1 else ""
        if len(problems) > 1 and len(set(problems.values())) == 1:
            told = {"every kind": next(iter(problems.values()))}
        else:
            told = problems
        lines += [f"{type}{where}: {problem}" for type, problem in told.items() if problem]
    return lines


@contextmanager
def opened(sessions: Sessions, cloud: str, sort: Sort, *, fresh_for: timedelta) -> Iterator[Record]:
    """The record of a new scan, or of one that was cut off less than `fresh_for` ago and that nobody is at any more.

    This process holds the scan until the block's end; what a killed one held is free.
    """
    with sessions() as holder:
        holder.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        scan_id = _cut_off(holder, cloud, sort, fresh_for) or _begun(sessions, holder, cloud, sort)
        try:
            yield Record(sessions, scan_id, cloud)
        finally:
            holder.scalar(select(func.pg_advisory_unlock(_LOCK, scan_id)))


def _cut_off(holder: Session, cloud: str, sort: Sort, fresh_for: timedelta) -> int | None:
    """The newest unfinished scan of this sort, if it is recent enough and could be locked."""
    since = real_now() - fresh_for
    fresh_part = select(ScanPartRow.id).where(ScanPartRow.scan_id == ScanRow.id, ScanPartRow.ended_at > since)
    found = holder.scalar(
        select(ScanRow.id)
        .where(
            ScanRow.cloud == cloud,
            ScanRow.sort == sort,
            ScanRow.ended_at.is_(None),
            or_(ScanRow.started_at > since, fresh_part.exists()),
        )
        .order_by(ScanRow.id.desc())
        .limit(1)
    )
    return found if found is not None and _locked(holder, found) else None


def _begun(sessions: Sessions, holder: Session, cloud: str, sort: Sort) -> int:
    with sessions.begin() as session:
        row = ScanRow(cloud=cloud, sort=sort, started_at=real_now())
        session.add(row)
        session.flush()
        _locked(holder, row.id)
        return row.id


def _locked(holder: Session, scan_id: int) -> bool:
    return bool(holder.scalar(select(func.pg_try_advisory_lock(_LOCK, scan_id))))


def _columns(finding: Finding) -> Mapping[str, Any]:
    plain = {name: getattr(finding, name) for name in _PLAIN}
    return {
        **plain,
        "physical_id": finding.id,
        "fields": {path: list(pair) for path, pair in finding.fields.items()},
    }


def finding_of(row: FindingRow) -> Finding:
    """The finding that a row holds."""
    plain = {name: getattr(row, name) for name in _PLAIN} | {"verdict": Verdict(row.verdict)}
    return Finding(
        **plain, id=row.physical_id, fields={path: (desired, actual) for path, (desired, actual) in row.fields.items()}
    )
