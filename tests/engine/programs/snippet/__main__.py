"""Runs the lines of the configuration `snippet:body`. `Thing` is a resource with the outputs `made` and `key`."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi import Config, ResourceOptions, export  # noqa: F401 - for the lines


class Thing(pulumi.CustomResource):
    made: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(self, name: str, opts: ResourceOptions | None = None, /, **inputs: Any) -> None:
        super().__init__("t:m:Thing", name, {"made": None, "key": None, **inputs}, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, opts: ResourceOptions | None = None) -> None:
        super().__init__("my:parts:Group", name, None, opts)


exec(Config("snippet").require("body"))  # noqa: S102 - the lines are those of the test
