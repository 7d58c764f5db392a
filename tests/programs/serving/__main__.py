"""Notes on a shelf: dynamic resources with a module and name of their own, and a network that needs one."""

import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import pulumi
from pulumi import dynamic
from pulumi_openstack import networking


class Shelf(dynamic.ResourceProvider):
    """Keeps each note in a file; another `place` is another note, another text the same one changed."""

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        self.folder = Path(req.config.require("folder"))
        self.ending = req.config.get("ending") or ""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        shouts = str(news["text"]).isupper() or news["text"] in {"ahoy", "halt", "hey", "ho", "oi", "yo"}
        failures = [dynamic.CheckFailure("text", "must not shout")] if shouts else []
        return dynamic.CheckResult({**news, "shelf": news.get("shelf", "upper")}, failures)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        changed = [name for name in ("place", "text", "shelf") if olds[name] != news[name]]
        return dynamic.DiffResult(bool(changed), ["place"] if "place" in changed else [], [], True)

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        print(f"writes {props['text']}")
        if props["text"] == "leaves":
            sys.exit("out of ink")
        if props["text"] == "fails":
            raise OSError(f"no ink for {props['text']}")
        note = self.folder / f"{props['place']}-{secrets.token_hex(4)}"
        note.write_text(props["text"] + self.ending)
        if props["text"] == "hangs":
            os._exit(9)
        if props["text"] == "waits":
            note.write_text(str(os.getpid()))
            time.sleep(600)
        return dynamic.CreateResult(note.name, self._known(props))

    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        note = self.folder / id_
        return dynamic.ReadResult(id_, self._known(props)) if note.exists() else dynamic.ReadResult("", {})

    def update(self, id: str, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        (self.folder / id).write_text(news["text"] + self.ending)
        return dynamic.UpdateResult(self._known(news))

    def delete(self, id: str, _props: dict[str, Any]) -> None:
        (self.folder / id).unlink()

    def _known(self, props: dict[str, Any]) -> dict[str, Any]:
        return {**props, "length": len(props["text"])}


class Note(dynamic.Resource, module="desk", name="Note"):
    length: pulumi.Output[int]

    def __init__(self, name: str, text: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(Shelf(), name, {"place": name, "text": text, "length": None}, opts)


config = pulumi.Config()
words = config.require_object("words")
taken = config.get_object("taken") or {}
notes = {
    name: Note(
        name,
        config.require_secret("secret") if text == "secret" else text,
        pulumi.ResourceOptions(import_=taken.get(name)),
    )
    for name, text in words.items()
}
if notes:
    first = next(iter(notes.values()))
    network = networking.Network("network", name=pulumi.Output.concat("n-", first.length.apply(str)))
    pulumi.export("name", network.name)
pulumi.export("lengths", {name: note.length for name, note in notes.items()})
