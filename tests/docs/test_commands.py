"""docs/cli.md names every command with every option and nothing else; other pages name only what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from controller.cli.commands import app
from controller.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-o)(?![\w-])")


def commands() -> dict[str, Any]:
    """Every command of the product by its words."""
    return dict(_walk(typer.main.get_command(app), ()))


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield " ".join(words), command
        return
    for name, below in command.commands.items():
        yield from _walk(below, (*words, name))


def options_of(command: Any) -> set[str]:
    """The names that options are typed by; -o stands for --output."""
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    return {"-o" if "-o" in one.opts else one.opts[0] for one in options}


def arguments_of(command: Any) -> list[str]:
    """The arguments that must be given, as usage shows them."""
    given = [one for one in command.params if one.param_type_name == "argument" and one.required]
    return [(one.metavar or one.name).upper() for one in given]


def typed_in(page: Path, known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each line of an indented block that types a command: the command's words and the rest."""
    for line in page.read_text(encoding="utf-8").splitlines():
        found = re.match(r"^ {4,}(?:\S*/)?yunguan (.+)$", line)
        if found is None:
            continue
        text = re.split(r" {2,}#", found[1])[0]
        name = next((name for name in known if text == name or text.startswith(f"{name} ")), None)
        assert name is not None, f"{page.name}: there is no command `yunguan {text}`"
        yield name, text.removeprefix(name)


def test_the_page_of_the_command_line_and_the_commands_are_the_same() -> None:
    known = commands()
    described = dict(typed_in(ROOT / "docs" / "cli.md", known))
    assert described.keys() == known.keys()


@pytest.mark.parametrize("name", commands())
def test_a_command_is_described_with_all_its_words(name: str) -> None:
    known = commands()
    rest = dict(typed_in(ROOT / "docs" / "cli.md", known))[name]
    assert set(OPTION.findall(rest)) == options_of(known[name])
    required = {one.opts[0] for one in known[name].params if one.param_type_name == "option" and one.required}
    assert set(OPTION.findall(re.sub(r"\[[^]]*\]", "", rest))) == required
    plain = re.sub(r"\[[^]]*\]|--\S+ \S+", "", rest).split()
    assert plain == arguments_of(known[name])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_types_only_commands_and_options_that_there_are(page: Path) -> None:
    known = commands()
    for name, rest in typed_in(page, known):
        assert set(OPTION.findall(rest)) <= options_of(known[name]), f"yunguan {name}{rest}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_settings_that_there_are(page: Path) -> None:
    settings = {f"YUNGUAN_{name.upper()}" for name in Settings.model_fields} | {"YUNGUAN_USER"}
    named = set(re.findall(r"\bYUNGUAN_[A-Z_]+[A-Z]\b", page.read_text(encoding="utf-8")))
    assert named <= settings


def test_the_readme_has_every_setting() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`YUNGUAN_{name.upper()}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_leads_only_to_files_that_there_are(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
