"""A network whose hook waits for ever, the first time; that it does tells the file that the setting `book` names."""

from __future__ import annotations

import threading
from pathlib import Path

import pulumi
from pulumi_openstack import networking

book = Path(pulumi.Config().require("book"))


def wait(_: pulumi.ResourceHookArgs) -> None:
    """Waits, unless it did so before."""
    if not book.exists():
        book.touch()
        threading.Event().wait()


networking.Network(
    "net",
    name="hesitating",
    opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("wait", wait)])),
)
