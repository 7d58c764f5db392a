"""The package `parts`, which serves a provider of its own: a till, and what can be asked of it."""

import sys
from typing import Any

import pulumi
from pulumi.provider import CallResult, CheckFailure, ConstructResult, Provider
from pulumi.provider.server import main


class Parts(Provider):
    def __init__(self) -> None:
        super().__init__("1.0.0")

    def construct(self, name: str, resource_type: str, inputs: Any, options: Any = None) -> ConstructResult:
        till = pulumi.ComponentResource(resource_type, name, {}, options)
        return ConstructResult(till.urn, {})

    def call(self, token: str, args: Any) -> CallResult:
        match token.rpartition("/")[2]:
            case "refuse":
                return CallResult({}, [CheckFailure("coin", "it is bent")])
            case "break":
                raise ValueError(f"the till is jammed: {pulumi.Config('methods').get('why')}")
        coin, word = args["coin"], args["word"]
        pulumi.CustomResource("t:m:Thing", "drawer", {"word": word})
        return CallResult(
            {
                "coin": coin,
                "plain": args["plain"],
                "till": args["__self__"],
                "seen": pulumi.Output.all(word=word.is_secret(), ends=word.apply(lambda text: text[-2:])),
            }
        )


if __name__ == "__main__":
    main(Parts(), sys.argv[1:])
