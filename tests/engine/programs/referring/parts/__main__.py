"""The package `parts`: a shelf that is given a resource itself, and hands it back among its outputs."""

import sys
from typing import Any

import pulumi
from pulumi.provider import ConstructResult, Provider
from pulumi.provider.server import main
from thing import Thing


class Parts(Provider):
    def construct(self, name: str, resource_type: str, inputs: Any, options: Any = None) -> ConstructResult:
        shelf = pulumi.ComponentResource(resource_type, name, {}, options)
        thing = inputs["thing"]
        assert isinstance(thing, Thing)
        Thing(f"{name}-copy", pulumi.ResourceOptions(parent=shelf), like=thing.made)
        shelf.register_outputs({"thing": thing})
        return ConstructResult(shelf.urn, {"thing": thing})


if __name__ == "__main__":
    main(Parts("1.0.0"), sys.argv[1:])
