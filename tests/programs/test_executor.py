"""The same folder in the hands of Pulumi's own command line: what is refused. What it does is shown in pulumi/."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from controller.domain.errors import WrongUse
from controller.store.engine import StackRow
from tests.programs.desk import HERE, Desk

VERBS = [["preview"], ["up", "--yes"], ["destroy", "--yes"]]


@pytest.mark.parametrize("words", VERBS)
def test_without_the_command_line_it_is_refused_with_a_remedy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = desk.type("program", *words, HERE / "counts", "--stack", "dev", "--executor", "pulumi")

    assert isinstance(result.exception, WrongUse)
    assert "no pulumi on PATH" in str(result.exception)
    assert "install" in str(result.exception)
    with desk.sessions() as session:
        assert session.scalars(select(StackRow)).all() == []


@pytest.mark.parametrize(
    "words", [["--config", "networks=1"], ["--secret", "a=HOME"], ["--give-up", "urn:x"], ["-o", "json"]]
)
def test_what_only_the_embedded_engine_knows_is_refused_by_name(desk: Desk, words: list[str]) -> None:
    result = desk.type("program", "up", HERE / "counts", "--stack", "dev", "--yes", "--executor", "pulumi", *words)

    assert isinstance(result.exception, WrongUse)
    assert str(result.exception).startswith(words[0])
