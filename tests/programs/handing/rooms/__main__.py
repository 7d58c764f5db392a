"""The package `rooms`: a subnet in the very network that it is given, and a method of it."""

import sys
from typing import Any

import pulumi
import pulumi_openstack as openstack
from pulumi.provider import CallResult, ConstructResult, Provider
from pulumi.provider.server import main


class Rooms(Provider):
    def construct(self, name: str, resource_type: str, inputs: Any, options: Any = None) -> ConstructResult:
        network = inputs["network"]
        room = pulumi.ComponentResource(resource_type, name, {"network": network}, options)
        openstack.networking.Subnet(
            f"{name}-subnet",
            network_id=network.id,
            name=pulumi.Output.concat("in ", network.name),
            cidr="10.41.0.0/24",
            opts=pulumi.ResourceOptions(parent=room),
        )
        room.register_outputs({"network": network})
        return ConstructResult(room.urn, {"network": network})

    def call(self, token: str, args: Any) -> CallResult:
        return CallResult({"text": pulumi.Output.concat("a room in ", args["word"])})


if __name__ == "__main__":
    main(Rooms("1.0.0"), sys.argv[1:])
