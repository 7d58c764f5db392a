"""The lines that tell what `yunguan program up` and `destroy` are doing, as it happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from controller.engine.applying.progress import Step
from controller.engine.plan import Op
from controller.engine.planning.differences import name_of, printable
from controller.engine.planning.render import SYMBOL, short_type
from controller.engine.urn import Urn

_DOING: Final[Mapping[Op, str]] = {Op.CREATE: "creating", Op.UPDATE: "updating", Op.DELETE: "deleting"}


class Lines:
    """Tells each call as it begins, and how long it took. Called from several threads."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._begun: dict[tuple[Op, str], float] = {}

    def reached(self, step: Step, op: Op, urn: str) -> None:
        """See `engine.applying.progress.Progress`."""
        if op not in _DOING:
            return
        with self._lock:
            if step is Step.CALLING:
                self._begun[op, urn] = time.monotonic()
                self._tell(f" {_about(op, urn)} {_DOING[op]}")
            elif step is Step.CALLED and (op, urn) in self._begun:
                took = time.monotonic() - self._begun.pop((op, urn))
                self._tell(f" {_about(op, urn)}: {_DOING[op]} it took {took:.1f} s")


def _about(op: Op, urn: str) -> str:
    kind = short_type(Urn.parse(urn).type)
    return f"{SYMBOL[op]:<2} {printable(kind)} {name_of(urn)}"
