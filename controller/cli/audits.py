"""`yunguan audit`: the trail of every action, checked and exported."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from sqlalchemy import select

from controller import audit
from controller.cli.arguments import workplace
from controller.cli.output import say
from controller.domain.errors import Failed
from controller.store.audit import AuditRow

app = typer.Typer(no_args_is_help=True, help="The audit trail")


@app.command()
def verify(
    head: Annotated[
        str, typer.Option("--head", help="A hash from a bill, a certificate or an earlier check: is it still there?")
    ] = audit.GENESIS,
) -> None:
    """Recomputes the chain of hashes. Exit code 1: a row does not fit, or rows were cut off."""
    with workplace() as place, place.sessions() as session:
        verdict = audit.verify(session, head)
    if verdict.broken_at is not None:
        raise Failed(
            f"the audit trail was changed: row {verdict.broken_at} does not fit the one before",
            remedy="compare with the last export, and find out who had access to the database",
        )
    if not verdict.knows:
        raise Failed(
            f"the audit trail has no row {head}: rows were cut off at its end",
            remedy="compare with the last export, and find out who had access to the database",
        )
    say(f"{verdict.rows} rows, unbroken; head {verdict.head}")


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
