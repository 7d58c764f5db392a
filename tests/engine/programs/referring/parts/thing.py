"""The resource that the program and the package `parts` know by the same class, as they would from a generated SDK."""

from typing import Any

import pulumi


class Thing(pulumi.CustomResource):
    made: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Any) -> None:
        super().__init__("t:m:Thing", name, {"made": None, **inputs}, opts)


class Module(pulumi.runtime.ResourceModule):
    def version(self) -> Any:
        return None

    def construct(self, name: str, typ: str, urn: str) -> pulumi.Resource:
        return Thing(name, pulumi.ResourceOptions(urn=urn))


pulumi.runtime.register_resource_module("t", "m", Module())
