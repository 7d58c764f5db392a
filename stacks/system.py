"""The component of one system in one zone: SystemSpec in, all its resources out, and what people want to read of them.

Called by `__main__.py` within a Pulumi run; the engine's runner calls `program` the same way.
"""

from __future__ import annotations

from typing import Any

import pulumi

from controller.domain.spec import SystemSpec
from stacks import ecs, eip, network, security, slb
from stacks.naming import Context
from stacks.tags import MeterTags


class System(pulumi.ComponentResource):
    """Network, security groups, machines, load balancers and addresses of a system, under one parent."""

    machines: dict[str, dict[str, pulumi.Output[str]]]
    balancers: dict[str, dict[str, pulumi.Output[str]]]
    addresses: dict[str, pulumi.Output[str]]

    def __init__(self, spec: SystemSpec) -> None:
        name = f"{spec.metadata.system}-{spec.metadata.zone}"
        super().__init__("yunguan:stacks:System", name)
        context = Context(spec, MeterTags.of(spec), parent=self)
        own_network = network.build(context)
        groups = security.build(context)
        servers = ecs.build(context, own_network, groups)
        balancers = slb.build(context, own_network, groups, servers)
        self.addresses = eip.build(context, own_network, servers, balancers)
        self.machines = {
            server.machine.name: {"id": server.instance.id, "address": server.address} for server in servers
        }
        self.balancers = {
            one.cluster.name: {"id": one.balancer.id, "address": one.vip.all_fixed_ips[0]} for one in balancers
        }
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, Any]:
        """`machines` and `balancers` with id and inner address, `addresses` as clients see them; all by name."""
        return {"machines": self.machines, "balancers": self.balancers, "addresses": self.addresses}


def program() -> None:
    """Build the system that the configuration `yunguan:spec` describes, and export its outputs as the stack's."""
    system = System(SystemSpec.model_validate_json(pulumi.Config("yunguan").require("spec")))
    for name, value in system.outputs().items():
        pulumi.export(name, value)
