"""Boundary: dynamic kinds on the SDK's own provider server, in a process of its own, with providers pickled here."""

from __future__ import annotations

import os
import signal
import stat
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import dynamic
from pulumi.dynamic.dynamic import serialize_provider

from controller.domain.errors import WrongUse
from controller.engine.program.launch import ENVIRONMENT
from controller.engine.program.source import ProgramSource
from controller.engine.properties import UNKNOWN, PropertyMap, Secret
from controller.engine.provider import Failure, Incomplete, Rejected, Scope, Uncertain
from controller.providers.dynamic.host import PROVIDER, DynamicHost
from controller.providers.dynamic.kind import DynamicKind
from controller.providers.openstack.connection import ProviderSettings
from controller.providers.registry import Registry

TOKEN = "pulumi-python:dynamic:Resource"


@dataclass(frozen=True)
class Held:
    id: str
    inputs: PropertyMap
    outputs: PropertyMap


@dataclass
class Serving:
    """A program's folder, the host on it, and what it told."""

    host: DynamicHost
    folder: Path
    lines: list[str] = field(default_factory=list)

    def kind(self, held: Held | None = None) -> DynamicKind:
        return DynamicKind(TOKEN, self.host, held)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    lines: list[str] = []
    config = {"desk:colour": "red", "desk:word": Secret("hush-hush")}
    with DynamicHost(ProgramSource(tmp_path, "desk"), lambda: config, lines.append) as host:
        yield Serving(host, tmp_path, lines)


def pickled(provider: type[dynamic.ResourceProvider]) -> Secret:
    """As the SDK pickles a provider of a program, whose classes are those of `__main__`."""
    for part in (provider, *(one for one in vars(provider).values() if callable(one))):
        part.__module__ = "__main__"
    return Secret(serialize_provider(provider()))


class Saying(dynamic.ResourceProvider):
    """Says of a difference what its input `says` asks for."""

    def diff(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        if _id != "thing-1" or _olds.get("made") is not True:
            raise ValueError(f"{_id} {_olds}")
        return dynamic.DiffResult(*news["says"])


@pytest.mark.parametrize(
    ("says", "changed", "expected", "first"),
    [
        ([None], {}, {}, False),
        ([None], {"size": 2}, {"size": False}, False),
        ([None, ["size"]], {"size": 2}, {"size": True}, False),
        ([None, ["size"]], {}, {}, False),
        ([False, ["size"]], {"size": 2}, {}, False),
        ([True], {}, {PROVIDER: False}, False),
        ([True, ["size"], None, True], {"size": 2, "name": "b"}, {"size": True, "name": False}, True),
        ([True, ["made"]], {}, {"made": True}, False),
    ],
)
def test_a_difference_is_what_the_provider_says(
    serving: Serving, says: list[Any], changed: dict[str, Any], expected: dict[str, bool], first: bool
) -> None:
    prior = {PROVIDER: pickled(Saying), "size": 1, "name": "a", "says": says}
    held = Held("thing-1", prior, {**prior, "made": True})
    diff = serving.kind(held).diff(prior, {}, {**prior, **changed})
    assert {name: change.replaces for name, change in diff.changes.items()} == expected
    assert diff.delete_before_replace is first


class Keeping(dynamic.ResourceProvider):
    """Needs the folder's module, tells what it was told, and fails as its input `how` asks for."""

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        self.colour = req.config.require("colour")

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        if news.get("how") == "weak":
            return dynamic.CheckResult(news, [dynamic.CheckFailure("text", f"{news['text']!r} is too weak")])
        return dynamic.CheckResult({**news, "name": _olds.get("name", "new")}, [])

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        print(f"makes {props.get('text')} with hush-hush")
        match props.get("how"):
            case "imports":
                return dynamic.CreateResult("imported", {"said": __import__("words").WORD})
            case "raises":
                raise RuntimeError(f"no {props['text']}")
            case "ends":
                os._exit(3)
            case "exits":
                raise SystemExit("enough")
            case "nameless":
                return dynamic.CreateResult(props.get("id"), {})
            case "sleeps":
                time.sleep(60)
            case "tells":
                return dynamic.CreateResult("told", {"prefix": __import__("sys").prefix, "seen": sorted(os.environ)})
        return dynamic.CreateResult("thing-1", {"colour": self.colour, "text": props.get("text")})

    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        return dynamic.ReadResult(id_ if id_ == "thing-1" else None, {**props, "read": True})

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        return dynamic.UpdateResult({"was": _olds["text"], "text": _news["text"]})


def test_a_resource_is_checked_made_read_and_changed(serving: Serving) -> None:
    inputs = {PROVIDER: pickled(Keeping), "text": Secret("mine-alone"), "parts": [Secret("one"), 2]}
    checked = serving.kind().check(inputs)
    assert checked.inputs == {**inputs, "name": "new"}
    assert not checked.failures
    made = serving.kind().create(None, checked.inputs, "yg-")
    assert made.id == "thing-1"
    assert made.outputs == {PROVIDER: inputs[PROVIDER], "colour": "red", "text": Secret("mine-alone")}
    assert "mine-alone" not in str(made.fields)
    held = Held(made.id, {**checked.inputs, "name": "kept"}, made.outputs)
    assert serving.kind(held).check(inputs).inputs["name"] == "kept"
    found = serving.kind(held).read(None, made.id, checked.inputs)
    assert found is not None
    assert found.outputs == {**made.outputs, "read": True}
    assert serving.kind(held).read(None, "another", checked.inputs) is None
    assert serving.kind(held).update(None, made.id, checked.inputs, {}) == found
    wanted = {**checked.inputs, "text": "anew"}
    changed = serving.kind(held).update(None, made.id, wanted, serving.kind(held).diff(inputs, {}, wanted).changes)
    assert (changed.outputs["was"], changed.outputs["text"]) == ("mine-alone", "anew")
    serving.kind(held).delete(None, made.id, checked.inputs)


def test_what_it_prints_is_told_without_secrets(serving: Serving) -> None:
    serving.kind().create(None, {PROVIDER: pickled(Keeping), "text": Secret("mine-alone")}, "yg-")
    serving.host.__exit__(None, None, None)
    assert serving.lines == ["makes [secret] with [secret]"]


def test_unknown_inputs_pass_and_a_provider_that_is_unknown_is_not_asked(serving: Serving) -> None:
    checked = serving.kind().check({PROVIDER: pickled(Keeping), "text": UNKNOWN})
    assert checked.inputs["text"] is UNKNOWN
    unknown = {PROVIDER: Secret(UNKNOWN), "text": "a"}
    assert serving.kind().check(unknown).inputs == unknown
    assert [failure.path for failure in serving.kind().check({"text": "a"}).failures] == [PROVIDER]


def test_a_provider_may_import_from_the_programs_folder_while_that_stands(serving: Serving) -> None:
    inputs = {PROVIDER: pickled(Keeping), "how": "imports"}
    with pytest.raises(Rejected, match="No module named 'words'"):
        serving.kind().create(None, inputs, "yg-")
    (serving.folder / "words.py").write_text("WORD = 'hello'\n")
    serving.host.__exit__(None, None, None)
    assert serving.kind().create(None, inputs, "yg-").outputs["said"] == "hello"


def test_what_raises_made_nothing_and_its_traceback_is_told(serving: Serving) -> None:
    inputs = {PROVIDER: pickled(Keeping), "how": "raises", "text": Secret("mine-alone")}
    with pytest.raises(Rejected, match=r"create raised RuntimeError: no \[secret\]"):
        serving.kind().create(None, inputs, "yg-")
    assert any(line.startswith("Traceback") for line in serving.lines)


def test_why_a_check_fails_is_told_without_secrets(serving: Serving) -> None:
    inputs = {PROVIDER: pickled(Keeping), "how": "weak", "text": Secret("mine-alone")}
    assert list(serving.kind().check(inputs).failures) == [Failure("text", "'[secret]' is too weak")]


def test_what_ends_itself_within_a_call_raises(serving: Serving) -> None:
    inputs = {PROVIDER: pickled(Keeping)}
    with pytest.raises(Rejected, match="create raised SystemExit: enough"):
        serving.kind().create(None, {**inputs, "how": "exits"}, "yg-")
    assert serving.kind().create(None, inputs, "yg-").id == "thing-1"


@pytest.mark.parametrize("id", [None, ""])
def test_a_create_without_an_id_is_refused(serving: Serving, id: str | None) -> None:
    with pytest.raises(Rejected, match="create gave no id"):
        serving.kind().create(None, {PROVIDER: pickled(Keeping), "how": "nameless", "id": id}, "yg-")


def test_what_does_not_answer_is_uncertain_and_the_next_call_is_served_anew(serving: Serving) -> None:
    inputs = {PROVIDER: pickled(Keeping)}
    with pytest.raises(Uncertain, match="create did not answer"):
        serving.kind().create(None, {**inputs, "how": "ends"}, "yg-")
    hasty = serving.kind()
    hasty.create_timeout = 0.5
    with pytest.raises(Uncertain, match="deadline"):
        hasty.create(None, {**inputs, "how": "sleeps"}, "yg-")
    assert serving.kind().create(None, inputs, "yg-").id == "thing-1"


def test_nothing_is_found_or_listed(serving: Serving) -> None:
    with pytest.raises(Incomplete):
        serving.kind().find(None, "yg-", {})
    with pytest.raises(Incomplete):
        next(serving.kind().list(None, Scope()))


def test_only_this_user_reaches_the_server_and_it_ends_with_its_host(serving: Serving) -> None:
    serving.kind().check({PROVIDER: pickled(Keeping)})
    running = serving.host._running
    assert running is not None
    assert stat.S_IMODE(running.folder.stat().st_mode) == stat.S_IRWXU
    sockets = {os.readlink(one) for one in Path(f"/proc/{running.process.pid}/fd").iterdir() if one.exists()}
    tables = [Path(f"/proc/{running.process.pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    listening = {f"socket:[{line.split()[9]}]" for table in tables for line in table.splitlines()[1:] if " 0A " in line}
    assert not sockets & listening
    assert running.process.stdin is not None
    running.process.stdin.close()
    assert running.process.wait(timeout=30) == -signal.SIGKILL, "it ends its whole group"
    serving.host.__exit__(None, None, None)
    assert not running.folder.exists()


def test_it_runs_under_the_programs_interpreter_and_sees_what_a_program_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUNGUAN_DATABASE_URL", "postgresql://hush")
    own = tmp_path / "own"
    venv.create(own, symlinks=True)
    [packages] = own.glob("lib/python3*/site-packages")
    (packages / "controllers.pth").write_text(str(Path(pulumi.__file__).parents[1]))
    source = ProgramSource(tmp_path, "desk", virtualenv=own)
    with DynamicHost(source, lambda: {"desk:colour": "red"}, print) as host:
        made = DynamicKind(TOKEN, host, None).create(None, {PROVIDER: pickled(Keeping), "how": "tells"}, "yg-")
    assert made.outputs["prefix"] == str(own)
    assert set(made.outputs["seen"]) - {"PULUMI_PROJECT", "LC_CTYPE"} <= set(ENVIRONMENT)


def test_an_interpreter_that_cannot_serve_is_named(tmp_path: Path) -> None:
    inputs = {PROVIDER: pickled(Keeping)}
    with (
        DynamicHost(ProgramSource(tmp_path, "desk", virtualenv=tmp_path / "gone"), dict, print) as host,
        pytest.raises(Rejected, match=r"cannot be started: .*gone/bin/python: No such file"),
    ):
        DynamicKind(TOKEN, host, None).check(inputs)
    binary = tmp_path / "empty" / "bin" / "python"
    binary.parent.mkdir(parents=True)
    binary.write_text("#!/bin/sh\nexit 1\n")
    binary.chmod(0o700)
    with (
        DynamicHost(ProgramSource(tmp_path, "desk", virtualenv=tmp_path / "empty"), dict, print) as host,
        pytest.raises(Rejected, match="it ended before it served"),
    ):
        DynamicKind(TOKEN, host, None).check(inputs)


def test_without_a_host_the_type_is_known_and_not_served() -> None:
    kind = Registry(ProviderSettings()).kind("pulumi-python:dynamic/desk:Note")
    assert not kind.data_bearing
    with pytest.raises(WrongUse, match="not served here"):
        kind.check({PROVIDER: "x"})
    assert kind not in Registry(ProviderSettings()).kinds()
