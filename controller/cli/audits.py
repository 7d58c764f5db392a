"""`yunguan audit`: the trail of every action, checked and exported."""

from __future__ import annotations

import json
import sys

import typer
from sqlalchemy import select

from controller import audit
from controller.cli.arguments import workplace
from controller.cli.output import say
from controller.domain.errors import Failed
from controller.store.audit import AuditRow

app = typer.Typer(no_args_is_help=True, help="The audit trail")


@app.command()
def verify() -> None:
    """Recomputes the chain of hashes. Exit code 1 names the first row that does not fit."""
    with workplace() as place, place.sessions() as session:
        verdict = audit.verify(session)
    if verdict.broken_at is not None:
        raise Failed(
            f"the audit trail was changed: row {verdict.broken_at} does not fit the one before",
            remedy="compare with the last export, and find out who had access to the database",
        )
    say(f"{verdict.rows} rows, unbroken")


@app.command()
def export() -> None:
    """Every row as one JSON line, the oldest first, on stdout."""
    with workplace() as place, place.sessions() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id).execution_options(yield_per=1000))
        for row in rows:
            document = {
                "id": row.id,
                "at": row.at.isoformat(),
                "actor": row.actor,
                "action": row.action,
                "target": row.target,
                "details": row.details,
                "previous_hash": row.previous_hash,
                "hash": row.hash,
            }
            sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
