"""A fleet for scans: objects seeded in bulk over the cloud's admin port, and the state rows that belong to them.

Rows are made of what the kinds observe, as an apply would leave them. On request each project gets one deviation of
each sort, so that a scan has something to find and can be judged by it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from controller.cli.bench.ground import CLOUD, Ground
from controller.clock import real_now
from controller.engine.provider import Observation, Scope
from controller.engine.urn import Urn
from controller.reconcile.verdict import Verdict
from controller.store.engine import Provisioning, ResourceRow, StackRow

SERVER = "openstack:compute/instance:Instance"
VOLUME = "openstack:blockstorage/volume:Volume"
MEMBER = "openstack:loadbalancer/member:Member"
MIX = {
    "network": 2,
    "subnet": 2,
    "router": 1,
    "security_group": 6,
    "security_group_rule": 60,
    "port": 50,
    "server_group": 3,
    "server": 40,
    "volume": 60,
    "floating_ip": 4,
    "loadbalancer": 2,
    "listener": 2,
    "pool": 2,
    "member": 12,
}
"""Objects by kind in a project of `sum(MIX)`; what the cloud adds by itself comes on top."""

_IDENTITY = "yg-" + "a" * 26
_METADATA = {"metadata": {"yunguan_identity": _IDENTITY}}
_DESCRIPTION = {"description": f"bench [{_IDENTITY}]"}
_TAGS = {"tags": [f"yunguan_identity={_IDENTITY}"]}
_CARRIERS = {
    "server": _METADATA,
    "volume": _METADATA,
    **dict.fromkeys(("loadbalancer", "listener", "pool", "member"), _TAGS),
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Fleet:
    """What was made: how many state rows and pools with members, and how many objects a scan must call what."""

    rows: int
    pools: int
    expected: dict[Verdict, int]


def seed(ground: Ground, *, objects: int, projects: int, deviations: bool) -> Fleet:
    """Fills the cloud with at least `objects` and the state with rows for each of them."""
    share = objects / projects / sum(MIX.values())
    made = ground.cloud.ask(
        "POST",
        "/seed",
        {
            "projects": projects,
            "per_project": {kind: max(1, round(count * share)) for kind, count in MIX.items()},
            "fields": {kind: _CARRIERS.get(kind, _DESCRIPTION) for kind in MIX if kind != "server_group"},
        },
    )
    by_project = _rows_by_project(ground)
    ours = [by_project.pop(project) for project in made["projects"]]
    if deviations:
        ours = [list(_deviating(rows)) for rows in ours]
    _store(ground, ours)
    rows, planted = sum(map(len, ours)), projects if deviations else 0
    strangers = len(by_project[""]) + len(by_project[ground.place.provider.project(CLOUD)])
    return Fleet(
        rows,
        len({row["physical_id"].partition("/")[0] for rows in ours for row in rows if row["type"] == MEMBER}),
        {
            Verdict.SAME: rows - 2 * planted,
            Verdict.CHANGED: planted,
            Verdict.MISSING: planted,
            Verdict.ORPHAN: planted + strangers,
            Verdict.UNKNOWN: 0,
        },
    )


def _rows_by_project(ground: Ground) -> dict[str, list[Row]]:
    """Rows for all that stands in the cloud; a part lies in the project of its owner where it does not tell."""
    rows: dict[str, list[Row]] = defaultdict(list)
    connection = ground.place.provider.cloud(CLOUD)
    project_of: dict[str, str] = defaultdict(str)
    for kind in ground.place.provider.kinds():
        for page in kind.list(connection, Scope()):
            for seen in page.items:
                project = project_of[seen.id] = seen.project or project_of[seen.owner]
                if not seen.by_cloud:
                    rows[project].append(_row(kind.token, seen, len(rows[project])))
    return rows


def _row(token: str, seen: Observation, number: int) -> Row:
    """A state row as an apply leaves it."""
    return {
        "urn": str(Urn("bench", "yunguan", token, f"{seen.name or 'r'}-{number}")),
        "generation": 1,
        "type": token,
        "custom": True,
        "cloud": CLOUD,
        "physical_id": seen.id,
        "identity": seen.identity or "",
        "inputs": dict(seen.fields),
        "outputs": dict(seen.outputs),
        "observed": dict(seen.fields),
        "version": seen.version,
        "changed_at": real_now(),
    }


def _deviating(rows: list[Row]) -> Iterator[Row]:
    """One server shall be called otherwise, one is in no state; one volume is in the state only."""
    servers = [row for row in rows if row["type"] == SERVER]
    renamed, orphan = servers[0], servers[-1]
    for row in rows:
        if row is renamed:
            yield {**row, "inputs": {**row["inputs"], "name": "as approved"}, "version": "0" * 16}
        elif row is not orphan:
            yield row
    lost = next(row for row in rows if row["type"] == VOLUME)
    yield {**lost, "urn": f"{lost['urn']}-lost", "physical_id": str(uuid.uuid4())}


def _store(ground: Ground, ours: Sequence[Sequence[Row]]) -> None:
    with ground.place.sessions.begin() as session:
        for number, rows in enumerate(ours):
            stack = StackRow(
                name=f"liuzhou/bench/fleet-{number}.internet",
                cloud=CLOUD,
                provisioning=Provisioning.READY,
                settled_digest=ground.place.reconciler.program.settled_digest(""),
                changed_at=real_now(),
            )
            session.add(stack)
            session.flush()
            session.execute(insert(ResourceRow), [{**row, "stack_id": stack.id} for row in rows])
