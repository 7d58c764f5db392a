"""The package `parts`: a house asks for its hall by way of the engine, as if the hall were another package's."""

from typing import TypedDict

import pulumi
from pulumi.provider.experimental import component_provider_host


class NoArgs(TypedDict):
    pass


class Hall(pulumi.ComponentResource):
    rooms: pulumi.Output[int]

    def __init__(self, name: str, args: NoArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("parts:index:Hall", name, {}, opts)
        self.door = pulumi.CustomResource("t:m:Thing", f"{name}-door", {}, pulumi.ResourceOptions(parent=self))
        self.rooms = self.door.id.apply(lambda _: 1)
        self.register_outputs({"rooms": self.rooms})


class AskedHall(pulumi.ComponentResource):
    rooms: pulumi.Output[int]

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("parts:index:Hall", name, {"rooms": None}, opts, remote=True)


class House(pulumi.ComponentResource):
    rooms: pulumi.Output[int]

    def __init__(self, name: str, args: NoArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("parts:index:House", name, {}, opts)
        self.rooms = AskedHall(f"{name}-hall", pulumi.ResourceOptions(parent=self)).rooms
        self.register_outputs({"rooms": self.rooms})


if __name__ == "__main__":
    component_provider_host(name="parts", components=[House, Hall])
