"""The resources that the setting `resources` lists, in JSON; see `Shape` in ../shapes.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult


class Provider(ResourceProvider):
    """`value` changes in place, `fixed` by a replace, `first` by one that deletes first. Calls go to the file `log`."""

    def __init__(self, log: str) -> None:
        super().__init__()
        self.log = log

    def create(self, props: dict[str, Any]) -> CreateResult:
        self._write("create", props["name"])
        made = sum(line == f"create {props['name']}" for line in Path(self.log).read_text().splitlines())
        return CreateResult(f"{props['name']}-{made}", {**props, "made": made})

    def diff(self, id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        changed = {key for key in ("value", "fixed", "first", "uses") if olds.get(key) != news.get(key)}
        return DiffResult(
            changes=bool(changed),
            replaces=sorted(changed & {"fixed", "first"}),
            delete_before_replace="first" in changed,
        )

    def update(self, id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        self._write("update", id)
        return UpdateResult({**news, "made": olds["made"]})

    def delete(self, id: str, props: dict[str, Any]) -> None:
        self._write("delete", id)

    def _write(self, *words: str) -> None:
        with Path(self.log).open("a") as log:
            log.write(" ".join(words) + "\n")


class Thing(Resource):
    """One of them."""

    made: pulumi.Output[int]


class Group(pulumi.ComponentResource):
    """What only holds others."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("shapes:index:Group", name, None, opts)


settings = pulumi.Config()
provider = Provider(settings.require("log"))
things: dict[str, pulumi.Resource] = {}
for shape in json.loads(settings.require("resources")):
    name, options = shape["name"], dict(shape["options"])
    for reference in ("parent", "deleted_with"):
        if reference in options:
            options[reference] = things[options[reference]]
    for references in ("depends_on", "replace_with"):
        if references in options:
            options[references] = [things[one] for one in options[references]]
    options["aliases"] = [pulumi.Alias(**alias) for alias in options.get("aliases", [])]
    opts = pulumi.ResourceOptions(**options)
    if shape["group"]:
        things[name] = Group(name, opts)
    else:
        inputs = {**shape["inputs"], "uses": [things[one].id for one in shape["uses"]]}
        things[name] = Thing(provider, name, {"name": name, "made": None, **inputs}, opts)
        pulumi.export(name, things[name].made)
