"""A cloud in memory behind the engine's own interface of kinds, small, with knobs to fail; and a program to run on it.

It stands beside the real kinds (`controller.providers`): the same contract, no network. Every mutating call is told to
a witness first, which the tests use to prove that its intent was committed before.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from controller.domain.errors import WrongUse
from controller.engine.properties import UNKNOWN, PropertyMap, holds_unknown, revealed, transform
from controller.engine.provider import (
    Carrier,
    Change,
    Checked,
    Diff,
    Failure,
    Fields,
    Incomplete,
    Kind,
    NoAnswer,
    Observation,
    Page,
    Rejected,
    Scope,
    Uncertain,
    Unsettled,
    View,
)
from controller.engine.provider_resource import CLOUD, ProviderResource
from controller.engine.registration import Options, Registered, Registrar, Registration
from controller.engine.wire import UNKNOWN_MARK

NET, DISK, LINK = "test:index:Net", "test:index:Disk", "test:index:Link"
NAMED = "test:index:Named"
GET_NET = "test:index:getNet"
PROVIDER = "pulumi:providers:test"
PROJECT = "urn:pulumi:test::project"
COMPONENT = "test:index:System"

SETTLE = 0.2
"""Seconds within which the effect of a lost call shows up."""


@dataclass
class Thing:
    """What lies in the cloud."""

    id: str
    type: str
    inputs: dict[str, Any]
    identity: str
    made: int


@dataclass(frozen=True)
class Call:
    """A mutating call that reached the cloud."""

    op: str
    type: str
    identity: str = ""
    id: str = ""


Fault = str
"""reject, lose_before, lose_after, late, unsettled, broken or (a delete) stuck, or ignored, as if it were done;
incomplete for lists and reads.
"""


@dataclass
class Cloud:
    """Things by id, the calls that changed them, and what shall go wrong next (by operation, first in first out).

    While it is `blind` its lists are whole and empty. By its `clock` (seconds) what is late takes its effect.
    """

    things: dict[str, Thing] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    witness: Callable[[Call], None] = lambda call: None
    blind: bool = False
    clock: Callable[[], float] = time.monotonic
    _late: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def next_fault(self, op: str) -> Fault | None:
        with self.lock:
            queue = self.faults.get(op, [])
            return queue.pop(0) if queue else None

    def settle(self, *, after: float = 0.0) -> None:
        """Lets what is due take its effect, as if `after` seconds had passed."""
        now = self.clock() + after
        with self.lock:
            due = [effect for at, effect in self._late if at <= now]
            self._late = [(at, effect) for at, effect in self._late if at > now]
            for effect in due:
                effect()

    def change(self, call: Call, effect: Callable[[], str]) -> str:
        """Does `effect` as the next fault of that operation has it; returns the id."""
        self.witness(call)
        fault = self.next_fault(call.op)
        with self.lock:
            if fault == "reject":
                raise Rejected("the cloud refuses", status=409)
            self.calls.append(call)
            if fault == "lose_before":
                raise Uncertain("connection closed before the reply")
            if fault == "late":
                self._late.append((self.clock() + 0.7 * SETTLE, lambda: str(effect()) and None))
                raise Uncertain("time-out")
            if fault == "stuck":
                raise Unsettled("still there", observation=observe(self.things[call.id]))
            if fault == "ignored":
                return call.id
            id = effect()
            if fault == "lose_after":
                raise Uncertain("connection closed before the reply")
            if fault in {"unsettled", "broken"} and id in self.things:
                raise Unsettled("not ready", observation=observe(self.things[id]), broken=fault == "broken")
            return id

    def make(self, type_: str, inputs: PropertyMap, identity: str) -> str:
        number = next(self._numbers)
        thing = Thing(f"id-{number}", type_, dict(revealed(inputs)), identity, number)
        self.things[thing.id] = thing
        return thing.id

    def listed(self) -> list[Thing]:
        """What lists show."""
        return [] if self.blind else list(self.things.values())

    def duplicates(self) -> list[str]:
        """Identities that more than one thing carries."""
        counts = Counter(thing.identity for thing in self.things.values())
        return [identity for identity, count in counts.items() if count > 1]


def observe(thing: Thing) -> Observation:
    return Observation(
        id=thing.id,
        fields={key: value for key, value in thing.inputs.items() if key != "password"},
        outputs={**thing.inputs, "createdAt": f"{thing.made:06}", "address": f"address of {thing.id}"},
        identity=thing.identity,
    )


@dataclass(frozen=True)
class DoubleKind:
    """A kind of the double. Inputs in `replace_on` cannot change in place; all others can."""

    token: str
    replace_on: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()
    data_bearing: bool = False
    natural: bool = False
    autonamed: bool = False
    imports_secret: bool = False
    service: str = "test"
    create_timeout: float = 1
    update_timeout: float = 1
    delete_timeout: float = 1

    @property
    def carrier(self) -> Carrier:
        return Carrier.NATURAL if self.natural else Carrier.TAGS

    def check(self, inputs: PropertyMap) -> Checked:
        bad = (
            [Failure("size", "must not be negative")]
            if isinstance(inputs.get("size"), int) and inputs["size"] < 0
            else []
        )
        return Checked({"colour": "grey", **inputs}, bad)

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        now = {**prior, **observed}
        changes = {
            key: Change(now.get(key), inputs.get(key), replaces=key in self.replace_on)
            for key in sorted({*now, *inputs})
            if holds_unknown(inputs.get(key)) or revealed(now.get(key)) != revealed(inputs.get(key))
        }
        return Diff(changes, delete_before_replace=self.natural)

    def desired(self, inputs: PropertyMap) -> Fields:
        return {key: value for key, value in dict(revealed(inputs)).items() if key != "password"}

    def create(self, cloud: Cloud, inputs: PropertyMap, identity: str) -> Observation:
        assert not holds_unknown(inputs)
        if self.natural and (there := self.find(cloud, identity, inputs)):
            return there[0]
        call = Call("create", self.token, identity=identity)
        id = cloud.change(call, lambda: cloud.make(self.token, inputs, identity))
        return observe(cloud.things[id])

    def read(self, cloud: Cloud, id: str, inputs: PropertyMap) -> Observation | None:
        cloud.settle()
        if cloud.next_fault("read") == "incomplete":
            raise Incomplete("no answer")
        thing = cloud.things.get(id)
        return observe(thing) if thing else None

    def update(self, cloud: Cloud, id: str, inputs: PropertyMap, changes: Mapping[str, Change]) -> Observation:
        cloud.settle()
        if id not in cloud.things:
            raise Rejected("there is no such thing", status=404)
        if changes:
            values = {key: revealed(change.new) for key, change in changes.items()}

            def effect() -> str:
                inputs_now = {**cloud.things[id].inputs, **values}
                cloud.things[id].inputs = {key: value for key, value in inputs_now.items() if value is not None}
                return id

            cloud.change(Call("update", self.token, id=id), effect)
        elif cloud.next_fault("wait") == "unsettled":
            raise Unsettled("not ready", observation=observe(cloud.things[id]))
        return observe(cloud.things[id])

    def delete(self, cloud: Cloud, id: str, inputs: PropertyMap) -> None:
        cloud.settle()
        if id in cloud.things:

            def effect() -> str:
                cloud.things.pop(id, None)
                return id

            cloud.change(Call("delete", self.token, id=id), effect)

    def find(self, cloud: Cloud, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        cloud.settle()
        if cloud.next_fault("find") == "incomplete":
            raise Incomplete("the list broke off")
        with cloud.lock:
            if self.natural:
                wanted = self.desired(inputs)
                key = {name: wanted.get(name) for name in self.replace_on}
                return [
                    observe(one)
                    for one in cloud.things.values()
                    if one.type == self.token and {name: one.inputs.get(name) for name in self.replace_on} == key
                ]
            return [observe(one) for one in cloud.listed() if one.identity == identity]

    def list(self, cloud: Cloud, scope: Scope) -> Iterator[Page]:
        cloud.settle()
        yield Page([observe(one) for one in cloud.listed() if one.type == self.token], last=True)


KINDS = {
    kind.token: kind
    for kind in (
        DoubleKind(NET, replace_on=frozenset({"cidr"})),
        DoubleKind(DISK, replace_on=frozenset({"medium"}), data_bearing=True),
        DoubleKind(NAMED, replace_on=frozenset({"medium"}), autonamed=True),
        DoubleKind(LINK, replace_on=frozenset({"left", "right"}), natural=True),
    )
}


@dataclass
class DoubleProvider:
    """The stack's cloud, others by name, and the double's kinds."""

    the_cloud: Cloud = field(default_factory=Cloud)
    others: dict[str, Cloud] = field(default_factory=dict)

    def kind(self, token: str, held: object = None) -> Kind:
        if token == PROVIDER:
            return ProviderResource("test", CLOUD)
        if token not in KINDS:
            raise WrongUse(f"there is no kind {token}")
        return KINDS[token]

    def kinds(self) -> Sequence[Kind]:
        return list(KINDS.values())

    def invoke(self, token: str, args: PropertyMap, cloud: Cloud) -> PropertyMap:
        if token != GET_NET:
            raise WrongUse(f"there is no function {token}")
        found = [one for one in cloud.things.values() if one.inputs.get("name") == args["name"]]
        if len(found) != 1:
            raise NoAnswer(f"{len(found)} are called so")
        return {**args, **found[0].inputs, "id": found[0].id}

    def calls_made(self, name: str) -> int:
        return len(self.the_cloud.calls)

    def cloud(self, name: str) -> Cloud:
        return self.others.get(name, self.the_cloud)

    def views(self, entry: str, names: Collection[str]) -> Sequence[View]:
        return [View(entry, frozenset(names))]

    def project(self, name: str) -> str:
        return "project"

    def settle_seconds(self, name: str) -> float:
        return SETTLE


@dataclass(frozen=True)
class Out:
    """An input that is an output of another resource (its id where no other is named)."""

    of: str
    output: str = "id"


@dataclass(frozen=True)
class Want:
    """A resource of a program, by name."""

    name: str
    type: str = NET
    inputs: Mapping[str, Any] = field(default_factory=dict)
    after: Sequence[str] = ()
    options: Options = field(default_factory=Options)
    provider: str = ""

    @property
    def urn(self) -> str:
        return urn(self.name, self.type)


def urn(name: str, type_: str = NET) -> str:
    return f"{PROJECT}::{COMPONENT}${type_}::{name}"


SYSTEM = f"{PROJECT}::{COMPONENT}::system"


class TestProgram:
    """Registers a component and then its children, each once what it needs has been answered, on `threads` threads.

    `answers`: what it was told, by name.
    """

    __test__ = False

    def __init__(self, *wants: Want, threads: int = 1) -> None:
        self._wants = wants
        self._threads = threads

    def __call__(self, registrar: Registrar) -> None:
        registrar.register(Registration(SYSTEM, COMPONENT, "system", False, "", {}))
        answers = self.answers = dict[str, Registered]()
        waiting = list(self._wants)
        with ThreadPoolExecutor(self._threads) as pool:
            while waiting:
                ready = [one for one in waiting if _origins(one) <= answers.keys()]
                assert ready, "the program depends on itself"
                waiting = [one for one in waiting if one not in ready]
                answered = [(one, pool.submit(registrar.register, self._registration(one, answers))) for one in ready]
                answers |= {one.name: future.result() for one, future in answered}
        registrar.register_outputs(SYSTEM, {"names": [one.name for one in self._wants]})

    def _registration(self, want: Want, answers: Mapping[str, Registered]) -> Registration:
        by_name = {one.name: one.urn for one in self._wants}

        def resolve(leaf: Any) -> Any:
            if not isinstance(leaf, Out):
                return leaf
            answer = answers[leaf.of]
            return answer.id if leaf.output == "id" else answer.outputs.get(leaf.output, UNKNOWN)

        origins = {
            key: [by_name[name] for name in sorted(_origins(Want("", inputs={key: value})))]
            for key, value in want.inputs.items()
        }
        return Registration(
            urn=want.urn,
            type=want.type,
            name=want.name,
            custom=True,
            parent=SYSTEM,
            inputs={key: transform(value, resolve) for key, value in want.inputs.items()},
            dependencies=[by_name[name] for name in sorted(_origins(replace(want, provider="")))],
            property_dependencies={key: urns for key, urns in origins.items() if urns},
            options=want.options,
            provider=_reference(by_name[want.provider], answers[want.provider]) if want.provider else "",
        )


def _reference(urn: str, answer: Registered) -> str:
    return f"{urn}::{UNKNOWN_MARK if answer.id is UNKNOWN else answer.id}"


def _origins(want: Want) -> set[str]:
    names = {*want.after, want.provider} - {""}

    def gather(leaf: Any) -> Any:
        if isinstance(leaf, Out):
            names.add(leaf.of)
        return leaf

    transform(dict(want.inputs), gather)
    return names


def changed(want: Want, **inputs: Any) -> Want:
    """`want` with other inputs."""
    return replace(want, inputs={**want.inputs, **inputs})
