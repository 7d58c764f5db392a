"""`yunguan incident`: what the guard or a scan left for a person."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import typer
from sqlalchemy.orm import Session

from controller.casework.permissions import Permission, cities_of, cities_on, require, to_approve
from controller.cli.arguments import Reason, User, workplace
from controller.cli.output import Format, Output, print_facts, print_rows, say
from controller.reconcile.incidents import IncidentState, decide, incident, open_incidents
from controller.reconcile.strangers import approve_incident
from controller.store.engine import StackRow
from controller.store.reconcile import IncidentRow

app = typer.Typer(no_args_is_help=True, help="What the guard or a scan left for a person")

COLUMNS = {"id": "ID", "kind": "KIND", "cloud": "CLOUD", "rule": "RULE", "summary": "WHAT", "opened_at": "SINCE"}
LABELS = {
    **COLUMNS,
    "state": "STATE",
    "digest": "DIGEST",
    "details": "DETAILS",
    "decided_by": "DECIDED BY",
    "reason": "REASON",
}


@app.command("list")
def list_(output: Output = Format.TABLE) -> None:
    """The open incidents, the oldest first."""
    with workplace() as place, place.sessions() as session:
        print_rows([_facts(row) for row in open_incidents(session)], COLUMNS, output)


@app.command()
def show(incident_id: int, output: Output = Format.TABLE) -> None:
    """One incident with everything that is known about it."""
    with workplace() as place, place.sessions() as session:
        print_facts(_facts(incident(session, incident_id)), LABELS, output)


@app.command()
def approve(incident_id: int, user: User, reason: Reason = "") -> None:
    """Approves exactly what the incident proposes; the controller then does it. Only the authority gives up data."""
    with workplace() as place:
        with place.sessions() as session:
            row = incident(session, incident_id)
            require(session, user, to_approve(row, place.provider), cities=_cities(session, row))
        subject = approve_incident(place.reconciler, incident_id, user=user, reason=reason)
        if subject is not None:
            place.queue.wake(subject)
    say(f"incident {incident_id} approved")


@app.command()
def dismiss(incident_id: int, user: User, reason: Reason) -> None:
    """Leaves things as they are, with a reason."""
    with workplace() as place, place.sessions.begin() as session:
        row = incident(session, incident_id)
        require(session, user, Permission.DISMISS_INCIDENT, cities=_cities(session, row))
        decide(session, incident_id, IncidentState.DISMISSED, user=user, reason=reason)
    say(f"incident {incident_id} dismissed")


def _cities(session: Session, row: IncidentRow) -> Collection[str]:
    stack = session.get(StackRow, row.stack_id) if row.stack_id is not None else None
    return cities_of(stack) if stack is not None else cities_on(row.cloud)


def _facts(row: IncidentRow) -> dict[str, Any]:
    return {key: getattr(row, key) for key in LABELS} | {"state": IncidentState(row.state)}
