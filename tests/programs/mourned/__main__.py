"""A network whose deletion is written down beforehand, in the file that the setting `book` names."""

from __future__ import annotations

from pathlib import Path

import pulumi
from pulumi_openstack import networking

book = Path(pulumi.Config().require("book"))


def write(args: pulumi.ResourceHookArgs) -> None:
    """Writes down what goes."""
    with book.open("a") as file:
        file.write(f"{args.name} {args.old_inputs['name']}\n")


hook = pulumi.ResourceHook("write", write)
networking.Network(
    "net",
    name="mourned",
    opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_delete=[hook])),
)
