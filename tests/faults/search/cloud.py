"""A cloud on a virtual clock behind the engine's interface of kinds: it refuses, forgets to answer, and settles late.

A request travels, takes its effect in the cloud, and is answered; each of these is an event of the clock, so a worker
may be dead before its request arrives. What is made shows up in lists only some time later. What goes wrong with one
call is a `Fault`; the cloud never breaks its own promises (`REQUEST_TIMEOUT`, `SETTLE`), which the engine relies on.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controller.domain.errors import WrongUse
from controller.engine.properties import PropertyMap, Secret, holds_unknown, revealed
from controller.engine.provider import (
    Carrier,
    Change,
    Checked,
    Diff,
    Failure,
    Fields,
    Incomplete,
    Observation,
    Page,
    Rejected,
    Scope,
    Uncertain,
    Unsettled,
)
from tests.faults.search.schedule import Schedule

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


@dataclass(frozen=True)
class Property:
    """An input. `of`: the kind whose id it is. A `write_only` one is never shown by the cloud."""

    replaces: bool = False
    of: str = ""
    write_only: bool = False


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

    def make(self, type_: str, inputs: PropertyMap, identity: str, *, id: str = "", settles: bool = True) -> str:
        """Puts a thing there."""
        number = next(self._numbers)
        listed_from = self.schedule.seconds + (self.schedule.random.uniform(0, SETTLE) if settles else 0)
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
            name: value for name, value in thing.values.items() if not KINDS[thing.type].properties[name].write_only
        }
        outputs = {**shown, "createdAt": f"{thing.number:06}", "address": f"address of {thing.id}"}
        identity = None if KINDS[thing.type].key else thing.identity
        return Observation(thing.id, shown, outputs, identity=identity, project=self.name)

    def is_used(self, id: str) -> bool:
        """Whether something needs it, so that it cannot go."""
        return any(
            KINDS[one.type].properties[name].of and value == id
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


@dataclass(frozen=True)
class ModelKind:
    """A kind of this cloud. `key` names the inputs that are its natural key, where it has one."""

    token: str
    properties: Mapping[str, Property]
    data_bearing: bool = False
    autonamed: bool = False
    key: Sequence[str] = ()
    service: str = "model"
    lists_changes: bool = False
    create_timeout: float = REQUEST_TIMEOUT
    update_timeout: float = REQUEST_TIMEOUT
    delete_timeout: float = REQUEST_TIMEOUT

    @property
    def carrier(self) -> Carrier:
        return Carrier.NATURAL if self.key else Carrier.TAGS

    @property
    def replace_on(self) -> frozenset[str]:
        return frozenset(name for name, one in self.properties.items() if one.replaces)

    def check(self, inputs: PropertyMap) -> Checked:
        unknown = sorted(inputs.keys() - self.properties.keys())
        return Checked(inputs, [Failure(name, "is not an input of this kind") for name in unknown])

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        now = {**prior, **observed}
        changes = {
            name: Change(now.get(name), inputs.get(name), replaces=one.replaces)
            for name, one in self.properties.items()
            if holds_unknown(inputs.get(name)) or revealed(now.get(name)) != revealed(inputs.get(name))
        }
        return Diff(changes, delete_before_replace=bool(self.key))

    def desired(self, inputs: PropertyMap) -> Fields:
        return {name: value for name, value in dict(revealed(inputs)).items() if not self.properties[name].write_only}

    def create(self, cloud: Cloud, inputs: PropertyMap, identity: str) -> Observation:
        assert not holds_unknown(inputs)

        def effect() -> str:
            missing = [value for value in self._needed(revealed(inputs)) if value not in cloud.things]
            if missing:
                raise Rejected(f"there is no {missing[0]}", status=404)
            if self.key and self._same_key(cloud, inputs):
                raise Rejected("it is there already", status=409)
            id = "/".join([cloud.name, *(str(revealed(inputs[name])) for name in self.key)]) if self.key else ""
            return cloud.make(self.token, inputs, identity, id=id, settles=not self.key)

        call = Call("create", self.token, identity=identity)
        try:
            id = cloud.send(call, effect)
        except Rejected as error:
            there = self._same_key(cloud, inputs) if self.key and error.status == 409 else []
            if not there or there[0].values != dict(revealed(inputs)):
                raise
            id = there[0].id
        return self._seen(cloud, id)

    def read(self, cloud: Cloud, id: str, inputs: PropertyMap) -> Observation | None:
        cloud.ask()
        thing = cloud.things.get(id)
        return cloud.observe(thing) if thing else None

    def update(self, cloud: Cloud, id: str, inputs: PropertyMap, changes: Mapping[str, Change]) -> Observation:
        def effect() -> str:
            if id not in cloud.things:
                raise Rejected(f"there is no {id}", status=404)
            values = {name: revealed(change.new) for name, change in changes.items()}
            there = {**cloud.things[id].values, **values}
            cloud.things[id].values = {name: value for name, value in there.items() if value is not None}
            return id

        if changes:
            cloud.send(Call("update", self.token, id=id), effect)
        else:
            cloud.ask()
        return self._seen(cloud, id)

    def delete(self, cloud: Cloud, id: str, inputs: PropertyMap) -> None:
        def effect() -> str:
            if cloud.is_used(id):
                raise Rejected(f"{id} is in use", status=409)
            cloud.things.pop(id, None)
            return id

        cloud.send(Call("delete", self.token, id=id), effect)

    def find(self, cloud: Cloud, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        shown = cloud.shown(self.token)
        cloud.ask()
        if self.key:
            same = self._same_key(cloud, inputs)
            return [cloud.observe(one) for one in same if one.values == dict(revealed(inputs))]
        return [cloud.observe(one) for one in shown if one.identity == identity]

    def list(self, cloud: Cloud, scope: Scope) -> Iterator[Page]:
        shown = cloud.shown(self.token)
        for start in range(0, len(shown), 2):
            yield Page([cloud.observe(one) for one in shown[start : start + 2]], last=False)
            cloud.ask()
        cloud.ask()
        yield Page([], last=True)

    def _seen(self, cloud: Cloud, id: str) -> Observation:
        """What is there once it is ready, as the promised end of a call."""
        thing = cloud.things.get(id)
        if thing is None:
            raise Uncertain(f"{id} went away meanwhile")
        now = cloud.schedule.seconds
        if thing.ready_at is None or thing.ready_at > now:
            broken = thing.ready_at is None
            raise Unsettled("not ready", observation=cloud.observe(thing), broken=broken)
        return cloud.observe(thing)

    def _needed(self, inputs: Mapping[str, Any]) -> list[str]:
        return [value for name, value in inputs.items() if self.properties[name].of]

    def _same_key(self, cloud: Cloud, inputs: PropertyMap) -> Sequence[Thing]:
        wanted = revealed(inputs)
        return [
            one
            for one in cloud.things.values()
            if one.type == self.token and all(one.values.get(name) == wanted.get(name) for name in self.key)
        ]


NETWORK, SUBNET, DISK = "model:net:Network", "model:net:Subnet", "model:disk:Disk"
SERVER, ATTACHMENT, KEY = "model:host:Server", "model:host:Attachment", "model:host:Key"

KINDS = {
    kind.token: kind
    for kind in (
        ModelKind(NETWORK, {"cidr": Property(replaces=True), "label": Property()}),
        ModelKind(SUBNET, {"network": Property(replaces=True, of=NETWORK), "label": Property()}),
        ModelKind(DISK, {"size": Property(), "medium": Property(replaces=True)}, data_bearing=True),
        ModelKind(
            SERVER,
            {
                "network": Property(replaces=True, of=NETWORK),
                "image": Property(replaces=True),
                "flavor": Property(),
                "password": Property(write_only=True),
            },
        ),
        ModelKind(
            ATTACHMENT,
            {"server": Property(replaces=True, of=SERVER), "disk": Property(replaces=True, of=DISK)},
            key=("server", "disk"),
        ),
        ModelKind(KEY, {"title": Property(replaces=True), "public": Property(replaces=True)}, key=("title",)),
    )
}


@dataclass(frozen=True)
class ModelProvider:
    """One cloud and the kinds above."""

    the_cloud: Cloud

    def kind(self, token: str, held: object = None) -> ModelKind:
        if token not in KINDS:
            raise WrongUse(f"there is no kind {token}")
        return KINDS[token]

    def kinds(self) -> Sequence[ModelKind]:
        return list(KINDS.values())

    def invoke(self, token: str, args: PropertyMap, cloud: Any) -> PropertyMap:
        raise WrongUse(f"there is no function {token}")

    def project(self, name: str) -> str:
        return self.the_cloud.name

    def calls_made(self, name: str) -> int:
        return self.the_cloud.calls

    def cloud(self, name: str) -> Cloud:
        return self.the_cloud

    def settle_seconds(self, name: str) -> float:
        return SETTLE


def secret(value: object) -> Secret:
    """A password as a program gives it."""
    return Secret(f"password-{value}")
