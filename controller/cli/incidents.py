"""`yunguan incident`: what the guard or a scan left for a person."""

from __future__ import annotations

from typing import Any

import typer

from controller.cli.arguments import Reason, User, workplace
from controller.cli.output import Format, Output, print_facts, print_rows, say
from controller.reconcile.incidents import IncidentState, decide, incident, open_incidents
from controller.reconcile.strangers import approve_incident
from controller.store.reconcile import IncidentRow

app = typer.Typer(no_args_is_help=True, help="What the guard or a scan left for a person")

COLUMNS = {"id": "ID", "kind": "KIND", "cloud": "CLOUD", "rule": "RULE", "summary": "WHAT", "opened_at": "SINCE"}
LABELS = {**COLUMNS, "state": "STATE", "details": "DETAILS", "decided_by": "DECIDED BY", "reason": "REASON"}


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
    """Approves exactly what the incident proposes; the controller then does it."""
    with workplace() as place:
        subject = approve_incident(place.reconciler, incident_id, user=user, reason=reason)
        if subject is not None:
            place.queue.wake(subject)
    say(f"incident {incident_id} approved")


@app.command()
def dismiss(incident_id: int, user: User, reason: Reason) -> None:
    """Leaves things as they are, with a reason."""
    with workplace() as place, place.sessions.begin() as session:
        decide(session, incident_id, IncidentState.DISMISSED, user=user, reason=reason)
    say(f"incident {incident_id} dismissed")


def _facts(row: IncidentRow) -> dict[str, Any]:
    return {key: getattr(row, key) for key in LABELS} | {"state": IncidentState(row.state)}
