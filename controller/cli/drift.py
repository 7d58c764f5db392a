"""`yunguan drift`: a whole cloud against the state, in one scan."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape

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
            for subject in follow_up(place.sessions, place.provider, result, place.reconciler.limits):
                place.queue.wake(subject)
    print_findings(result, output)


def scan_shown(place: Workplace, cloud: str, *, fresh_for: timedelta = timedelta()) -> ScanResult:
    """Scans, and shows a person at a terminal how far that is."""
    seen: dict[str, int] = {}
    title = f"scanning {escape(cloud)}"
    with stderr.status(title) as status:

        def progress(what: str, objects: int) -> None:
            seen[what] = objects
            status.update(f"{title}: {sum(seen.values())} objects in {len(seen)} lists")

        return scan(place.sessions, place.provider, place.means.vault, cloud, fresh_for=fresh_for, progress=progress)


def print_findings(result: ScanResult, output: Format, *, only_stack: int | None = None) -> None:
    """Prints the scan; ends the command with 3 where it was incomplete."""
    findings = [one for one in result.findings if only_stack in (None, one.stack_id)]
    document: dict[str, Any] = {
        "objects": result.objects,
        "api_calls": result.api_calls,
        "seconds": round(result.seconds, 3),
        "complete": result.complete,
        "incomplete": result.incomplete,
        "verdicts": {verdict.value: result.counts[verdict] for verdict in Verdict},
        "kinds": [asdict(one) for one in result.kinds],
        "findings": [asdict(one) for one in findings],
    }
    if output is Format.TABLE:
        print_rows([_row(one) for one in findings], COLUMNS, output)
        counts = ", ".join(f"{count} {verdict}" for verdict, count in document["verdicts"].items())
        say(f"{result.objects} objects, {result.api_calls} calls, {result.seconds:.1f} s: {counts}")
        for reason in result.incomplete:
            say(f"not complete: {reason}")
    else:
        print_document(document, output)
    if not result.complete:
        raise typer.Exit(INCOMPLETE)


def _row(finding: Finding) -> dict[str, str]:
    """A finding for people: the last part of its URN, and each difference as `field: is (shall be)`."""
    differs = [
        f"{field}: {actual} again" if actual == desired else f"{field}: {actual} (shall be {desired})"
        for field, (desired, actual) in finding.fields.items()
    ]
    own, owner = (Urn.parse(urn) if urn else None for urn in (finding.urn, finding.owner_urn))
    known = own or owner
    return {
        "verdict": finding.verdict,
        "stack": known.stack if known else "",
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
