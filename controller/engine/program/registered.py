"""What a run has registered and read so far, by URN: the answers of `pulumi:pulumi:getResource`.

One for each run, made by `monitor.py`. The SDK asks where a program, or a package, is given a resource by reference,
and for the option `urn`. As with Pulumi, what this run has not registered is not known, even where the state has it.
"""

from __future__ import annotations

import threading
from typing import Final

from controller.engine.properties import UNKNOWN, PropertyMap, PropertyValue
from controller.engine.registration import Answer

GET_RESOURCE: Final = "pulumi:pulumi:getResource"


class RegisteredResources:
    """Shared by the monitor's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: dict[str, PropertyValue] = {}
        self._outputs: dict[str, PropertyMap] = {}

    def add(self, urn: str, id: PropertyValue, outputs: PropertyMap) -> None:
        """What the program was told of a resource; `id` is UNKNOWN while it is still to be made."""
        with self._lock:
            self._ids[urn], self._outputs[urn] = id, outputs

    def set_outputs(self, urn: str, outputs: PropertyMap) -> None:
        """The outputs of a component, which come after it."""
        with self._lock:
            self._outputs[urn] = outputs

    def answer(self, args: PropertyMap) -> Answer:
        """The resource under the URN in `args`: its URN, id ("" for none, or none yet) and outputs (`state`)."""
        urn = args.get("urn")
        with self._lock:
            if urn not in self._ids:
                return Answer({}, f"the program has registered no resource with the URN {urn}")
            id = self._ids[urn]
            return Answer({"urn": urn, "id": "" if id is UNKNOWN else id, "state": self._outputs[urn]})
