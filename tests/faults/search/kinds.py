"""The model cloud's kinds behind the engine's interface.

They are not those of `tests/engine/double.py`: here time stands still unless the schedule moves it, and whoever asks
gives up its turn; there calls take real time, and faults are put in by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.domain.errors import WrongUse
from controller.engine.properties import PropertyMap, holds_unknown, revealed
from controller.engine.provider import (
    Carrier,
    Change,
    Checked,
    Diff,
    Failure,
    Fields,
    Observation,
    Page,
    Rejected,
    Scope,
    Uncertain,
    Unsettled,
    View,
)
from tests.faults.search.cloud import REQUEST_TIMEOUT, SETTLE, Call, Cloud, Thing
from tests.faults.search.schema import SCHEMAS, Schema


@dataclass(frozen=True)
class ModelKind:
    """A kind of this cloud."""

    token: str
    schema: Schema
    autonamed: bool = False
    imports_secret: bool = False
    service: str = "model"
    keeps: frozenset[str] = frozenset()
    lists_changes: bool = False
    attaches: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    create_timeout: float = REQUEST_TIMEOUT
    update_timeout: float = REQUEST_TIMEOUT
    delete_timeout: float = REQUEST_TIMEOUT

    @property
    def data_bearing(self) -> bool:
        return self.schema.data_bearing

    @property
    def carrier(self) -> Carrier:
        return Carrier.NATURAL if self.schema.key else Carrier.TAGS

    @property
    def replace_on(self) -> frozenset[str]:
        return frozenset(name for name, one in self.schema.properties.items() if one.replaces)

    def check(self, inputs: PropertyMap) -> Checked:
        unknown = sorted(inputs.keys() - self.schema.properties.keys())
        return Checked(inputs, [Failure(name, "is not an input of this kind") for name in unknown])

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        now = {**prior, **observed}
        changes = {
            name: Change(now.get(name), inputs.get(name), replaces=one.replaces)
            for name, one in self.schema.properties.items()
            if holds_unknown(inputs.get(name)) or revealed(now.get(name)) != revealed(inputs.get(name))
        }
        return Diff(changes, delete_before_replace=bool(self.schema.key))

    def desired(self, inputs: PropertyMap) -> Fields:
        shown = {name for name, one in self.schema.properties.items() if not one.write_only}
        return {name: value for name, value in dict(revealed(inputs)).items() if name in shown}

    def create(self, cloud: Cloud, inputs: PropertyMap, identity: str) -> Observation:
        assert not holds_unknown(inputs)

        def effect() -> str:
            missing = [value for value in self._needed(revealed(inputs)) if value not in cloud.things]
            if missing:
                raise Rejected(f"there is no {missing[0]}", status=404)
            if self.schema.key and self._same_key(cloud, inputs):
                raise Rejected("it is there already", status=409)
            key = [str(revealed(inputs[name])) for name in self.schema.key]
            return cloud.make(self.token, inputs, identity, id="/".join([cloud.name, *key]) if key else "")

        call = Call("create", self.token, identity=identity)
        try:
            id = cloud.send(call, effect)
        except Rejected as error:
            there = self._same_key(cloud, inputs) if self.schema.key and error.status == 409 else []
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
        if self.schema.key:
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
        return [value for name, value in inputs.items() if self.schema.properties[name].of]

    def _same_key(self, cloud: Cloud, inputs: PropertyMap) -> Sequence[Thing]:
        wanted = revealed(inputs)
        return [
            one
            for one in cloud.things.values()
            if one.type == self.token and all(one.values.get(name) == wanted.get(name) for name in self.schema.key)
        ]


KINDS = {token: ModelKind(token, schema) for token, schema in SCHEMAS.items()}


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

    def views(self, entry: str, names: Collection[str]) -> Sequence[View]:
        return [View(entry, frozenset(names))]

    def project(self, name: str) -> str:
        return self.the_cloud.name

    def calls_made(self, name: str) -> int:
        return self.the_cloud.calls

    def cloud(self, name: str) -> Cloud:
        return self.the_cloud

    def settle_seconds(self, name: str) -> float:
        return SETTLE
