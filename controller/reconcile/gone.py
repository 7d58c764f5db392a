"""Nearly everything at a place is missing at once: not believed, until a person says it of exactly that set.

`scan.py` asks before it reads each one, `drift.py` before it marks them. A right that was taken away, a project that
was emptied or a database that was lost on the cloud's side all look alike from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.place import entry_of
from controller.reconcile import guard, incidents, work
from controller.reconcile.guard import Limits
from controller.reconcile.incidents import IncidentKind
from controller.reconcile.known import known_at
from controller.reconcile.scan import ScanResult
from controller.reconcile.verdict import Finding, Verdict
from controller.store.engine import ResourceRow
from controller.store.place import lies_on
from controller.store.reconcile import IncidentRow, Sort
from controller.store.vault import Vault


def disbelieved(session: Session, vault: Vault, result: ScanResult, limits: Limits) -> set[str]:
    """The places of which nothing that the scan calls missing may be marked; an incident each then asks a person.

    The caller commits.
    """
    known, none_seen = known_at(session, result.cloud), {one.cloud for one in result.none_seen}
    doubted = {
        place: missing
        for place, missing in _missing_at(session, result).items()
        if place in none_seen or guard.is_gone(len(missing), known.get(place, 0), limits)
    }
    if result.sort is Sort.FULL and result.complete:
        for incident in incidents.in_force_on(session, IncidentKind.GONE, result.cloud):
            if incident.subject not in doubted:  # a yes counts once: the same set may vanish another time
                incidents.close(session, incident, "nothing is missing any more that was not known to be")
    return {place for place, missing in doubted.items() if not _is_believed(session, vault, place, missing, known)}


def believe(session: Session, incident: IncidentRow) -> work.Subject:
    """A person has approved: the next scan reads each one, and marks those that are gone."""
    subject = work.Subject.scan(incident.cloud)
    work.ask(session, subject, f"incident {incident.id} approved")
    return subject


def _is_believed(
    session: Session, vault: Vault, place: str, missing: Sequence[Finding], known: Mapping[str, int]
) -> bool:
    """Whether a person has approved exactly this set; where not, one is asked."""
    lines = sorted(one.line for one in missing)
    if incidents.is_gone(session, place, lines, vault):
        return True
    incidents.report(
        session,
        kind=IncidentKind.GONE,
        subject=place,
        cloud=place,
        summary=f"{len(missing)} of {known.get(place, 0)} resources on {place} are missing at once",
        details={"missing": lines},
        vault=vault,
    )
    return False


def _missing_at(session: Session, result: ScanResult) -> Mapping[str, Sequence[Finding]]:
    """By place: all of one of which nothing was seen, what is newly missing of any other one."""
    missing = [one for one in result.findings if one.verdict is Verdict.MISSING]
    known_to_be = set(
        session.scalars(
            select(ResourceRow.id).where(lies_on(ResourceRow.cloud, entry_of(result.cloud)), ResourceRow.missing)
        )
    )
    at_place: dict[str, list[Finding]] = {}
    for one in [*result.none_seen, *(one for one in missing if one.resource_id not in known_to_be)]:
        at_place.setdefault(one.cloud, []).append(one)
    return at_place
