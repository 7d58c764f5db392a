"""Asks the package beside it for a component, as a generated SDK would."""

from __future__ import annotations

import pulumi


class Wall(pulumi.ComponentResource):
    bricks: pulumi.Output[int]
    word: pulumi.Output[str]

    def __init__(self, name: str, props: pulumi.Inputs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("parts:index:Wall", name, {"bricks": None, "word": None, **props}, opts, remote=True)


config = pulumi.Config()
first = pulumi.CustomResource("t:m:Thing", "first", {"size": 1})
seen = pulumi.ResourceHook("seen", lambda args: print(f"saw {args.name}"))
wall = Wall(
    "wall",
    {"height": config.get_int("height") or 2, "stone": first.id, "word": pulumi.Output.secret("hush")},
    pulumi.ResourceOptions(protect=True, hooks=pulumi.ResourceHookBinding(before_create=[seen], after_delete=[seen])),
)
pulumi.CustomResource("t:m:Thing", "last", {"bricks": wall.bricks})
pulumi.export("bricks", wall.bricks)
