"""A project's folder and a stack's name → program, configuration, cloud; what is not understood is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.domain.errors import Refused, WrongUse
from controller.engine.program import passphrase
from controller.engine.program.passphrase import Passphrase
from controller.engine.program.project import Given, Project, load
from controller.engine.properties import Secret


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "__main__.py").touch()
    return tmp_path


def write(folder: Path, *, stack: Any = None, runtime: Any = "python", **project: Any) -> None:
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "shop", "runtime": runtime, **project}))
    if stack is not None:
        (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack))


def read(folder: Path, **given: Any) -> Project:
    return load(folder, "dev", Given(**given))


def test_settings_are_told_as_pulumi_tells_them(folder: Path) -> None:
    write(
        folder,
        config={
            "size": {"type": "integer", "default": 3},
            "zone": "gov",
            "other:key": {"value": [1, 2]},
            "hidden": {"secret": True, "default": "x"},
        },
        stack={"config": {"size": 5, "shop:on": True, "old:config:way": "1", "map": {"a": ["ü"]}}},
    )
    project = read(folder, plain={"zone": "internet"}, secret={"token": "hush"})
    assert dict(project.config) == {
        "shop:size": "5",
        "shop:on": "true",
        "old:way": "1",
        "shop:map": '{"a":["ü"]}',
        "shop:zone": "internet",
        "other:key": "[1,2]",
        "shop:hidden": Secret("x"),
        "shop:token": Secret("hush"),
    }
    assert project.secret_keys == {"shop:hidden", "shop:token"}
    assert project.plain_config["shop:token"] == "hush"


def test_a_stack_needs_no_file_and_may_name_its_cloud(folder: Path) -> None:
    write(folder)
    assert (read(folder).config, read(folder).cloud) == ({}, "")
    assert read(folder, plain={"openstack:cloud": "north"}).cloud == "north"


def test_secrets_of_its_file_open_with_the_passphrase(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "_ITERATIONS", 10)
    cipher = Passphrase.fresh("a long one")
    config = {"token": {"secure": cipher.encrypt("hush")}, "deep": {"a": [{"secure": cipher.encrypt("b")}, 1]}}
    write(folder, stack={"encryptionsalt": cipher.state, "config": config})
    opened = read(folder, passphrase="a long one").config
    assert opened == {"shop:token": Secret("hush"), "shop:deep": Secret('{"a":["b",1]}')}
    with pytest.raises(Refused, match="holds secrets"):
        read(folder)
    with pytest.raises(Refused, match="not that of the file"):
        read(folder, passphrase="another")
    write(folder, stack={"secretsprovider": "awskms://key", "config": config})
    with pytest.raises(Refused, match="encrypted by awskms"):
        read(folder, passphrase="a long one")


@pytest.mark.parametrize(
    ("project", "stack", "said"),
    [
        ({"backend": {"url": "x"}}, None, "backend"),
        ({}, {"environment": ["esc"]}, "environment"),
        ({"config": {"size": {"kind": "x"}}}, None, "kind"),
        ({"config": {"size": {"type": "integer"}, "more": {"type": "string"}}}, None, "shop:more, shop:size"),
        ({}, {"config": {"openstack:authUrl": "x"}}, "openstack:authUrl"),
        ({}, {"config": {"a:b:c": "x"}}, "no key"),
        ({}, {"config": ["x"]}, "no mapping"),
        ({"runtime": "nodejs"}, None, "nodejs"),
        ({"runtime": {"name": "python", "options": {"toolchain": "poetry"}}}, None, "toolchain"),
        ({"runtime": {"name": "python", "options": {"virtualenv": "none"}}}, None, "no virtualenv"),
        ({"main": "../elsewhere"}, None, "main"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(folder: Path, project: Any, stack: Any, said: str) -> None:
    write(folder, stack=stack, **project)
    with pytest.raises((Refused, WrongUse), match=said):
        read(folder)


def test_where_there_is_no_project_it_says_so(folder: Path) -> None:
    with pytest.raises(WrongUse, match="no Pulumi project here"):
        read(folder)
