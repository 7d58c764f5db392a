"""Calls methods of a component that a package built, as a generated SDK would."""

from __future__ import annotations

import pulumi


class Till(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("parts:index:Till", name, {}, None, remote=True)


config = pulumi.Config()
till = Till("till")
coin = pulumi.CustomResource("t:m:Thing", "coin", {})
arguments = {"__self__": till, "coin": coin.id, "word": pulumi.Output.secret("hush"), "plain": 7}
answer = pulumi.runtime.call(f"parts:index:Till/{config.get('method') or 'pay'}", arguments, till)
pulumi.CustomResource("t:m:Thing", "receipt", {"coin": answer["coin"], "till": answer["till"]})
pulumi.export("plain", answer["plain"])
pulumi.export("seen", answer["seen"])
