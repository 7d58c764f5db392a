"""What must hold of a stack's state at any time. Pure; asked after a crash, in tests after every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from controller.engine.order import needs
from controller.engine.state import ResourceState


def verify_integrity(states: Iterable[ResourceState]) -> list[str]:
    """What is wrong with a stack's state, a sentence each; empty where all holds.

    Parents and dependencies exist and stand lower; a URN has one live row; an id is held by one row of its type.
    """
    rows = list(states)
    live = {row.urn: row for row in rows if not row.pending_delete}
    wrong = [
        f"{urn} has {count} live generations"
        for urn, count in Counter(row.urn for row in rows if not row.pending_delete).items()
        if count > 1
    ]
    held = Counter((row.type, row.id) for row in rows if row.managed)
    wrong += [f"{count} rows hold {kind} {id}" for (kind, id), count in held.items() if count > 1]
    for row in rows:
        if row.custom and not row.id:
            wrong.append(f"{row.urn} has no id")
        for need in sorted(needs(row)) if not row.pending_delete else ():
            if need not in live:
                wrong.append(f"{row.urn} needs {need}, which is not there")
            elif live[need].position >= row.position:
                wrong.append(f"{row.urn} does not stand behind {need}, which it needs")
    return wrong
