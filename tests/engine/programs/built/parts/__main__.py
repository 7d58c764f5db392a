"""The package `parts`: walls of bricks."""

from typing import TypedDict

import pulumi
from pulumi.provider.experimental import component_provider_host


class WallArgs(TypedDict):
    height: pulumi.Input[int]
    stone: pulumi.Input[str]
    word: pulumi.Input[str]


class Wall(pulumi.ComponentResource):
    bricks: pulumi.Output[int]
    word: pulumi.Output[str]

    def __init__(self, name: str, args: WallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("parts:index:Wall", name, {}, opts)
        if pulumi.Config("built").get("collapse"):
            raise ValueError(f"the wall collapses: {pulumi.Config('built').get('why')}")
        for number in range(2):
            inputs = {"stone": args["stone"], "word": args["word"]}
            pulumi.CustomResource("t:m:Thing", f"{name}-{number}", inputs, pulumi.ResourceOptions(parent=self))
        self.bricks = pulumi.Output.from_input(args["height"]).apply(lambda height: int(height) * 10)
        self.word = pulumi.Output.from_input(args["word"])
        self.register_outputs({"bricks": self.bricks, "word": self.word})


if __name__ == "__main__":
    component_provider_host(name="parts", components=[Wall])
