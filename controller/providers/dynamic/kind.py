"""DynamicKind: a resource whose calls its program brought along, as the SDK pickled them into the input `__provider`.

The pickled provider stands in the state, among the resource's inputs and outputs, so its deletes outlive the program.
It is told what Pulumi would tell it: the outputs of before and the new inputs. No identity can be given to it, so a
lost create cannot be found again (`Carrier.NONE`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from controller.domain.errors import WrongUse
from controller.engine import wire
from controller.engine.program.run import TIME_LIMIT
from controller.engine.properties import PropertyMap, PropertyValue, Secret, holds_secret, holds_unknown, revealed
from controller.engine.provider import (
    Carrier,
    Change,
    Checked,
    Diff,
    Failure,
    Fields,
    Held,
    Incomplete,
    Observation,
    Page,
    Rejected,
    Scope,
)
from controller.providers.dynamic.host import PROVIDER, DynamicHost

PREFIXES: Final = ("pulumi-python:dynamic:", "pulumi-python:dynamic/")
"""What the types of dynamic resources begin with; the rest is the class's own."""


class DynamicKind:
    """One type of a program's dynamic resources. `held` is what the state holds of the resource in question."""

    service = ""
    carrier = Carrier.NONE
    replace_on: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()
    data_bearing = False
    lists_changes = False
    imports_secret = False
    attaches: Mapping[str, tuple[str, str]] = {}
    autonamed = False
    create_timeout = update_timeout = delete_timeout = TIME_LIMIT

    def __init__(self, token: str, host: DynamicHost | None, held: Held | None) -> None:
        self.token = token
        self._serving = host
        self._held = held

    def check(self, inputs: PropertyMap) -> Checked:
        """As the provider checks and completes them. Before anything is known of the provider they are as they are."""
        known = self._held.inputs if self._held is not None else {}
        if PROVIDER not in inputs:
            return Checked(inputs, (Failure(PROVIDER, "is missing: make it by pulumi.dynamic.Resource"),))
        if holds_unknown(inputs[PROVIDER]) and PROVIDER not in known:
            return Checked(inputs)
        request = provider_pb2.CheckRequest(olds=self._sent(known), news=self._sent(inputs))
        answer = self._host.call("Check", request, self.update_timeout)
        failures = [Failure(failure.property, self._host.masked(failure.reason)) for failure in answer.failures]
        return Checked(_as_secret_as(wire.decode(answer.inputs), inputs), failures)

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        """What the provider says; where it leaves that open, the inputs that differ."""
        request = provider_pb2.DiffRequest(
            id=self._held.id if self._held else "", olds=self._sent(self._outputs(prior)), news=self._sent(inputs)
        )
        answer = self._host.call("Diff", request, self.update_timeout)
        differing = {name for name in {*prior, *inputs} if _differ(prior.get(name), inputs.get(name))}
        match answer.changes:
            case provider_pb2.DiffResponse.DIFF_NONE:
                return Diff()
            case provider_pb2.DiffResponse.DIFF_SOME:
                # Where nothing of the inputs differs, the provider itself knows what does.
                names = (differing | set(answer.replaces)) or {PROVIDER}
            case _:
                names = differing and differing | set(answer.replaces)
        return Diff(
            {name: Change(prior.get(name), inputs.get(name), name in answer.replaces) for name in sorted(names)},
            delete_before_replace=answer.deleteBeforeReplace,
            recomputes=True,
        )

    def desired(self, inputs: PropertyMap) -> Fields:
        """What an import must agree with: all inputs in which nothing is secret."""
        return {name: value for name, value in inputs.items() if name != PROVIDER and not holds_secret(value)}

    def create(self, cloud: None, inputs: PropertyMap, identity: str) -> Observation:
        """Has the provider make it. Raises Rejected where it gives no id, since nothing could be done with it then."""
        request = provider_pb2.CreateRequest(properties=self._sent(inputs))
        answer = self._host.call("Create", request, self.create_timeout)
        if not answer.id:
            raise Rejected(
                "the dynamic provider's create gave no id for what it made",
                status=400,
                remedy="have it return a CreateResult with an id, and remove by hand what it has made",
            )
        return self._observation(answer.id, answer.properties, inputs)

    def read(self, cloud: None, id: str, inputs: PropertyMap) -> Observation | None:
        """As the provider reads it; None where it says that nothing is there."""
        request = provider_pb2.ReadRequest(id=id, properties=self._sent(self._outputs(inputs)))
        answer = self._host.call("Read", request, self.update_timeout)
        return self._observation(answer.id, answer.properties, inputs) if answer.id else None

    def update(self, cloud: None, id: str, inputs: PropertyMap, changes: Mapping[str, Change]) -> Observation:
        """Has the provider change it; without a change it is only read."""
        if not changes:
            found = self.read(cloud, id, inputs)
            if found is None:
                raise Incomplete(f"the provider knows nothing of {id}")
            return found
        olds = self._held.outputs if self._held is not None else inputs
        request = provider_pb2.UpdateRequest(id=id, olds=self._sent(olds), news=self._sent(inputs))
        answer = self._host.call("Update", request, self.update_timeout)
        return self._observation(id, answer.properties, inputs)

    def delete(self, cloud: None, id: str, inputs: PropertyMap) -> None:
        """Has the provider remove it."""
        request = provider_pb2.DeleteRequest(id=id, properties=self._sent(self._outputs(inputs)))
        self._host.call("Delete", request, self.delete_timeout)

    def find(self, cloud: None, identity: str, inputs: PropertyMap) -> Sequence[Observation]:
        """Never: the provider was given no identity."""
        raise Incomplete("a dynamic provider cannot be asked for what it made")

    def list(self, cloud: None, scope: Scope) -> Iterator[Page]:
        """Never: a provider knows one resource at a time."""
        raise Incomplete("a dynamic provider cannot be asked for all that it made")

    @property
    def _host(self) -> DynamicHost:
        if self._serving is None:
            raise WrongUse(
                "the dynamic providers of a program are not served here",
                where=self.token,
                remedy="yunguan program preview, up or destroy serves them",
            )
        return self._serving

    def _outputs(self, inputs: PropertyMap) -> PropertyMap:
        """What the state holds of the resource as it was left; before there is such, what was asked for."""
        held = self._held.outputs if self._held is not None else {}
        return held if PROVIDER in held else inputs

    def _sent(self, properties: PropertyMap) -> Any:
        """`properties` as the provider is sent them: in plain, and masked in all that it prints from now on."""
        self._host.learn({name: value for name, value in properties.items() if name != PROVIDER})
        return wire.encode(revealed(properties))

    def _observation(self, id: str, properties: Any, inputs: PropertyMap) -> Observation:
        outputs = _as_secret_as(wire.decode(properties), inputs)
        fields = {name: outputs.get(name, value) for name, value in self.desired(inputs).items()}
        return Observation(id=id, fields=fields, outputs=outputs)


def _differ(old: PropertyValue, new: PropertyValue) -> bool:
    return holds_unknown(new) or revealed(old) != revealed(new)


def _as_secret_as(value: Any, like: PropertyValue) -> Any:
    """`value`, in which is secret what is secret at the same place of `like`: a provider is not told what is."""
    if isinstance(like, Secret):
        return value if isinstance(value, Secret) else Secret(value)
    if isinstance(value, Mapping) and isinstance(like, Mapping):
        return {name: _as_secret_as(item, like.get(name)) for name, item in value.items()}
    if isinstance(value, list) and isinstance(like, list | tuple):
        return [*map(_as_secret_as, value, like), *value[len(like) :]]
    return value
