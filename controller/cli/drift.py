"""`yunguan drift`: a whole cloud against the state, in one scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape
from sqlalchemy import select

from controller import audit
from controller.casework.permissions import Permission, cities_on, require
from controller.cli.arguments import OPERATOR, Operator, workplace
from controller.cli.output import Format, Output, print_document, print_rows, say, stderr
from controller.domain.errors import WrongUse
from controller.domain.place import entry_of
from controller.engine.urn import Urn
from controller.reconcile.drift import follow_up
from controller.reconcile.scan import ScanResult, scan
from controller.reconcile.schedule import clouds_in_use
from controller.reconcile.verdict import Finding, Verdict
from controller.store.engine import StackRow
from controller.workplace import Workplace

COLUMNS = {
    "verdict": "VERDICT",
    "stack": "STACK",
    "place": "PLACE",
    "type": "TYPE",
    "name": "NAME",
    "id": "ID",
    "differs": "DIFFERS",
}
INCOMPLETE = 3


def drift(
    cloud: Annotated[
        str | None, typer.Option("--cloud", help="Name in clouds.yaml; all its places are scanned")
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Let the controller act on what is found")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Take up a scan that was cut off shortly before")] = False,
    user: Operator = OPERATOR,
    output: Output = Format.TABLE,
) -> None:
    """Scans every resource of a cloud, in all regions and projects. Exit code 3: it could not be read completely."""
    with workplace() as place:
        with place.sessions.begin() as session:
            name = entry_of(cloud) if cloud else _only(clouds_in_use(session))
            if repair:
                require(session, user, Permission.REPAIR, cities=cities_on(name))
                audit.record(session, actor=user, action="drift.repair", target=name)
        fresh_for = timedelta(minutes=place.settings.scan_fresh_minutes if resume else 0)
        result = scan_shown(place, name, fresh_for=fresh_for)
        if repair:
            for subject in follow_up(
                place.sessions, place.provider, place.means.vault, result, place.reconciler.limits
            ):
                place.queue.wake(subject)
        print_scans(place, [result], result.findings, result.counts, output)


def scan_shown(place: Workplace, cloud: str, *, fresh_for: timedelta = timedelta()) -> ScanResult:
    """Scans, and shows a person at a terminal how far that is."""
    seen: dict[str, int] = {}
    title = f"scanning {escape(cloud)}"
    with stderr.status(title) as status:

        def progress(what: str, objects: int) -> None:
            seen[what] = objects
            status.update(f"{title}: {sum(seen.values())} objects in {len(seen)} lists")

        return scan(place.sessions, place.provider, place.means.vault, cloud, fresh_for=fresh_for, progress=progress)


def print_scans(
    place: Workplace,
    results: Sequence[ScanResult],
    findings: Sequence[Finding],
    verdicts: Mapping[str, int],
    output: Format,
) -> None:
    """Prints what scans, of a cloud each, came to: the findings and the count of each verdict that are asked for.

    Ends the command with 3 where one of them was incomplete.
    """
    stacks = _stack_names(place, findings)
    document: dict[str, Any] = {
        "objects": sum(one.objects for one in results),
        "api_calls": sum(one.api_calls for one in results),
        "seconds": round(sum(one.seconds for one in results), 3),
        "complete": all(one.complete for one in results),
        "incomplete": [reason for one in results for reason in one.incomplete],
        "verdicts": {verdict.value: verdicts[verdict] for verdict in Verdict},
        "kinds": [asdict(kind) for one in results for kind in one.kinds],
        "findings": [asdict(one) | {"stack": stacks.get(one.stack_id, "")} for one in findings],
    }
    if output is Format.TABLE:
        print_rows([_row(one, stacks.get(one.stack_id, "")) for one in findings], COLUMNS, output)
        counts = ", ".join(f"{count} {verdict}" for verdict, count in document["verdicts"].items())
        say(f"{document['objects']} objects, {document['api_calls']} calls, {document['seconds']:.1f} s: {counts}")
        for reason in document["incomplete"]:
            say(f"not complete: {reason}")
    else:
        print_document(document, output)
    if not document["complete"]:
        raise typer.Exit(INCOMPLETE)


def _stack_names(place: Workplace, findings: Sequence[Finding]) -> Mapping[int | None, str]:
    """What the stacks of the findings are called, by their ids."""
    known = {one.stack_id for one in findings if one.stack_id is not None}
    with place.sessions() as session:
        return {row.id: row.name for row in session.scalars(select(StackRow).where(StackRow.id.in_(known)))}


def _row(finding: Finding, stack: str) -> dict[str, str]:
    """A finding for people: the last part of its URN, and each difference as `field: is (shall be)`."""
    differs = [
        f"{field}: {actual} again" if actual == desired else f"{field}: {actual} (shall be {desired})"
        for field, (desired, actual) in finding.fields.items()
    ]
    own, owner = (Urn.parse(urn) if urn else None for urn in (finding.urn, finding.owner_urn))
    return {
        "verdict": finding.verdict,
        "stack": stack,
        "place": f"{finding.cloud} {finding.project}".rstrip(),
        "type": finding.type.rpartition(":")[2],
        "name": finding.name or (own.name if own else ""),
        "id": finding.id,
        "differs": ", ".join(differs) or (f"inside {owner.name}" if owner else ""),
    }


def _only(clouds: list[str]) -> str:
    if len(clouds) != 1:
        known = ", ".join(clouds) or "none is in use yet"
        raise WrongUse("name the cloud", where="--cloud", remedy=f"clouds: {known}")
    return clouds[0]
