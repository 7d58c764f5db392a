"""Where programs lie, and what version they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.domain.errors import WrongUse
from controller.engine.program.run import run_program
from controller.engine.program.source import ProgramSource, program_version
from tests.engine.runs import PROGRAMS, Notes


def test_project_names_its_main_module(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\nmain: code\n")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "helpers.py").write_text("NAME = 'from-a-module-beside'\n")
    (tmp_path / "code" / "__main__.py").write_text(
        "import pulumi, helpers\npulumi.CustomResource('t:m:Thing', helpers.NAME, {})\n"
    )
    notes = Notes()
    run_program(ProgramSource.at(tmp_path), stack="s", config={}, registrar=notes, preview=False)
    assert "from-a-module-beside" in notes.registrations


@pytest.mark.parametrize(
    ("project", "message"),
    [
        (None, "no Pulumi project here"),
        ("name: p", "lacks a name or a runtime"),
        ("runtime: python", "lacks a name or a runtime"),
        ("[x]", "no mapping"),
        ("name: {", "cannot be read"),
        ("name: p\nruntime: {}", "lacks a name or a runtime"),
        ("name: p\nruntime: nodejs", "written in nodejs"),
        ("name: p\nruntime: {name: python, options: [virtualenv]}", "options is no mapping"),
    ],
)
def test_what_is_no_python_project_is_refused(tmp_path: Path, project: str | None, message: str) -> None:
    if project is not None:
        (tmp_path / "Pulumi.yaml").write_text(project)
    with pytest.raises(WrongUse, match=message):
        ProgramSource.at(tmp_path)


def test_a_project_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes("name: 城市\nruntime: python\n".encode("gb18030"))
    with pytest.raises(WrongUse, match="cannot be read"):
        ProgramSource.at(tmp_path)


def test_version_changes_with_the_program_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("one")
    source = ProgramSource.at(tmp_path)
    first = program_version(source)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_text("compiled")
    (tmp_path / ".hidden").write_text("editor's")
    assert program_version(source) == first
    (tmp_path / "more.py").write_text("")
    with_more = program_version(source)
    (tmp_path / "__main__.py").write_text("two")
    assert len({first, with_more, program_version(source)}) == 3


def test_another_sdk_in_the_programs_virtualenv_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("")
    packages = tmp_path / "own" / "lib" / "python3.11" / "site-packages"
    source = ProgramSource(tmp_path, "p", virtualenv=tmp_path / "own")
    versions = set()
    for release in ("3.1.0", "3.2.0"):
        about = packages / "pulumi.dist-info"
        about.mkdir(parents=True, exist_ok=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pulumi\nVersion: {release}\n")
        versions.add(program_version(source))
    assert len(versions) == 2


@pytest.mark.parametrize("name", ["a b", "城市", "a:b", ""])
def test_name_that_pulumi_does_not_allow_is_refused(name: str) -> None:
    with pytest.raises(WrongUse, match="no stack name"):
        run_program(ProgramSource.at(PROGRAMS / "broken"), stack=name, config={}, registrar=Notes(), preview=True)
