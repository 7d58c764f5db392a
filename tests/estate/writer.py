"""A writer of its own process: proposes and merges `count` systems, named after `prefix`, in the estate at `folder`."""

from __future__ import annotations

import sys
from pathlib import Path

from controller.estate.forge.local import LocalForge
from controller.estate.repository import Estate
from tests.estate.specs import approval, change, spec


def write(folder: Path, prefix: str, count: int) -> None:
    forge = LocalForge(Estate.open_or_create(folder))
    for number in range(count):
        system = f"{prefix}{number}"
        forge.merge(forge.propose(change(spec(system), request=f"R-{system}")), approval())


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
