"""What a worker is told to do: written by `workers.py`, read by `nursery.py`."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """What a worker shall do.

    `prepare`: plan the spec (destroy where it is None), approve and start. `go_on`: execute what is running. `kill`:
    the point at which it kills itself; `tried`: it does so at the first sort of point that is not among these.
    `stop`: the point at which it stops itself, until it is told to `wake`.
    `patience` in seconds, as the engine has it.
    """

    task: str
    database_url: str
    vault_key: str
    report: str
    kill: str = ""
    stop: str = ""
    tried: list[str] | None = None
    patience: float = 5.0
    spec: dict[str, Any] | None = None


def told(job: Job) -> str:
    """The line that tells the nursery of `job`."""
    return json.dumps(dataclasses.asdict(job)) + "\n"
