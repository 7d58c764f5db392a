"""Hands a network itself to a component that a package builds, and asks that component something."""

from __future__ import annotations

import pulumi
import pulumi_openstack as openstack


class Room(pulumi.ComponentResource):
    network: pulumi.Output[openstack.networking.Network]

    def __init__(self, name: str, network: openstack.networking.Network) -> None:
        super().__init__("rooms:index:Room", name, {"network": network}, None, remote=True)

    def described(self, word: pulumi.Input[str]) -> pulumi.Output[str]:
        asked = {"__self__": self, "word": word}
        return pulumi.runtime.call_single("rooms:index:Room/describe", asked, self)


config = pulumi.Config()
network = openstack.networking.Network("network", name=config.require("name"))
room = Room("room", network)
pulumi.export("name", room.network.apply(lambda one: one.name))
pulumi.export("described", room.described(network.name))
