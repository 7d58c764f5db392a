"""Asks for many components at once, each of which its package builds out of another one of its own."""

from __future__ import annotations

import pulumi


class House(pulumi.ComponentResource):
    rooms: pulumi.Output[int]

    def __init__(self, name: str) -> None:
        super().__init__("parts:index:House", name, {"rooms": None}, None, remote=True)


houses = [House(f"house-{number}") for number in range(20)]
pulumi.export("rooms", pulumi.Output.all(*(house.rooms for house in houses)).apply(sum))
