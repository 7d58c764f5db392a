"""Everything the cloud holds: a state a service, found by its type, and what is due to happen.

`boot` fills it from seed.yaml and remembers that moment; `reset` goes back to it in milliseconds.
"""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, TypeVar, cast

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
    """The cloud's memory. `url` is set once the listener has its port.

    `regions` are those beside the first one, by name: worlds of their own that share what is asked of the whole cloud.
    """

    def __init__(self, services: Sequence[Service], *, realistic: bool = False) -> None:
        self.services = services
        self.url = ""
        self.regions: dict[str, Self] = {}
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
        self._states = {service.state: service.state() for service in self.services}
        self._seed(self.services)
        self._boot = pickle.dumps(self._states)

    def add_region(self, name: str, shared: type) -> Self:
        """A region as it boots, which has the state `shared` (identity) in common with this one.

        Counts, faults and latency are those of the whole cloud.
        """
        region = type(self)(self.services)
        region.url, region.counts, region.faults = f"{self.url}/{name}", self.counts, self.faults
        region.transitions = self.transitions
        own = [service for service in self.services if service.state is not shared]
        region._states = {shared: self._states[shared]} | {service.state: service.state() for service in own}
        region._seed(own)
        self.regions[name] = region
        return region

    def reset(self) -> None:
        """Back to the moment after boot: states, counts, faults, latency. Tokens and regions given since are void."""
        self.transitions.forget()
        self.regions.clear()
        self.transitions.realistic = self._boot_realistic
        self._states = pickle.loads(self._boot)  # noqa: S301  our own bytes
        self.counts.clear()
        self.faults.clear()

    def _seed(self, services: Sequence[Service]) -> None:
        seed = yaml.load(SEED_FILE.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe loaders
        for service in services:
            service.seed(self, seed)
        self.transitions.settle()

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
