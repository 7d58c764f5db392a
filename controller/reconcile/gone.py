"""Nearly everything on a cloud is missing at once: not believed, until a person says it of exactly that set.

`scan.py` asks before it reads each one, `drift.py` before it marks them. A right that was taken away, a project that
was emptied or a database that was lost on the cloud's side all look alike from here.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.reconcile import guard, incidents, work
from controller.reconcile.guard import Limits
from controller.reconcile.incidents import IncidentKind
from controller.reconcile.scan import ScanResult
from controller.reconcile.verdict import Finding, Verdict
from controller.store.engine import ResourceRow
from controller.store.reconcile import IncidentRow, Sort


def disbelieved(session: Session, result: ScanResult, limits: Limits) -> bool:
    """Whether nothing that the scan calls missing may be marked; an incident then asks a person. The caller commits."""
    missing = result.none_seen or _newly_missing(session, result)
    known = sum(result.counts[verdict] for verdict in Verdict if verdict is not Verdict.ORPHAN)
    if not result.none_seen and not guard.is_gone(len(missing), known, limits):
        if result.sort is Sort.FULL and result.complete:
            incidents.close_all(session, IncidentKind.GONE, result.cloud, "what was missing is there again")
        return False
    digest = incidents.digest_of((one.type, one.id) for one in missing)
    if incidents.is_approved(session, IncidentKind.GONE, result.cloud, digest):
        return False
    incidents.report(
        session,
        kind=IncidentKind.GONE,
        subject=result.cloud,
        digest=digest,
        cloud=result.cloud,
        summary=f"{len(missing)} of {known} resources on {result.cloud} are missing at once",
        details={"missing": sorted(f"{one.urn} {one.id}" for one in missing)},
    )
    return True


def believe(session: Session, incident: IncidentRow) -> work.Subject:
    """A person has approved: the next scan reads each one, and marks those that are gone."""
    subject = work.Subject.scan(incident.cloud)
    work.ask(session, subject, f"incident {incident.id} approved")
    return subject


def _newly_missing(session: Session, result: ScanResult) -> Sequence[Finding]:
    missing = [one for one in result.findings if one.verdict is Verdict.MISSING]
    known_to_be = set(
        session.scalars(
            select(ResourceRow.id).where(ResourceRow.id.in_([one.resource_id for one in missing]), ResourceRow.missing)
        )
    )
    return [one for one in missing if one.resource_id not in known_to_be]
