"""Hands a resource itself to a component, gets it back from there, and finds one by its URN."""

from __future__ import annotations

import sys
from pathlib import Path

import pulumi

sys.path.insert(0, str(Path(__file__).parent / "parts"))

from thing import Thing


class Shelf(pulumi.ComponentResource):
    thing: pulumi.Output[Thing]

    def __init__(self, name: str, thing: Thing) -> None:
        super().__init__("parts:index:Shelf", name, {"thing": thing}, None, remote=True)


first = Thing("first")
shelf = Shelf("shelf", first)
Thing("last", of=shelf.thing.apply(lambda thing: thing.made), itself=first)
again = first.urn.apply(lambda urn: Thing("again", pulumi.ResourceOptions(urn=urn)))
pulumi.export("id", again.apply(lambda thing: thing.id))
