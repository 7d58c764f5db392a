"""What the program registers, recorded by Pulumi's own test support."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pulumi.runtime

_ADDRESS = "10.20.0.10"


@dataclass(frozen=True)
class Registered:
    """One registration, as the monitor saw it."""

    type: str
    name: str
    inputs: dict[str, Any]


@dataclass
class Recording(pulumi.runtime.Mocks):
    """Gives each resource the id `<name>-id` and the few outputs that other resources read."""

    resources: list[Registered] = field(default_factory=list)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append(Registered(args.typ, args.name, dict(args.inputs)))
        return f"{args.name}-id", {**args.inputs, "allFixedIps": [_ADDRESS], "address": "203.0.113.7"}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"the program asks the cloud: {args.token}")

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Inputs by name of all resources whose type ends in `kind`."""
        return {one.name: one.inputs for one in self.resources if one.type.endswith(f":{kind}")}
