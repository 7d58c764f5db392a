"""Kinds with the pure half alone, for whatever plans: they check, compare, and call no cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.domain.errors import WrongUse
from controller.engine.plan import Op, Operation
from controller.engine.properties import UNKNOWN, PropertyMap
from controller.engine.provider import Carrier, Change, Checked, Diff, Failure, Fields
from controller.engine.registration import Options, Registration
from controller.engine.state import ResourceState

STACK = "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"


@dataclass(frozen=True)
class PureKind:
    """A kind whose inputs are all compared as they stand; `refused` inputs are not accepted."""

    token: str
    replace_on: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()
    data_bearing: bool = False
    delete_before_replace: bool = False
    autonamed: bool = False
    imports_secret: bool = False
    refused: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    service: str = "test"
    carrier: Carrier = Carrier.TAGS

    def check(self, inputs: PropertyMap) -> Checked:
        failures = [Failure(name, "is not an input of this kind") for name in sorted(self.refused & inputs.keys())]
        return Checked({**self.defaults, **inputs}, failures)

    def diff(self, prior: PropertyMap, observed: Fields, inputs: PropertyMap) -> Diff:
        before = {**prior, **observed}
        return Diff(
            {
                name: Change(before.get(name), inputs.get(name), replaces=name in self.replace_on)
                for name in sorted({**before, **inputs})
                if inputs.get(name) is UNKNOWN or before.get(name) != inputs.get(name)
            },
            self.delete_before_replace,
        )

    def desired(self, inputs: PropertyMap) -> Fields:
        return dict(inputs)


@dataclass(frozen=True)
class PureProvider:
    """Knows the kinds that it is given; with `others`, any further token is a kind without peculiarities."""

    known: Mapping[str, PureKind] = field(default_factory=dict)
    others: bool = True

    def kind(self, token: str, held: object = None) -> Any:
        if token not in self.known and not self.others:
            raise WrongUse(f"the resource type {token} is not known")
        return self.known.get(token, PureKind(token))

    def cloud(self, name: str) -> Any:
        raise AssertionError(f"a plan asked for the cloud {name}")


def urn(name: str, type_: str = "t:m:Thing") -> str:
    return f"urn:pulumi:s::p::{type_}::{name}"


def registered(name: str, type_: str = "t:m:Thing", /, **inputs: Any) -> Registration:
    """A resource that stands alone and has no options."""
    return Registration(urn(name, type_), type_, name, custom=True, parent="", inputs=inputs)


def with_options(registration: Registration, **options: Any) -> Registration:
    return Registration(**{**vars(registration), "options": Options(**options)})


def made(name: str, type_: str = "t:m:Thing", /, **inputs: Any) -> ResourceState:
    """The state of a resource that was made with `inputs` and is seen as it was made."""
    return ResourceState(
        urn=urn(name, type_),
        generation=1,
        type=type_,
        custom=True,
        id=f"id-{name}",
        parent="",
        inputs=inputs,
        outputs={**inputs, "made": True},
        observed=inputs,
    )


def planned(name: str, op: Op, type_: str = "t:m:Thing", /, **inputs: Any) -> Operation:
    return Operation(urn(name, type_), type_, op, inputs)
