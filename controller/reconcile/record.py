"""The rows of a scan: what it sees is written page by page, so that one which was cut off can be taken up.

Called by `scan.py` and `listing.py`. A kind's part is either whole, or begun anew with all that was found in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from controller.clock import real_now
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
    """How far one kind was read: `problem` says why its list is not whole, "" where it is."""

    type: str
    pages: int
    objects: int
    problem: str


@dataclass(frozen=True)
class Record:
    """The rows of one scan of the cloud `cloud`."""

    sessions: Sessions
    scan_id: int
    cloud: str

    def finished(self, *, since: datetime) -> set[str]:
        """The kinds whose whole list was read and compared later than `since`."""
        with self.sessions() as session:
            return set(
                session.scalars(
                    select(ScanPartRow.type).where(
                        ScanPartRow.scan_id == self.scan_id, ScanPartRow.ended_at > since, ScanPartRow.problem == ""
                    )
                )
            )

    def begin(self, token: str) -> None:
        """A part of this kind; what an earlier try at it left is gone."""
        with self.sessions.begin() as session:
            for table in (FindingRow, ScanPartRow):
                session.execute(delete(table).where(table.scan_id == self.scan_id, table.type == token))
            session.add(ScanPartRow(scan_id=self.scan_id, type=token, started_at=real_now()))

    def page(
        self, token: str, findings: Sequence[Finding], *, objects: int, same: int, projects: Collection[str]
    ) -> None:
        """One page more of the kind; `projects` are all in which something of ours was seen so far."""
        with self.sessions.begin() as session:
            session.execute(
                update(ScanPartRow)
                .where(ScanPartRow.scan_id == self.scan_id, ScanPartRow.type == token)
                .values(
                    pages=ScanPartRow.pages + 1,
                    objects=ScanPartRow.objects + objects,
                    same=ScanPartRow.same + same,
                    projects=sorted(projects),
                )
            )
            self._add(session, findings)

    def add(self, findings: Sequence[Finding]) -> None:
        """What no page told."""
        with self.sessions.begin() as session:
            self._add(session, findings)

    def end(self, token: str, problem: str) -> None:
        """The kind's list is whole, or `problem` says why it is not."""
        with self.sessions.begin() as session:
            session.execute(
                update(ScanPartRow)
                .where(ScanPartRow.scan_id == self.scan_id, ScanPartRow.type == token)
                .values(ended_at=real_now(), problem=problem)
            )

    def unseen(self) -> list[Finding]:
        """What the whole list of its kind did not hold, and no read of its own has judged yet."""
        whole = select(ScanPartRow.type).where(ScanPartRow.scan_id == self.scan_id, ScanPartRow.problem == "")
        with self.sessions() as session:
            rows = session.scalars(
                select(FindingRow)
                .where(
                    FindingRow.scan_id == self.scan_id,
                    FindingRow.verdict == Verdict.UNKNOWN,
                    FindingRow.type.in_(whole),
                )
                .order_by(FindingRow.id)
            )
            return [finding_of(row) for row in rows]

    def settle(self, unseen: Finding, judged: Finding | None) -> None:
        """Replaces what was unseen by what a read of its own said of it; None where nothing is the matter."""
        with self.sessions.begin() as session:
            session.execute(
                delete(FindingRow).where(
                    FindingRow.scan_id == self.scan_id,
                    FindingRow.type == unseen.type,
                    FindingRow.resource_id == unseen.resource_id,
                )
            )
            self._add(session, [judged] if judged is not None else ())

    def count_same(self, token: str) -> None:
        """One more that is as it shall be, though no list held it."""
        with self.sessions.begin() as session:
            session.execute(
                update(ScanPartRow)
                .where(ScanPartRow.scan_id == self.scan_id, ScanPartRow.type == token)
                .values(same=ScanPartRow.same + 1)
            )

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

    def last_looked(self) -> dict[str, datetime]:
        """When each kind was last begun to be listed by a scan that was followed up, whole in what it was to list."""
        parts = (
            select(ScanPartRow.type, func.max(ScanPartRow.started_at))
            .join(ScanRow, ScanRow.id == ScanPartRow.scan_id)
            .where(ScanRow.cloud == self.cloud, ScanRow.followed_up, ScanPartRow.problem == "")
            .group_by(ScanPartRow.type)
        )
        with self.sessions() as session:
            return dict(session.execute(parts).all())

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

    def has_seen_ours(self) -> bool:
        """Whether any list held anything that the state knows."""
        with self.sessions() as session:
            same = session.scalar(
                select(func.coalesce(func.sum(ScanPartRow.same), 0)).where(ScanPartRow.scan_id == self.scan_id)
            )
            changed = select(FindingRow.id).where(
                FindingRow.scan_id == self.scan_id, FindingRow.verdict == Verdict.CHANGED
            )
            return bool(same) or session.scalar(changed.limit(1)) is not None

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
            row.incomplete = [*problems, *_told_once({part.type: part.problem for part in parts})]
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
            return [Part(row.type, row.pages, row.objects, row.problem) for row in rows]

    def findings(self) -> list[Finding]:
        """All that was found, in the order in which it was found."""
        with self.sessions() as session:
            rows = session.scalars(select(FindingRow).where(FindingRow.scan_id == self.scan_id).order_by(FindingRow.id))
            return [finding_of(row) for row in rows]

    def _add(self, session: Session, findings: Sequence[Finding]) -> None:
        if findings:
            session.execute(_INSERT, [{"scan_id": self.scan_id, **_columns(finding)} for finding in findings])


def forget_old(session: Session) -> None:
    """Removes scans that began longer than `KEPT_FOR` ago, with their parts and findings. The caller commits."""
    old = select(ScanRow.id).where(ScanRow.started_at < real_now() - KEPT_FOR)
    for table in (FindingRow, ScanPartRow):
        session.execute(delete(table).where(table.scan_id.in_(old)))
    session.execute(delete(ScanRow).where(ScanRow.id.in_(old)))


def _told_once(problems: Mapping[str, str]) -> list[str]:
    """Each kind with its problem; one line where all have the same, since the cloud itself is the trouble then."""
    if len(problems) > 1 and len(set(problems.values())) == 1:
        return [f"every kind: {problem}" for problem in set(problems.values()) if problem]
    return [f"{type}: {problem}" for type, problem in problems.items() if problem]


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
