"""A cloud on a virtual clock behind the engine's interface of kinds: it refuses, forgets to answer, and settles late.

A request travels, takes its effect in the cloud, and is answered; each of these is an event of the clock, so a worker
may be dead before its request arrives. What is made shows up in lists only some time later. What goes wrong with one
call is a `Fault`; the cloud never breaks its own promises (`REQUEST_TIMEOUT`, `SETTLE`), which the engine relies on.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controller.engine.properties import PropertyMap, revealed
from controller.engine.provider import (
    Incomplete,
    Observation,
    Rejected,
    Uncertain,
    Unsettled,
)
from tests.faults.search.schedule import Schedule
from tests.faults.search.schema import SCHEMAS

REQUEST_TIMEOUT, SETTLE, SLOWEST = 20.0, 10.0, 60.0
"""Seconds. A request takes its effect within the first, or at most the second after its caller gave up; what is slow is
ready within the third.
"""


class Fault(StrEnum):
    """What goes wrong with one call; what does not fit the call does nothing to it."""

    REFUSED = "refused"  # 4xx: nothing happened
    LOST_BEFORE = "lost before"  # the connection broke, and the request never arrived
    LOST_AFTER = "lost after"  # it arrived, and the reply was lost
    LATE = "late"  # its caller gave up, then it takes its effect
    TWICE = "twice"  # a proxy sent it twice, and the reply was lost
    SLOW = "slow"  # made, but not ready within the kind's time-out
    BROKEN = "broken"  # made, and given up by the cloud
    NO_ANSWER = "no answer"  # reads and lists: nothing comes back, or a list ends early


@dataclass
class Thing:
    """What lies in the cloud. Lists show it from `listed_from` on; it is ready from `ready_at` on (None: never)."""

    id: str
    type: str
    values: dict[str, Any]
    identity: str
    number: int
    listed_from: float
    ready_at: float | None


@dataclass(frozen=True)
class Call:
    """A call that changes something, as its sender means it."""

    op: str
    type: str
    identity: str = ""
    id: str = ""


@dataclass
class Cloud:
    """The things, and the faults of the next calls by their number.

    `witness` is asked before a call is sent; `underway` are the identities of calls that have not arrived.
    """

    name: str
    schedule: Schedule
    witness: Callable[[Cloud, Call], None]
    faults: dict[int, Fault] = field(default_factory=dict)
    things: dict[str, Thing] = field(default_factory=dict)
    calls: int = 0
    changes: int = 0
    underway: dict[int, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def send(self, call: Call, effect: Callable[[], str]) -> str:
        """Sends a call that changes something; the id of what it is about. Raises what the fault makes of it."""
        self.witness(self, call)
        self.changes += 1
        fault = self._next_fault()
        travels = self.schedule.random.uniform(0, REQUEST_TIMEOUT / 10)
        if fault is Fault.REFUSED:
            self.schedule.sleep(travels)
            raise Rejected("the cloud refuses", status=409)
        if fault is Fault.LOST_BEFORE:
            self.schedule.sleep(travels)
            raise Uncertain("connection closed before the reply")
        if fault is Fault.LATE:
            self._arrive(call, REQUEST_TIMEOUT + self.schedule.random.uniform(0, SETTLE), effect)
            self.schedule.sleep(REQUEST_TIMEOUT)
            raise Uncertain("time-out")
        answers = [self._arrive(call, travels, effect) for _ in range(2 if fault is Fault.TWICE else 1)]
        self.schedule.sleep(travels + self.schedule.random.uniform(0, REQUEST_TIMEOUT / 10))
        if fault in {Fault.LOST_AFTER, Fault.TWICE}:
            raise Uncertain("connection closed before the reply")
        return self._wait_for(answers[0].get(), call, fault)

    def ask(self) -> None:
        """Sends a call that only reads. Raises Incomplete."""
        fault = self._next_fault()
        self.schedule.sleep(self.schedule.random.uniform(0, 0.5))
        if fault is Fault.NO_ANSWER:
            raise Incomplete("no answer")

    def shown(self, type_: str) -> list[Thing]:
        """What a list of that kind holds now."""
        now = self.schedule.seconds
        return [one for one in self.things.values() if one.type == type_ and one.listed_from <= now]

    def make(self, type_: str, inputs: PropertyMap, identity: str, *, id: str = "") -> str:
        """Puts a thing there."""
        number = next(self._numbers)
        listed_from = self.schedule.seconds + self.schedule.random.uniform(0, SETTLE)
        thing = Thing(
            id or f"{self.name}-{number}",
            type_,
            dict(revealed(inputs)),
            identity,
            number,
            listed_from,
            self.schedule.seconds,
        )
        self.things[thing.id] = thing
        return thing.id

    def observe(self, thing: Thing) -> Observation:
        """The thing as the cloud shows it."""
        shown = {
            name: value for name, value in thing.values.items() if not SCHEMAS[thing.type].properties[name].write_only
        }
        outputs = {**shown, "createdAt": f"{thing.number:06}", "address": f"address of {thing.id}"}
        identity = None if SCHEMAS[thing.type].key else thing.identity
        return Observation(thing.id, shown, outputs, identity=identity, project=self.name)

    def is_used(self, id: str) -> bool:
        """Whether something needs it, so that it cannot go."""
        return any(
            SCHEMAS[one.type].properties[name].of and value == id
            for one in self.things.values()
            for name, value in one.values.items()
        )

    def _next_fault(self) -> Fault | None:
        self.calls += 1
        return self.faults.pop(self.calls, None)

    def _arrive(self, call: Call, after: float, effect: Callable[[], str]) -> _Answer:
        """Has the call take its effect that many seconds later, whatever has become of its sender by then."""
        answer = _Answer()
        number = next(self._numbers)
        self.underway[number] = call.identity

        def arrive() -> None:
            del self.underway[number]
            try:
                answer.id = effect()
            except Rejected as error:
                answer.error = error
                return
            if after > REQUEST_TIMEOUT and answer.id in self.things:
                self.things[answer.id].listed_from = self.schedule.seconds  # it has taken its time already

        self.schedule.at(self.schedule.seconds + after, arrive)
        return answer

    def _wait_for(self, id: str, call: Call, fault: Fault | None) -> str:
        thing = self.things.get(id)
        if thing is None or call.op == "delete" or fault not in {Fault.SLOW, Fault.BROKEN}:
            return id
        thing.ready_at = None if fault is Fault.BROKEN else self.schedule.seconds + SLOWEST
        raise Unsettled("not ready", observation=self.observe(thing), broken=fault is Fault.BROKEN)


@dataclass
class _Answer:
    id: str = ""
    error: Rejected | None = None

    def get(self) -> str:
        if self.error is not None:
            raise self.error
        return self.id
