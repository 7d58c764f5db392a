"""Everything the cloud holds: a state a service, found by its type, and what is due to happen.

`boot` fills it from seed.yaml and remembers that moment; `reset` goes back to it in milliseconds.
"""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from sandbox.cloud.counts import Counts
from sandbox.cloud.faults import FaultScript
from sandbox.cloud.service import Service
from sandbox.cloud.store import Collection
from sandbox.cloud.transitions import Transitions

State = TypeVar("State")

SEED_FILE = Path(__file__).with_name("seed.yaml")
REGION = "RegionOne"


class World:
    """The cloud's memory. `url` is set once the listener has its port."""

    def __init__(self, services: Sequence[Service], *, realistic: bool = False) -> None:
        self.services = services
        self.url = ""
        self.counts = Counts()
        self.faults = FaultScript()
        self.transitions = Transitions(realistic=realistic)
        self._states: dict[type, object] = {}
        self._boot = b""
        self._boot_realistic = realistic

    def __getitem__(self, state: type[State]) -> State:
        """The state of a service: `world[ComputeState].servers`."""
        return cast(State, self._states[state])

    def boot(self) -> None:
        """Seed every service, in the order they are listed, and remember the result."""
        seed = yaml.load(SEED_FILE.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe loaders
        self._states = {service.state: service.state() for service in self.services}
        for service in self.services:
            service.seed(self, seed)
        self.transitions.settle()
        self._boot = pickle.dumps(self._states)

    def reset(self) -> None:
        """Back to the moment after boot: states, counts, faults, latency. Tokens given since then are void."""
        self.transitions.forget()
        self.transitions.realistic = self._boot_realistic
        self._states = pickle.loads(self._boot)  # noqa: S301  our own bytes
        self.counts.clear()
        self.faults.clear()

    def collections(self) -> dict[str, Collection]:
        """Every collection of every service by its noun."""
        return {
            value.noun: value
            for state in self._states.values()
            for value in vars(state).values()
            if isinstance(value, Collection)
        }

    def maker(self, kind: str) -> Any:
        """The bulk maker of a kind, or nothing."""
        return next((service.makers[kind] for service in self.services if kind in service.makers), None)
